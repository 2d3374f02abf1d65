import type { Engine } from "../../../src/engines/engine.ts";
import * as nn from "../../../src/nn/index.ts";
import { constant, stored } from "../../../src/tensor/apply.ts";
import { valueAndGrad } from "../../../src/tensor/grad.ts";
import * as random from "../../../src/tensor/random.ts";
import { sizeOf } from "../../../src/tensor/shapes.ts";
import { round } from "../../../src/tensor/storage/types.ts";
import type { StorageType, Tensor, TypedArray } from "../../../src/tensor/tensor.ts";

/** SmolLM2-135M's shapes, but for the number of layers and the vocabulary. */
const SHAPES = {
  ...{ heads: 9, kvHeads: 3, headDim: 64, width: 576, hidden: 1536 },
  ...{ contextLength: 2048, ropeTheta: 1e5, epsilon: 1e-5, tieEmbeddings: true },
};
const TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

/** Numbers in [−1.73, 1.73) · scale, by a xorshift: `random` takes seconds for millions. */
export function numbers(n: number, scale: number, seed: number): Float32Array {
  const made = new Float32Array(n);
  let s = (seed * 2654435761) | 1;
  for (let i = 0; i < n; i++) {
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    made[i] = (s | 0) * (scale * 8.06e-10);
  }
  return made;
}

/** @param dtype how matrices are kept */
function weights(
  shapes: Readonly<Record<string, readonly number[]>>,
  dtype?: StorageType,
): nn.Params {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => {
      const n = sizeOf(shape);
      const scale = 0.6 / Math.sqrt(shape[1] ?? 1);
      const data = shape.length === 1 ? new Float32Array(n).fill(1) : numbers(n, scale, i + 1);
      const isStored = dtype !== undefined && shape.length > 1;
      return [name, isStored ? stored(dtype, round(dtype, data), shape) : constant(data, shape)];
    }),
  );
}

interface Sizes {
  readonly layers: number;
  readonly vocabSize: number;
  readonly length: number;
  /** How matrices are kept; in floats by default. */
  readonly dtype?: StorageType;
}

const idsBelow = (below: number, shape: readonly number[], seed: number): Tensor<"constant"> =>
  constant(
    Int32Array.from(numbers(sizeOf(shape), 1, seed), (x) => Math.floor(((x + 1.74) / 3.5) * below)),
    shape,
  );

/** What a model of SmolLM2-135M's width computes. @returns results by name */
export async function modelResults(
  engine: Engine,
  { layers, vocabSize, length, dtype }: Sizes,
): Promise<Readonly<Record<string, TypedArray>>> {
  const model = nn.transformer({ ...SHAPES, layers, vocabSize });
  const params = weights(model.shapes, dtype);
  const adapter = nn.lora({ rank: 8, alpha: 16, targets: TARGETS });
  const start = adapter.init(random.key(3), model, params);
  const low = Object.fromEntries(
    Object.entries(start).map(([name, x]) => [
      name,
      constant(numbers(sizeOf(x.shape), 0.02, 77), x.shape),
    ]),
  );
  const base = engine.put(params);
  const [tokens, labels] = [7, 9].map((seed) => idsBelow(vocabSize, [1, length], seed)) as [
    Tensor,
    Tensor,
  ];
  const prefill = engine.compile((p: nn.Params, t: Tensor, last: Tensor) =>
    model.prefill(p, t, last, length + 8),
  );
  const last = constant(Int32Array.of(length - 1), [1]);
  const first = await prefill(base, tokens, last);
  const decode = engine.compile(
    (p: nn.Params, cache: nn.Prefilled["cache"], next: nn.DecodeInputs) =>
      model.decode(p, cache, next),
  );
  const own = constant(Int32Array.of(5), [1]);
  const positions = constant(Int32Array.of(length), [1]);
  const next = await decode(base, first.cache, { tokens: own, previous: own, positions });
  const tuned = adapter.over(model, base);
  const step = engine.compile((a: nn.Params, t: Tensor, l: Tensor) =>
    valueAndGrad((p: nn.Params) => nn.crossEntropy(tuned.apply(p, t), l))(a),
  );
  const [loss, gradient] = await engine.read(await step(low, tokens, labels));
  return {
    prefill: await engine.read(first.logits),
    decode: await engine.read(next.logits),
    loss,
    ...gradient,
  };
}
