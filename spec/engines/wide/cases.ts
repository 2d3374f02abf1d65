import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { inOrder } from "../../../src/nn/sequence.ts";
import { apply } from "../../../src/tensor/apply.ts";
import * as ops from "../../../src/tensor/ops.ts";
import * as random from "../../../src/tensor/random.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { Shape, Tensor } from "../../../src/tensor/tensor.ts";

const x = (shape: Shape, seed = 0): Tensor => random.normal(random.key(seed), shape);
const ids = (shape: Shape, below: number): Tensor =>
  random.integers(random.key(5), shape, 0, below);
const attrs = { epsilon: 1e-5 };

/** [batch, m, k, n]: whole groups of four or not, cut along k, many rows. */
const products = [
  [1, 8, 64, 256],
  [1, 64, 1024, 64],
  [1, 64, 192, 36],
  [1, 256, 64, 256],
  [3, 20, 48, 40],
  [1, 576, 20, 516],
  [2, 36, 512, 68],
  [2, 33, 64, 64],
  [2, 64, 31, 64],
  [2, 64, 64, 30],
] as const;

/** Lengths that are multiples of four, and tensors large enough for kernels of several steps. */
export const wideCases: Readonly<Record<string, readonly Tensor[]>> = {
  matmul: products.flatMap(([batch, m, k, n]) =>
    [0, 1, 2, 3].map((flags) => {
      const [transposeA, transposeB] = [(flags & 1) > 0, flags > 1];
      const a = x([batch, ...(transposeA ? [k, m] : [m, k])]);
      const b = x([batch, ...(transposeB ? [n, k] : [k, n])], 1);
      return apply("matmul", [a, b], { transposeA, transposeB });
    }),
  ),
  sum: [
    ...[0, 1, 2].map((axis) => apply("sum", [x([40, 132, 16])], { axis })),
    ...[[4096], [1, 1003], [2, 1000]].map((shape) => ops.sum(x(shape), { axis: -1 })),
    ops.sum(x([1001, 20]), { axis: 0 }),
    ops.sum(x([130, 6]), { axis: 0 }),
  ],
  max: [0, 1, 2].map((axis) => apply("max", [x([8, 12, 16])], { axis })),
  argmax: [0, 1, 2].map((axis) => apply("argmax", [x([8, 12, 16])], { axis })),
  transpose: [
    ops.transpose(x([8, 12])),
    ops.transpose(x([4, 8, 3, 4, 16]), [2, 0, 3, 1, 4]),
    ops.transpose(x([4, 8, 12]), [1, 0, 2]),
  ],
  slice: [ops.slice(x([3, 8, 16]), [1, 4, 0], [2, 4, 16]), ops.slice(x([8, 16]), [0, 4], [8, 8])],
  pad: [ops.pad(x([4, 8]), [1, 4], [2, 8]), ops.pad(x([2, 4, 8]), [0, 3, 0], [0, 1, 0])],
  concat: [
    ops.concat([x([4, 8]), x([4, 4]), x([4, 16])], 1),
    ops.concat(
      Array.from({ length: 16 }, (_, i) => x([2, 4], i)),
      0,
    ),
    ops.concat(
      Array.from({ length: 16 }, (_, i) => x([2, 4 + (i % 3)], i)),
      1,
    ),
  ],
  broadcast: [
    ops.broadcastTo(x([8, 1]), [8, 12]),
    ops.broadcastTo(x([12]), [8, 12]),
    ops.broadcastTo(x([4, 1, 8]), [4, 6, 8]),
  ],
  gather: [ops.gather(x([32, 16]), ids([4, 20], 32)), ops.gather(x([32, 6]), ids([80], 32))],
  scatterAdd: [
    ops.scatterAdd(ids([4, 20], 32), x([4, 20, 16]), 32),
    ops.scatterAdd(ids([81], 32), x([81, 6]), 32),
  ],
  softmax: [x([6, 64]), x([1100, 8])].flatMap((z) => [ops.softmax(z), ops.logSoftmax(z)]),
  softmaxGrad: [
    apply("softmaxGrad", [x([6, 64]), ops.softmax(x([6, 64], 1))], {}),
    apply("logSoftmaxGrad", [x([6, 64]), ops.logSoftmax(x([6, 64], 1))], {}),
  ],
  causalSoftmax: [
    apply("causalSoftmax", [x([3, 16, 16])], { scale: 0.25 }),
    apply("causalSoftmaxGrad", [x([3, 16, 16]), x([3, 16, 16], 1)], { scale: 0.25 }),
  ],
  /** Of so many queries, products large enough to be made of several kernels; of few, none. */
  rangeAttention: ([24, 40, 3] as const).map((T) => {
    const keys = (seed: number): Tensor => x([2, 2, 40, 16], seed);
    const slots = inOrder(2, T);
    const inputs = [x([2, 4, T, 16]), keys(1), keys(2), slots, slots] as const;
    return apply("rangeAttention", inputs, { scale: 0.25, softcap: null, window: 8 });
  }),
  rmsNorm: [
    apply("rmsNorm", [x([200, 16]), x([16], 1)], attrs),
    apply("rmsNormGradX", [x([200, 16]), x([200, 16], 1), x([16], 2)], attrs),
    apply("rmsNormGradGain", [x([200, 16]), x([200, 16], 1)], attrs),
  ],
  rope: [true, false].map((inverse) =>
    apply("rope", [x([2, 3, 8, 16]), x([8, 8], 1), x([8, 8], 2)], { inverse }),
  ),
  crossEntropy: [
    apply("crossEntropy", [x([20, 64]), ids([20], 64)], {}),
    apply("crossEntropyGrad", [x([20]), x([20, 64], 1), ids([20], 64)], {}),
  ],
  anchoredKl: [
    apply("anchoredKl", [ops.logSoftmax(x([20, 64])), x([20, 64], 1)], {}),
    apply("anchoredKlGrad", [x([20]), ops.logSoftmax(x([20, 64])), x([20, 64], 1)], {}),
  ],
  elementwise: [
    apply("adamwUpdate", [x([50, 20]), x([50, 20], 1), ops.square(x([50, 20], 2)), x([3], 3)], {
      epsilon: 1e-3,
      weightDecay: 0.1,
    }),
    ops.gelu(x([50, 20])),
    apply("swiglu", [x([50, 20]), x([50, 20], 1)], {}),
  ],
};

/**
 * How far an engine is from the reference on an operation's cases, relative to the largest number of
 * each; a result of another length is infinitely far.
 * @param every only every so many-th case is computed
 */
export async function errorsOnWide(
  engine: Engine,
  operation: string,
  every = 1,
): Promise<number[]> {
  await using reference = await createEngine({ backend: "reference" });
  const cases = wideCases[operation] as readonly Tensor[];
  const nodes = cases.filter((_, i) => i % every === 0);
  const [got, want] = await Promise.all([engine.run(() => nodes), reference.run(() => nodes)]);
  return want.map(({ data, shape }, i) => {
    const own = at(got, i);
    if (own.data.length !== data.length || `${own.shape}` !== `${shape}`) return Infinity;
    let scale = 1e-3;
    let worst = 0;
    data.forEach((v, j) => {
      scale = Math.max(scale, Math.abs(v));
      const error = Math.abs(v - at(own.data, j));
      if (!(error <= worst)) worst = error;
    });
    return worst / scale;
  });
}
