/** Whether a file holds Parquet: its first bytes are `PAR1`. */
export const isParquet = (bytes: Uint8Array): boolean =>
  [0x50, 0x41, 0x52, 0x31].every((byte, i) => bytes[i] === byte);
