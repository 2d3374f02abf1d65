import { constant } from "../../tensor/apply.ts";
import { inParts, inUnits, type TensorParts } from "../../tensor/parts.ts";
import { at, sizeOf } from "../../tensor/shapes.ts";
import { type Codes, isStorageType, widen } from "../../tensor/storage/types.ts";
import { isConstant, type Tensor, type TypedArray } from "../../tensor/tensor.ts";
import { EMBEDDING, HEAD, type Params } from "../config.ts";
import type { AdapterLayer, AdapterLayout } from "./layout.ts";
import { moduleOf } from "./modules.ts";

/**
 * The base with an adapter worked into its weights: W + s·B·A, with DoRA brought to the trained
 * lengths. Sums are taken in float64 and rounded once to float32, in which the changed weights are;
 * the others are the base's own tensors. Where a tied head and its embedding differ from then on,
 * the head stands among the parameters.
 * @throws TypeError where a tensor is missing or not on the host
 */
export function mergeAdapter(layout: AdapterLayout, base: Params, adapter: Params): Params {
  const merged: Record<string, Tensor> = { ...base };
  if (layout.unties) merged[HEAD] = hostTensor(base, EMBEDDING);
  for (const [name, of] of Object.entries(layout.saved)) merged[of] = hostTensor(adapter, name);
  for (const [module, layer] of Object.entries(layout.layers)) {
    const name = `${module}.weight`;
    const weight = hostTensor(base, name);
    const merge = module === moduleOf(EMBEDDING) ? mergedEmbedding : mergedLinear;
    const rows = merge(weight.data, 0, at(weight.shape, 1), layer, adapter);
    merged[name] = constant(rows, weight.shape);
  }
  return merged;
}

/**
 * The same of one parameter, part by part.
 * @param base the parameter's, or of a head that is tied the embedding's
 */
export function mergedParts(
  { layers, saved }: AdapterLayout,
  name: string,
  base: TensorParts,
  adapter: Params,
): TensorParts {
  const [own] = Object.entries(saved).find(([, of]) => of === name) ?? [];
  if (own !== undefined) return inParts(hostTensor(adapter, own));
  const [module, layer] = Object.entries(layers).find(([of]) => `${of}.weight` === name) ?? [];
  if (!layer) return base;
  const merge = module === moduleOf(EMBEDDING) ? mergedEmbedding : mergedLinear;
  const { shape, dtype, kept } = base;
  const columns = at(shape, 1);
  return {
    ...{ shape, dtype, ...(kept && { kept }) },
    async *parts() {
      let row = 0;
      for await (const part of inUnits(base.parts(), columns, sizeOf(base.shape))) {
        yield merge(part, row, columns, layer, adapter);
        row += part.length / columns;
      }
    },
  };
}

/** Rows of a matrix: how they are merged, from a row on. */
type MergeRows = (
  data: TypedArray,
  from: number,
  columns: number,
  layer: AdapterLayer,
  adapter: Params,
) => Float32Array;

const mergedLinear: MergeRows = (data, from, columns, layer, adapter) => {
  const { names, rank, scale, dora } = layer;
  const rows = data.length / columns;
  const first = (layer.rows?.first ?? 0) + from;
  const [a, b] = [hostTensor(adapter, names.a).data, hostTensor(adapter, names.b).data];
  const magnitude = dora ? hostTensor(adapter, names.magnitude).data : undefined;
  const merged = new Float32Array(rows * columns);
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.set(data.subarray(row * columns, (row + 1) * columns));
    for (let r = 0; r < rank; r++)
      addTimes(sums, a, r * columns, scale * at(b, (first + row) * rank + r));
    if (magnitude) {
      const factor = at(magnitude, first + row) / Math.sqrt(squares(sums, 0, columns));
      for (let i = 0; i < columns; i++) sums[i] = (sums[i] as number) * factor;
    }
    merged.set(sums, row * columns);
  }
  return merged;
};

/** E + s·Aᵀ·Bᵀ, where E is [tokens, width], A [r, tokens] and B [width, r]. */
const mergedEmbedding: MergeRows = (data, from, width, { names, rank, scale }, adapter) => {
  const { data: a, shape } = hostTensor(adapter, names.a);
  const { data: b } = hostTensor(adapter, names.b);
  const [tokens, rows] = [at(shape, 1), data.length / width];
  const merged = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < width; c++) {
      let sum = data[row * width + c] as number;
      for (let r = 0; r < rank; r++)
        sum += scale * (a[r * tokens + from + row] as number) * (b[c * rank + r] as number);
      merged[row * width + c] = sum;
    }
  }
  return merged;
};

/** sums += factor · x, from a place of x on. */
function addTimes(sums: Float64Array, x: TypedArray, from: number, factor: number): void {
  for (let i = 0; i < sums.length; i++)
    sums[i] = (sums[i] as number) + factor * (x[from + i] as number);
}

function squares(x: ArrayLike<number>, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += (x[i] as number) ** 2;
  return sum;
}

/** ‖row‖ of each row of a matrix. */
export function rowLengths(matrix: ArrayLike<number>, rows: number): number[] {
  const columns = matrix.length / rows;
  return Array.from({ length: rows }, (_, row) =>
    Math.sqrt(squares(matrix, row * columns, (row + 1) * columns)),
  );
}

/**
 * A tied head's weight is the embedding; what is kept in a storage type is widened.
 * @throws TypeError where it is missing or not on the host
 */
export function hostTensor(params: Params, name: string): Tensor<"constant"> {
  const found = params[name] ?? (name === HEAD ? params[EMBEDDING] : undefined);
  if (!found) throw new TypeError(`lora: expected tensor ${name}, got none`);
  if (!isConstant(found))
    throw new TypeError(
      `lora: expected ${name} on the host, got a ${found.op} tensor; read it first`,
    );
  const { data, dtype, shape } = found;
  return isStorageType(dtype) ? constant(widen(dtype, data as Codes), shape) : found;
}
