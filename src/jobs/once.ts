/** Says each thing once in a row: a store that is away is asked again and again. */
export function sayOnce(warn: (error: Error) => void): (error: Error) => void {
  let last = "";
  return (error) => {
    if (error.message !== last) warn(error);
    last = error.message;
  };
}
