/**
 * A value as JSON that depends on nothing but the value: the keys of objects are sorted, and fields
 * that are undefined are left out, as JSON.stringify does.
 * @throws TypeError for numbers that JSON does not know: two of them would look alike
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (typeof inner === "number" && !Number.isFinite(inner))
      throw new TypeError(`canonicalJson: expected finite numbers, got ${inner} at ${key}`);
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
