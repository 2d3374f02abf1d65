/**
 * Refuses options that nobody reads, so that a misspelt name is no silent default.
 * @param known every name that `op` reads
 * @throws TypeError naming the first stranger, and the names there are
 */
export function expectKnown(op: string, options: object, known: readonly string[]): void {
  const stranger = Object.keys(options).find((name) => !known.includes(name));
  if (stranger === undefined) return;
  throw new TypeError(`${op}: expected options of ${known.join(", ")}, got ${stranger}`);
}
