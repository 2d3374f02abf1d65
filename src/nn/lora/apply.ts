import {
  add,
  div,
  gather,
  matmul,
  mul,
  slice,
  sqrt,
  square,
  stopGradient,
  sum,
  transpose,
} from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Params } from "../config.ts";
import { linear } from "../functions.ts";
import type { AdapterLayer } from "./layout.ts";

/**
 * x · (W + s·B·A)ᵀ + bias as x·Wᵀ + (s·x·Aᵀ)·Bᵀ, which forms no matrix of W's size; x · Wᵀ + bias
 * without an adapter. With DoRA the rows of W + s·B·A are brought to their trained lengths; the
 * lengths that they have are constants to the gradient.
 * @param params that hold the adapter's tensors
 * @param x [..., in]
 * @returns [..., out]
 */
export function adaptedLinear(
  layer: AdapterLayer | undefined,
  params: Params,
  x: Tensor,
  weight: Tensor,
  bias?: Tensor,
): Tensor {
  if (!layer) return linear(x, weight, bias);
  const { a, b, magnitude } = factors(layer, params);
  const low = linear(mul(linear(x, a), layer.scale), b);
  const y = add(linear(x, weight), low);
  const turned = magnitude ? mul(y, div(magnitude, rowNorms(layer, weight, a, b))) : y;
  return bias ? add(turned, bias) : turned;
}

/**
 * The embeddings of tokens, E[ids] + (s·(Aᵀ)[ids])·Bᵀ; E[ids] without an adapter.
 * @param ids int [...]
 * @param table [tokens, C]
 * @returns [..., C]
 */
export function adaptedGather(
  layer: AdapterLayer | undefined,
  params: Params,
  ids: Tensor,
  table: Tensor,
): Tensor {
  const h = gather(table, ids);
  if (!layer) return h;
  const { a, b } = factors(layer, params);
  return add(h, linear(mul(gather(transpose(a), ids), layer.scale), b));
}

/** ‖W + s·B·A‖ of each row, from ‖W‖² + 2s·⟨W·Aᵀ, B⟩ + s²·⟨B·(A·Aᵀ), B⟩: [out]. */
function rowNorms({ scale }: AdapterLayer, weight: Tensor, a: Tensor, b: Tensor): Tensor {
  const cross = matmul(weight, a, { transposeB: true }); // [out, r]
  const gram = matmul(b, matmul(a, a, { transposeB: true })); // [out, r]
  const changed = mul(b, add(mul(cross, 2 * scale), mul(gram, scale ** 2)));
  const squares = add(sum(square(weight), { axis: -1 }), sum(changed, { axis: -1 }));
  return stopGradient(sqrt(squares));
}

function factors(
  { names, rows, rank }: AdapterLayer,
  params: Params,
): { a: Tensor; b: Tensor; magnitude?: Tensor } {
  const [a, b, magnitude] = [params[names.a], params[names.b], params[names.magnitude]];
  if (!a || !b) throw new TypeError(`lora: expected tensor ${a ? names.b : names.a}, got none`);
  if (!rows) return { a, b, ...(magnitude && { magnitude }) };
  const { first, count } = rows;
  return {
    a,
    b: slice(b, [first, 0], [count, rank]),
    ...(magnitude && { magnitude: slice(magnitude, [first], [count]) }),
  };
}
