import { crc32c } from "../../src/logs/crc32c.ts";

/** A scalar or a text of an event file. */
export interface ReadValue {
  readonly step: number;
  readonly tag: string;
  readonly value?: number;
  readonly text?: string;
}

type Field = { readonly field: number; readonly value: bigint | Uint8Array };

/** The fields of a protocol buffer, by the wire format alone. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = BigInt(bytes[at++] as number);
      value |= (byte & 127n) << shift;
      shift += 7n;
      if (byte < 128n) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const kind = key & 7;
    const value = kind === 0 ? varint() : take(kind === 1 ? 8 : kind === 5 ? 4 : Number(varint()));
    yield { field: key >> 3, value };
  }
}

const bytesIn = (message: Uint8Array, field: number): Uint8Array[] =>
  [...fieldsOf(message)].flatMap((f) => (f.field === field ? [f.value as Uint8Array] : []));

const utf8 = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** Reads an event file as TensorBoard does: checks both checksums of every record. */
export function readEvents(file: Uint8Array): ReadValue[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const values: ReadValue[] = [];
  const expectSum = (from: number, length: number): void => {
    const masked = view.getUint32(from + length, true);
    const rotated = (masked - 0xa282ead8) >>> 0;
    const sum = ((rotated >>> 17) | (rotated << 15)) >>> 0;
    if (sum !== crc32c(file.subarray(from, from + length))) throw new Error(`checksum at ${from}`);
  };
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expectSum(at, 8);
    expectSum(at + 12, length);
    const event = file.subarray(at + 12, at + 12 + length);
    at += 16 + length;
    const step = [...fieldsOf(event)].find(({ field }) => field === 2)?.value ?? 0n;
    for (const summary of bytesIn(event, 5))
      for (const value of bytesIn(summary, 1)) {
        const [simple] = bytesIn(value, 2);
        const [tensor] = bytesIn(value, 8);
        values.push({
          ...{ step: Number(step), tag: utf8(bytesIn(value, 1)[0]) },
          ...(simple && {
            value: new DataView(simple.buffer, simple.byteOffset, 4).getFloat32(0, true),
          }),
          ...(tensor && { text: utf8(bytesIn(tensor, 8)[0]) }),
        });
      }
  }
  return values;
}
