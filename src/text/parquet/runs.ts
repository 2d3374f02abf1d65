import { refuse, whole } from "./refuse.ts";

/** A place in bytes; reading moves it. */
export interface Reader {
  readonly view: DataView;
  offset: number;
}

/** Integers of 7 bits a byte, the low ones first; at most 32 bits. */
function varint(reader: Reader): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = reader.view.getUint8(reader.offset++);
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  return refuse("a number of at most 5 bytes", "a longer one");
}

/**
 * Whether runs of equal values and groups of 8 packed ones make `count` values and no more than the
 * last group's rest: each is believed for as long as it claims to be.
 * @param length of the runs in bytes; without it, it stands before them
 * @throws DataError for one that is longer
 */
export function checkRuns(
  name: string,
  reader: Reader,
  width: number,
  count: number,
  length?: number,
): void {
  if (length === undefined) {
    whole(
      `bytes of runs of ${name}`,
      reader.view.getUint32(reader.offset, true),
      reader.view.byteLength - reader.offset - 4,
    );
    reader.offset += 4;
  }
  for (let left = count; left > 0; ) {
    const header = varint(reader);
    const isPacked = header % 2 === 1;
    const some = Math.floor(header / 2) * (isPacked ? 8 : 1);
    whole(`values of a run of ${name}`, some, isPacked ? 8 * Math.ceil(left / 8) + 504 : left);
    reader.offset += isPacked ? (some / 8) * width : Math.ceil(width / 8);
    left -= some;
  }
}

type Unpack = (reader: Reader, count: number, output: Int32Array) => void;

/**
 * Whether differences, and the texts that are made of them, are within the page's bytes.
 * @throws DataError for blocks, lengths and common beginnings that are not
 */
export function checkDeltas(
  name: string,
  reader: Reader,
  count: number,
  encoding: string,
  unpack: Unpack,
): void {
  const room = reader.view.byteLength;
  const lengths = (): Int32Array => {
    const start = { ...reader };
    varint(start);
    whole(`parts of a block of ${name}`, varint(start), room);
    const values = new Int32Array(count);
    unpack(reader, count, values);
    return values;
  };
  if (encoding === "DELTA_BINARY_PACKED") {
    const start = { ...reader };
    varint(start);
    whole(`parts of a block of ${name}`, varint(start), room);
    return;
  }
  const common = encoding === "DELTA_BYTE_ARRAY" ? lengths() : undefined;
  let [before, total] = [0, 0];
  for (const [i, own] of lengths().entries()) {
    const shared = whole(`bytes in common of ${name}`, common?.[i] ?? 0, before);
    whole(`bytes of a text of ${name}`, own, room);
    before = shared + own;
    total += before;
    if (total > 2 ** 24 + 64 * room) refuse(`texts of ${name} within bounds`, `${total} bytes`);
  }
}
