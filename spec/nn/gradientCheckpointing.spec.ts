import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import type { Params } from "../../src/nn/config.ts";
import { lora } from "../../src/nn/lora.ts";
import { crossEntropy } from "../../src/nn/losses.ts";
import { type Transformer, transformer } from "../../src/nn/transformer.ts";
import { adamw } from "../../src/optim/adamw.ts";
import { chain } from "../../src/optim/chain.ts";
import { clipByGlobalNorm } from "../../src/optim/clip.ts";
import { applyUpdates } from "../../src/optim/optimizer.ts";
import { full, ids } from "../../src/tensor/apply.ts";
import { valueAndGrad } from "../../src/tensor/grad.ts";
import { key } from "../../src/tensor/random.ts";
import { build, cases, randomParams } from "./arbitraries.ts";

const engines: Engine[] = [];
beforeAll(async () => {
  engines.push(await createEngine({ backend: "reference" }));
  engines.push(await createEngine({ backend: "wasm", threads: 1 }));
});
afterAll(async () => {
  for (const engine of engines) await engine.close();
});

const recomputing = ({ config }: Transformer): Transformer =>
  transformer({ ...config, gradientCheckpointing: true });

/** Loss and gradient of the next token. */
async function gradient(engine: Engine, model: Transformer, params: Params, tokens: number[][]) {
  const x = ids(tokens);
  const loss = (p: Params) => crossEntropy(model.apply(p, x), x);
  return engine.run(() => valueAndGrad(loss)(params));
}

describe("gradientCheckpointing", () => {
  test("changes no bit of losses and gradients, whatever the options", async () => {
    for (const engine of engines)
      await fc.assert(
        fc.asyncProperty(cases, async ({ tokens, ...recipe }) => {
          const { model, params } = build(recipe);
          const wanted = await gradient(engine, model, params, tokens);
          expect(await gradient(engine, recomputing(model), params, tokens)).toEqual(wanted);
        }),
        { numRuns: 25 },
      );
  });

  test("changes none with adapters over a frozen base", async () => {
    const model = transformer({
      ...{ vocabSize: 9, contextLength: 8, layers: 3, heads: 2, width: 8, tieEmbeddings: true },
    });
    const base = randomParams(model, 3);
    const { over } = lora({ rank: 2, targets: "all-linear" });
    const start = randomParams(over(model, base), 4);
    for (const engine of engines) {
      const [plain, again] = [over(model, base), over(recomputing(model), base)];
      expect(again.config.gradientCheckpointing).toBe(true);
      const tokens = [[1, 2, 3, 4, 5]];
      expect(await gradient(engine, again, start, tokens)).toEqual(
        await gradient(engine, plain, start, tokens),
      );
    }
  });

  // Of biases, too: what repeats one for all rows is of the stream's size.
  test.each([false, true])(
    "holds what goes into a block, for one block at a time the rest; qkvBias: %s",
    async (qkvBias) => {
      const peakOf = async (engine: Engine, layers: number, gradientCheckpointing: boolean) => {
        const config = { layers, heads: 2, width: 16, hidden: 64, tieEmbeddings: true, qkvBias };
        const model = transformer({
          ...{ ...config, vocabSize: 8, contextLength: 64, gradientCheckpointing },
        });
        const zeros = Object.entries(model.shapes).map(([name, shape]) => [name, full(shape, 0)]);
        const base: Params = Object.fromEntries(zeros);
        const { init, over } = lora({ rank: 1 });
        const tuned = over(model, engine.put(base));
        const x = ids([Array.from({ length: 64 }, (_, i) => i % 8)]);
        // The clip wants all gradients before any is used.
        const optimizer = chain(clipByGlobalNorm(1), adamw({ learningRate: 1e-3 }));
        const program = engine.compile(
          (p: Params, s: ReturnType<typeof optimizer.init>) => {
            const loss = (q: Params) => crossEntropy(tuned.apply(q, x), x);
            const [value, gradients] = valueAndGrad(loss)(p);
            const [updates, next] = optimizer.update(gradients, s, p);
            return [value, applyUpdates(p, updates), next];
          },
          { donate: [0, 1] },
        );
        const start = init(key(1), model, base);
        return program.planned(start, optimizer.init(start)).peakBytes;
      };
      for (const engine of engines) {
        const perBlock = async (isRecomputed: boolean) =>
          ((await peakOf(engine, 8, isRecomputed)) - (await peakOf(engine, 4, isRecomputed))) / 4;
        const size = engine.backend === "reference" ? 8 : 4;
        const weights = size * (4 * 16 * 16 + 3 * 16 * 64 + 5 * 16);
        const adapters = 8 * size * (4 * 32 + 3 * 80);
        const stream = size * 64 * 16;
        expect(await perBlock(true)).toBeLessThanOrEqual(weights + adapters + 1.5 * stream);
        expect(await perBlock(false)).toBeGreaterThan(weights + adapters + 10 * stream);
      }
    },
  );
});
