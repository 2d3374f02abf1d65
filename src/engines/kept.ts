/** What was made for keys, of which only the last used are kept. */
export interface Kept<Value> {
  /** What there is for a key, or what is made for it now. */
  get(key: string, make: () => Value): Value;
  /** Forgets a value, without dropping it. */
  delete(key: string): void;
  /** The one that was not asked for longest first. */
  values(): readonly Value[];
}

/**
 * @param most values that are kept
 * @param drop hears of each that is kept no longer
 */
export function keepLast<Value>(most: number, drop: (value: Value) => void): Kept<Value> {
  const held = new Map<string, Value>(); // in the order in which they were last asked for
  return {
    get(key, make) {
      const known = held.get(key);
      const value = known === undefined ? make() : known;
      held.delete(key);
      held.set(key, value);
      for (const [oldest, old] of held) {
        if (held.size <= most) break;
        held.delete(oldest);
        drop(old);
      }
      return value;
    },
    delete: (key) => void held.delete(key),
    values: () => [...held.values()],
  };
}
