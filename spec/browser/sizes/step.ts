import type { Engine } from "../../../src/engines/engine.ts";
import * as nn from "../../../src/nn/index.ts";
import { adamw } from "../../../src/optim/adamw.ts";
import { applyUpdates } from "../../../src/optim/optimizer.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { valueAndGrad } from "../../../src/tensor/grad.ts";
import { sizeOf } from "../../../src/tensor/shapes.ts";
import type { Tensor, TypedArray } from "../../../src/tensor/tensor.ts";
import { numbers } from "./models.ts";

/** Products large enough for kernels whose cells share what they fetch, cut along what they sum or not. */
const MODEL = {
  ...{ layers: 1, heads: 4, kvHeads: 2, headDim: 32, width: 128, hidden: 512 },
  ...{ vocabSize: 256, contextLength: 64, ropeTheta: 1e4, epsilon: 1e-5, tieEmbeddings: true },
};
const LENGTH = 64;

/**
 * Steps of AdamW on a small model, whose updates the kernels of products take along. @returns weights and
 * moments by name, after the second step: in the first a moment is a multiple of the gradient
 */
export async function stepResults(engine: Engine): Promise<Readonly<Record<string, TypedArray>>> {
  const model = nn.transformer(MODEL);
  const params: nn.Params = Object.fromEntries(
    Object.entries(model.shapes).map(([name, shape], i) => {
      const n = sizeOf(shape);
      const scale = 0.6 / Math.sqrt(shape[1] ?? 1);
      const data = shape.length === 1 ? new Float32Array(n).fill(1) : numbers(n, scale, i + 1);
      return [name, constant(data, shape)];
    }),
  );
  // Updates depend little on rounding: epsilon is as large as gradients are.
  const optimizer = adamw({ learningRate: 1e-2, epsilon: 1e-2 });
  const [tokens, labels] = [3, 5].map((factor) =>
    constant(
      Int32Array.from({ length: LENGTH }, (_, i) => (i * i * factor) % MODEL.vocabSize),
      [1, LENGTH],
    ),
  ) as [Tensor, Tensor];
  const step = engine.compile((p: nn.Params, state: ReturnType<typeof optimizer.init>) => {
    const [loss, gradients] = valueAndGrad((q: nn.Params) =>
      nn.crossEntropy(model.apply(q, tokens), labels),
    )(p);
    const [updates, next] = optimizer.update(gradients, state, p);
    return [loss, applyUpdates(p, updates), next] as const;
  });
  const [, first, state] = await step(params, optimizer.init(params));
  const [loss, weights, { mean, square }] = await step(first, state);
  const results: Record<string, TypedArray> = { loss: await engine.read(loss) };
  for (const [kind, tree] of Object.entries({ weights, mean, square }))
    for (const [name, x] of Object.entries(tree as nn.Params))
      results[`${kind} ${name}`] = await engine.read(x);
  return results;
}
