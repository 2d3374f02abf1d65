/** What many tell and one hears, in the order in which it was told. */
export interface Channel<T> {
  tell(value: T): void;
  /** The next that was told; it waits for it. */
  hear(): Promise<T>;
}

export function channel<T>(): Channel<T> {
  let told: T[] = [];
  /** Heard of `told`. */
  let heard = 0;
  let wake: (() => void) | undefined;
  return {
    tell(value) {
      told.push(value);
      wake?.();
    },
    async hear() {
      while (heard === told.length) {
        [told, heard] = [[], 0];
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return told[heard++] as T;
    },
  };
}
