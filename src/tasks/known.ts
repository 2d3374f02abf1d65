/** @throws RangeError unless an option has one of the values that it can have */
export function expectKnown(where: string, value: string, known: readonly string[]): void {
  if (!known.includes(value))
    throw new RangeError(`${where}: expected one of ${known.join(", ")}, got ${value}`);
}
