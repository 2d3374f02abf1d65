/** A file with these tensors, laid out one behind the other. */
export function fileOf(
  rows: readonly (readonly [
    name: string,
    type: string,
    shape: readonly number[],
    bytes: Uint8Array,
  ])[],
): Uint8Array {
  let end = 0;
  const header = Object.fromEntries(
    rows.map(([name, dtype, shape, bytes]) => {
      const from = end;
      end += bytes.length;
      return [name, { dtype, shape, data_offsets: [from, end] }];
    }),
  );
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  let at = 8 + text.length;
  for (const [, , , bytes] of rows) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}
