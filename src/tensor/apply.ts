import { DataError, ShapeError } from "./errors.ts";
import { expectKnown } from "./options.ts";
import { dtypeRule, shapeRules } from "./shapeRules.ts";
import { at, checkLengths, sizeOf } from "./shapes.ts";
import { type Codes, checkCodes } from "./storage/types.ts";
import {
  type Attrs,
  type DType,
  type HostTensor,
  type Inputs,
  type Makes,
  type PrimitiveName,
  type Shape,
  type StorageType,
  Tensor,
  type TypedArray,
} from "./tensor.ts";
import { isPrimitive } from "./traits.ts";

/** Describes one primitive. @throws ShapeError, TypeError on the caller's line. */
export function apply<K extends PrimitiveName>(
  op: K,
  inputs: Inputs<K>,
  attrs: Attrs<K>,
): Tensor<PrimitiveName, Makes<K>> {
  const rule = shapeRules[op] as (inputs: readonly Tensor[], attrs: Attrs<K>) => Shape;
  const shape = checkLengths(op, rule(inputs, attrs));
  const dtype = dtypeRule(op, inputs, attrs) as Makes<K>;
  return new Tensor<PrimitiveName, Makes<K>>(op, shape, dtype, inputs, attrs);
}

/** The same operation on other inputs. @throws TypeError for a leaf, which has none; ShapeError */
export function rebuild(node: Tensor, inputs: readonly Tensor[]): Tensor {
  if (isPrimitive(node)) return apply(node.op, inputs, node.attrs);
  throw new TypeError(`rebuild: expected an operation, got ${node.op}`);
}

/** Numbers in lists of lists of equal lengths, as `tensor` takes them: the depth is the rank. */
export type NestedNumbers = number | readonly NestedNumbers[];

/** Not by the array's own `slice`: a Buffer's makes a view. */
const copyOf = (data: TypedArray): TypedArray => Float32Array.prototype.slice.call(data);

/** How `tensor` takes a typed array. */
export interface TensorOptions {
  /**
   * false takes a typed array as it is, without a copy: for large ones that nobody writes to any
   * more. What is written to it later may or may not be seen. true by default.
   */
  readonly copy?: boolean;
}

/**
 * A constant tensor, which owns its numbers: writing to `values` afterwards changes nothing.
 * @param values nested arrays of numbers, or a typed array together with `shape`; an Int32Array
 *   makes int token ids, everything else float
 * @throws ShapeError where rows are ragged or the shape has another number of elements
 * @example tensor([[1, 2], [3, 4]]) // [2, 2]
 * @example tensor(weights, [4096, 4096], { copy: false }) // a view of 64 MB
 */
export function tensor(
  values: Int32Array,
  shape?: Shape,
  options?: TensorOptions,
): HostTensor<"int">;
export function tensor(
  values: NestedNumbers | Float32Array | Float64Array,
  shape?: Shape,
  options?: TensorOptions,
): HostTensor<"float">;
export function tensor(
  values: NestedNumbers | TypedArray,
  shape?: Shape,
  options?: TensorOptions,
): HostTensor<"float" | "int">;
export function tensor(
  values: NestedNumbers | TypedArray,
  shape?: Shape,
  options: TensorOptions = {},
): Tensor<"constant"> {
  expectKnown("tensor", options, ["copy"]);
  if (ArrayBuffer.isView(values)) expectNumberArray("tensor", values);
  const typed = ArrayBuffer.isView(values);
  const inferred = typed ? [values.length] : nestedShape(values);
  const data = typed ? asNumbers(values) : Float64Array.from(flatten(values, inferred));
  const wanted = checkLengths("tensor", shape ?? inferred);
  if (sizeOf(wanted) !== data.length)
    throw new ShapeError("tensor", `${sizeOf(wanted)} values`, [inferred]);
  return constant(data === values && options.copy !== false ? copyOf(data) : data, wanted);
}

/**
 * Small integers are floats here as any others, and only codes of storage types are kept in such
 * arrays.
 */
const asNumbers = (values: TypedArray): Float32Array | Float64Array | Int32Array =>
  values instanceof Int32Array || values instanceof Float32Array || values instanceof Float64Array
    ? values
    : Float64Array.from(values);

/**
 * int32 token ids from nested arrays, or from a typed array, of which there is one axis.
 * @throws ShapeError; TypeError for what is no array of numbers; DataError for a number that is no
 *   int32
 */
export function ids(values: NestedNumbers | TypedArray): HostTensor<"int"> {
  if (ArrayBuffer.isView(values)) expectNumberArray("ids", values);
  const shape = ArrayBuffer.isView(values) ? [values.length] : nestedShape(values);
  const numbers = ArrayBuffer.isView(values) ? values : flatten(values, shape);
  for (const x of numbers)
    if ((x | 0) !== x)
      throw new DataError(
        `ids: expected integers${Number.isInteger(x) ? " of 32 bits" : ""}, got ${x}`,
      );
  return constant(Int32Array.from(numbers), shape);
}

