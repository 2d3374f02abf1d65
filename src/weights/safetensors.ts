import { constant } from "../tensor/apply.ts";
import { DataError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shapes.ts";
import type { DType, Shape, Tensor, TypedArray } from "../tensor/tensor.ts";

/** Host tensors by name, with free text about them. */
export interface Weights {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

type Stored = "F32" | "F64" | "I32";

interface Kind {
  readonly bytes: number;
  readonly dtype: DType;
  readonly view: (buffer: ArrayBuffer) => TypedArray;
}

const kinds: Readonly<Record<Stored, Kind>> = {
  F32: { bytes: 4, dtype: "float", view: (buffer) => new Float32Array(buffer) },
  F64: { bytes: 8, dtype: "float", view: (buffer) => new Float64Array(buffer) },
  I32: { bytes: 4, dtype: "int", view: (buffer) => new Int32Array(buffer) },
};

const storedKind = (data: TypedArray): Stored =>
  data instanceof Float32Array ? "F32" : data instanceof Float64Array ? "F64" : "I32";

const HEADER_LENGTH_BYTES = 8;

/**
 * Writes the safetensors format: the header's length (8 bytes, little-endian), a JSON header,
 * then the numbers, little-endian and row-major.
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors({ tensors, metadata }: Weights): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, tensor] of Object.entries(tensors)) {
    const start = end;
    end += tensor.data.byteLength;
    header[name] = {
      dtype: storedKind(tensor.data),
      shape: tensor.shape,
      data_offsets: [start, end],
    };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // The format asks for numbers that start at a multiple of 8; spaces may fill the header up.
  const length = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(HEADER_LENGTH_BYTES + length + end).fill(0x20);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(text, HEADER_LENGTH_BYTES);
  let offset = HEADER_LENGTH_BYTES + length;
  for (const { data } of Object.values(tensors)) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return file;
}

/**
 * Reads the safetensors format: F32, F64 and I32 tensors.
 * @param path where the bytes come from, for messages
 * @throws DataError with the path, the byte offset and what was expected
 */
export function decodeSafetensors(file: Uint8Array, path: string): Weights {
  const fail: Fail = (offset, expected, got) => {
    throw new DataError(`${path}: byte ${offset}: expected ${expected}, got ${got}`);
  };
  if (file.length < HEADER_LENGTH_BYTES)
    fail(0, `a header length of ${HEADER_LENGTH_BYTES} bytes`, `a file of ${file.length} bytes`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const start = HEADER_LENGTH_BYTES + length;
  if (start > file.length)
    fail(
      0,
      `a header that ends within the file of ${file.length} bytes`,
      `a header of ${length} bytes`,
    );

  const header = parseHeader(file.subarray(HEADER_LENGTH_BYTES, start), fail);
  const numbers = file.subarray(start);
  const { __metadata__: metadata = {}, ...rows } = header;
  if (!isTexts(metadata))
    return fail(HEADER_LENGTH_BYTES, "__metadata__ of strings", JSON.stringify(metadata));
  const entries = Object.entries(rows).map(([name, row]) => readRow(name, row, fail));
  checkLayout(entries, numbers.length, start, fail);
  const tensors = Object.fromEntries(
    entries.map(({ name, kind, shape, from, to }) => {
      const copy = new Uint8Array(numbers.subarray(from, to)).buffer;
      return [name, constant(kinds[kind].view(copy), shape)];
    }),
  );
  return { tensors, metadata };
}

type Fail = (offset: number, expected: string, got: string) => never;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isTexts = (value: unknown): value is Record<string, string> =>
  isRecord(value) && Object.values(value).every((text) => typeof text === "string");

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  const text = new TextDecoder().decode(bytes);
  try {
    const header: unknown = JSON.parse(text);
    return isRecord(header)
      ? header
      : fail(HEADER_LENGTH_BYTES, "a JSON object", text.slice(0, 40));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail(HEADER_LENGTH_BYTES, "a header in JSON", error.message);
  }
}

interface Row {
  readonly name: string;
  readonly kind: Stored;
  readonly shape: Shape;
  /** Bytes, counted from the end of the header. */
  readonly from: number;
  readonly to: number;
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

function readRow(name: string, row: unknown, fail: Fail): Row {
  const here = (expected: string, got: unknown): never =>
    fail(HEADER_LENGTH_BYTES, `${expected} for ${name}`, JSON.stringify(got));
  if (!isRecord(row)) return here("dtype, shape and data_offsets", row);
  const { dtype: kind, shape, data_offsets: offsets } = row;
  if (kind !== "F32" && kind !== "F64" && kind !== "I32")
    return here("dtype F32, F64 or I32", kind);
  if (!isCounts(shape)) return here("a shape of counts", shape);
  if (!isCounts(offsets) || offsets.length !== 2) return here("two data_offsets", offsets);
  const [from, to] = offsets as [number, number];
  const bytes = sizeOf(shape) * kinds[kind].bytes;
  if (to - from !== bytes) return here(`data_offsets ${bytes} bytes apart`, offsets);
  return { name, kind, shape, from, to };
}

/** The format forbids holes, overlaps and bytes left over. */
function checkLayout(rows: readonly Row[], bytes: number, start: number, fail: Fail): void {
  let end = 0;
  for (const { name, from, to } of rows.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end)
      fail(start + end, `the numbers of ${name} here`, `them at byte ${start + from}`);
    end = to;
  }
  if (end !== bytes) fail(start + end, "the end of the file", `an end at byte ${start + bytes}`);
}
