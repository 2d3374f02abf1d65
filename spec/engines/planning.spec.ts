import { describe, expect, test } from "vitest";
import { standIn } from "../../src/engines/standIn.ts";
import { trace } from "../../src/engines/trace.ts";
import { programOf } from "../../src/engines/wasm/lowering/program.ts";
import type { Params } from "../../src/nn/config.ts";
import { lora } from "../../src/nn/lora.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { type Transformer, transformer } from "../../src/nn/transformer.ts";
import { adamw } from "../../src/optim/adamw.ts";
import { chain } from "../../src/optim/chain.ts";
import { clipByGlobalNorm } from "../../src/optim/clip.ts";
import { applyUpdates } from "../../src/optim/optimizer.ts";
import { valueAndGrad } from "../../src/tensor/grad.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { flatten } from "../../src/tensor/tree.ts";
import { workOf } from "./work.ts";

/** SmolLM2-135M with fewer layers: its logits are wide enough for blocks of rows. */
const model = (layers: number, gradientCheckpointing = false): Transformer =>
  transformer({
    gradientCheckpointing,
    ...{ vocabSize: 49152, contextLength: 2048, layers, heads: 9, kvHeads: 3, width: 576 },
    ...{ hidden: 1536, ropeTheta: 1e5, tieEmbeddings: true },
  });
/** Stand-ins are no numbers: nothing of the model's size is made. */
const zeros = ({ shapes }: Pick<Transformer, "shapes">): Params =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, standIn(shape)]));
const tokens = new Tensor("placeholder", [4, 256], "int", [], { index: 0 });

const adam = adamw({ learningRate: 1e-5 });
const clipped = chain(clipByGlobalNorm(1), adam);

/** Traces, plans and lowers a training step of all that is given. */
function plan(tuned: Transformer, optimizer: typeof adam | typeof clipped, threads: number): void {
  const params = zeros(tuned);
  const state = optimizer.init(params);
  const step = (p: Params, s: never, x: Tensor, y: Tensor) => {
    const [loss, gradient] = valueAndGrad((q: Params) => crossEntropy(tuned.apply(q, x), y))(p);
    const [updates, next] = optimizer.update(gradient, s, p);
    return [loss, applyUpdates(p, updates), next];
  };
  const donated = flatten([params, state] as never).leaves.map((_, i) => i);
  programOf(trace(step, [params, state, tokens, tokens], donated).plan, threads);
}

const adapter = lora({ rank: 8 });
const steps: readonly [name: string, run: (layers: number) => void][] = [
  ["AdamW on all weights", (layers) => plan(model(layers), adam, 1)],
  ["a clipped norm, two threads", (layers) => plan(model(layers), clipped, 2)],
  [
    "adapters",
    (layers) => {
      const base = model(layers);
      plan(adapter.over(base, zeros(base)), adam, 1);
    },
  ],
  [
    "adapters, each block computed again",
    (layers) => {
      const base = model(layers, true);
      plan(adapter.over(base, zeros(base)), clipped, 1);
    },
  ],
];

describe("planning", () => {
  test.each(steps)("does at most 2.2 times the work for twice the layers: %s", async (_, run) => {
    run(1); // What is made once is made.
    const [half, whole] = [await workOf(() => run(6)), await workOf(() => run(12))];
    expect(half).toBeGreaterThan(100_000);
    expect(whole / half).toBeLessThanOrEqual(2.2);
  });
});
