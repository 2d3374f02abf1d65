import { constant } from "../tensor/apply.ts";
import { PART, type TensorParts } from "../tensor/parts.ts";
import { sizeOf } from "../tensor/shapes.ts";
import { blockOf, codesOf } from "../tensor/storage/types.ts";
import type { DType, Shape, StorageType, Tensor, TypedArray } from "../tensor/tensor.ts";
import { type StoredType, storedTypes } from "./dtypes.ts";
import { refusing, show } from "./refuse.ts";
import { borrow, giveBack } from "./scratch.ts";
import { type RangeReader, type Rows, rowsOf } from "./weightFile.ts";

/** Where a tensor lies in a file. */
export interface Place {
  readonly type: StoredType;
  readonly shape: Shape;
  /** The file's byte where its numbers begin. */
  readonly from: number;
}

/** How numbers are kept: some of them together in some bytes. */
export interface Coding {
  readonly block: number;
  /** Bytes of a block. */
  readonly bytes: number;
  readonly dtype: DType;
  /** Memory as the numbers that they become. */
  readonly view: (bytes: Uint8Array) => TypedArray;
  /** Absent where the bytes are the numbers. @returns the first number that does not fit, or -1 */
  readonly decode?: (bytes: Uint8Array, into: TypedArray) => number;
}

/** Numbers that lie one after the other in a file. */
export interface FileSpan {
  /** The file's byte where the first begins. */
  readonly from: number;
  /** Numbers of whole blocks. */
  readonly count: number;
  /** Names them in messages. */
  readonly path: string;
  readonly name: string;
}

/** A tensor that is kept row-major, without holes, in parts. @throws RangeError for other rows */
export function streamPlace(
  file: RangeReader,
  path: string,
  name: string,
  { type, shape, from }: Place,
  rows?: Rows,
): TensorParts {
  const wanted = rowsOf(shape, rows, name);
  const { bytes, dtype } = storedTypes[type];
  const first = from + (rows?.[0] ?? 0) * sizeOf(shape.slice(1)) * bytes;
  const span = { from: first, count: sizeOf(wanted), path, name };
  const kept = type === "BF16" ? "bf16" : type === "F16" ? "f16" : undefined;
  return {
    ...{ shape: wanted, dtype, ...(kept && asCodes(file, span, kept)) },
    parts: () => numbersIn(file, span, { block: 1, ...storedTypes[type] }, unfit(type)),
  };
}

/** A span's bytes as the codes that they are. */
export const asCodes = (
  file: RangeReader,
  span: FileSpan,
  dtype: StorageType,
): Pick<TensorParts, "kept" | "codes"> => ({
  kept: dtype,
  codes: () =>
    numbersIn(file, span, { ...blockOf(dtype), dtype, view: (bytes) => codesOf(dtype, bytes) }),
});

/** What was expected of a number that does not fit, and what it is. */
type Unfit = readonly [expected: string, got: string];

const unfit = (type: StoredType): Unfit => [
  type === "BOOL" ? "0 or 1" : "numbers of int32",
  `another one of type ${type}`,
];

/** The numbers of a span, part by part. @throws DataError where the file has become shorter */
export async function* numbersIn(
  file: RangeReader,
  span: FileSpan,
  { block, bytes, view, decode }: Coding,
  unfit?: Unfit,
): AsyncGenerator<TypedArray> {
  const most = Math.min(PART, span.count);
  const memory = borrow((most / block) * bytes);
  const numbers = borrow(decode ? most * view(new Uint8Array(8)).BYTES_PER_ELEMENT : 0);
  try {
    for (let start = 0; start < span.count; start += most) {
      const length = Math.min(most, span.count - start);
      const at = span.from + (start / block) * bytes;
      const stored = await bytesAt(
        file,
        at,
        new Uint8Array(memory, 0, (length / block) * bytes),
        span,
      );
      if (decode) {
        const part = view(new Uint8Array(numbers)).subarray(0, length);
        expectFit(decode(stored, part), at, bytes, span, unfit);
        yield part;
      } else yield view(stored);
    }
  } finally {
    giveBack(memory);
    giveBack(numbers);
  }
}

/** Bytes of a file, aligned for numbers of every type. */
async function bytesAt(
  file: RangeReader,
  at: number,
  into: Uint8Array,
  { path, name }: FileSpan,
): Promise<Uint8Array> {
  const got = await file.read(at, into.length, into);
  if (got.length !== into.length)
    refusing(path)(
      at,
      `${into.length} bytes of ${show(name)}`,
      `${got.length}: the file was cut short while it was read`,
    );
  return got.byteOffset % 8 === 0 ? got : new Uint8Array(got);
}

function expectFit(
  bad: number,
  at: number,
  bytes: number,
  { path, name }: Pick<FileSpan, "path" | "name">,
  [expected, got]: Unfit = ["numbers", "others"],
): void {
  if (bad >= 0) refusing(path)(at + bad * bytes, `${expected} in ${show(name)}`, got);
}

/** The same of a file in memory, at once. */
export function decodePlace(
  file: Uint8Array,
  path: string,
  name: string,
  { type, shape, from }: Place,
): Tensor<"constant"> {
  const { bytes, view, decode } = storedTypes[type];
  const count = sizeOf(shape);
  const copy = new Uint8Array(file.subarray(from, from + count * bytes));
  if (!decode) return constant(view(copy), shape);
  const out = view(new Uint8Array(count * view(new Uint8Array(8)).BYTES_PER_ELEMENT));
  expectFit(decode(copy, out), from, bytes, { path, name }, unfit(type));
  return constant(out, shape);
}