/** @throws TypeError for a view that has no numbers: a DataView, arrays of bigint */
function expectNumberArray(where: string, values: ArrayBufferView): void {
  if (
    values instanceof DataView ||
    values instanceof BigInt64Array ||
    values instanceof BigUint64Array
  )
    throw new TypeError(
      `${where}: expected a typed array of numbers, got ${values.constructor.name}`,
    );
}

/**
 * A constant of numbers as they are stored: it takes 2 bytes a number (bf16, f16) or 1.0625 (q8_0), on
 * the host and on the device. `cast` makes numbers of it, and all other operations refuse it.
 * @param codes bf16, f16: a Uint16Array, one for each number; q8_0: a Uint8Array, 34 bytes for each 32
 *   numbers along the last axis, an f16 scale and 32 int8, as in GGUF files. Row-major.
 * @throws TypeError for another kind of array; ShapeError for another number of codes, or where q8_0's
 *   blocks do not fill the last axis
 * @example
 * const table = engine.put(stored("bf16", codes, [49152, 576], { copy: false }));
 * const program = engine.compile((rows: Tensor) => gather(cast(table, "float"), rows));
 */
export function stored<D extends StorageType>(
  dtype: D,
  codes: Codes,
  shape: Shape,
  options: TensorOptions = {},
): HostTensor<D> {
  expectKnown("stored", options, ["copy"]);
  checkCodes("stored", dtype, codes, shape);
  return constant(options.copy === false ? codes : copyOf(codes), shape, dtype);
}

/**
 * A constant that is a view: whoever made the numbers hands them over, and writes no more.
 * @param dtype int of an Int32Array, else float, unless it is said
 */
export function constant(data: Int32Array, shape: Shape): HostTensor<"int">;
export function constant(data: Float32Array | Float64Array, shape: Shape): HostTensor<"float">;
export function constant<D extends DType>(data: TypedArray, shape: Shape, dtype: D): HostTensor<D>;
export function constant(data: TypedArray, shape: Shape, dtype?: DType): HostTensor;
export function constant(
  data: TypedArray,
  shape: Shape,
  dtype: DType = data instanceof Int32Array ? "int" : "float",
): Tensor<"constant"> {
  return new Tensor("constant", ownShape(shape), dtype, [], { data });
}

/** A constant of one repeated number. @throws TypeError for a value that is none; ShapeError */
export function full(shape: Shape, value: number): HostTensor<"float"> {
  if (typeof value !== "number")
    throw new TypeError(`full: expected a number, got ${describe(value)}`);
  if (shape.length === 0) return constant(Float64Array.of(value), SCALAR);
  let made: TypedArray | undefined;
  const attrs = {
    get data(): TypedArray {
      made ??= repeat(shape, value);
      return made;
    },
  };
  repeated.set(attrs, value);
  return new Tensor("constant", ownShape(shape), "float", [], attrs) as HostTensor<"float">;
}

/** Of the numbers in a formula, which make every other node of most graphs. */
const SCALAR: Shape = Object.freeze([]);
const ownShape = (shape: Shape): Shape =>
  shape === SCALAR ? shape : Object.freeze([...checkLengths("tensor", shape)]);

/** The numbers of the constants that repeat one. */
const repeated = new WeakMap<object, number>();

const repeat = (shape: Shape, value: number): TypedArray =>
  new Float64Array(sizeOf(shape)).fill(value);

/**
 * A constant's numbers for somebody who reads them once: those of `full` are made for this and not
 * kept. An optimizer's first state is twice the size of the parameters.
 */
export function numbersOnce({ attrs, shape }: Tensor<"constant">): TypedArray {
  const value = repeated.get(attrs);
  return value === undefined ? attrs.data : repeat(shape, value);
}

function nestedShape(values: NestedNumbers): number[] {
  const shape: number[] = [];
  for (let v = values; typeof v !== "number"; v = at(v, 0)) {
    shape.push(expectNumbers(v).length);
    if (v.length === 0) break;
  }
  return shape;
}

/** @throws TypeError for what is neither a number nor a list, whatever its type claims */
function expectNumbers<T extends NestedNumbers>(values: T): T {
  if (typeof values !== "number" && !Array.isArray(values))
    throw new TypeError(`tensor: expected numbers in nested arrays, got ${describe(values)}`);
  return values;
}

const describe = (value: unknown): string => {
  if (value instanceof Tensor) return "a tensor";
  return typeof value === "string" ? JSON.stringify(value) : `${value}`;
};

function flatten(values: NestedNumbers, shape: Shape): number[] {
  const out: number[] = [];
  const walk = (v: NestedNumbers, depth: number): void => {
    expectNumbers(v);
    if (typeof v === "number" ? depth !== shape.length : v.length !== shape[depth])
      throw new ShapeError("tensor", "rows of equal length", [shape]);
    if (typeof v === "number") out.push(v);
    else for (const row of v) walk(row, depth + 1);
  };
  walk(values, 0);
  return out;
}
