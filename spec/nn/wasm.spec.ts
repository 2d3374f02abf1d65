import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { crossEntropy, generate, type Params, transformer } from "../../src/nn/index.ts";
import { adamw, applyUpdates, chain, clipByGlobalNorm } from "../../src/optim/index.ts";
import { ids } from "../../src/tensor/apply.ts";
import { valueAndGrad } from "../../src/tensor/grad.ts";
import { key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";
import { build, CONTEXT, cases, prompted } from "./arbitraries.ts";
import { oracleLogits } from "./oracle.ts";

const engine = await testEngine({ backend: "wasm", threads: 1 });

const sizeOf = (x: readonly number[]) => Math.max(1, ...x.map(Math.abs));

/** A few steps of training; the losses. */
async function train(on: Engine, steps: number): Promise<number[]> {
  const model = transformer({ vocabSize: 11, contextLength: 8, layers: 2, heads: 2, width: 16 });
  const tokens = ids([
    [1, 2, 3, 4, 5, 6, 7, 8],
    [9, 7, 5, 3, 1, 10, 8, 6],
  ]);
  const labels = ids([
    [2, 3, 4, 5, 6, 7, 8, 9],
    [7, 5, 3, 1, 10, 8, 6, 4],
  ]);
  const optimizer = chain(clipByGlobalNorm(1), adamw({ learningRate: 1e-2 }));
  const loss = (params: Params) => crossEntropy(model.apply(params, tokens), labels);
  type Carry = { params: Params; state: ReturnType<typeof optimizer.init> };
  const step = on.compile(
    ({ params, state }: Carry): { carry: Carry; value: Tensor } => {
      const [value, grads] = valueAndGrad(loss)(params);
      const [updates, next] = optimizer.update(grads, state, params);
      return { carry: { params: applyUpdates(params, updates), state: next }, value };
    },
    { donate: [0] },
  );
  const params = model.init(key(2));
  let carry: Carry = { params, state: optimizer.init(params) };
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const after = await step(carry);
    carry = after.carry;
    losses.push((await on.read(after.value))[0] as number);
  }
  return losses;
}

describe("on the WebAssembly engine, in float32", () => {
  test("logits are those of plain float64 loops", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ tokens, config, seed }) => {
        // A large epsilon keeps the norms away from 0/0, where rounding errors grow without bound.
        const { model, params } = build({ seed, config: { ...config, epsilon: 0.5 } });
        const got = await engine.run(() => model.apply(params, ids(tokens)));
        const wanted = tokens.flatMap((row) => oracleLogits(model.config, params, row)).flat();
        const bound = 2e-5 * sizeOf(wanted);
        got.data.forEach((x, i) => {
          expect(Math.abs(x - (wanted[i] as number))).toBeLessThanOrEqual(bound);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("generated tokens are the likeliest of their prefixes", async () => {
    await fc.assert(
      fc.asyncProperty(prompted, async ({ prompts, config, seed }) => {
        const built = build({ seed, config: { ...config, epsilon: 0.5 } });
        const generated = await generate(engine, { ...built, prompts, maxNewTokens: CONTEXT / 2 });
        for (const [b, prompt] of prompts.entries()) {
          const sequence = [...prompt, ...(generated[b] as number[])];
          const logits = oracleLogits(built.model.config, built.params, sequence);
          for (let t = prompt.length; t < sequence.length; t++) {
            const row = logits[t - 1] as number[];
            const chosen = row[sequence[t] as number] as number;
            // Of two tokens that float32 cannot tell apart, either will do.
            expect(Math.max(...row) - chosen).toBeLessThanOrEqual(4e-5 * sizeOf(row));
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test("training follows the reference engine, and repeats to the bit on two threads", async () => {
    await using reference = await createEngine({ backend: "reference" });
    await using pair = await createEngine({ backend: "wasm", threads: 2 });
    const losses = await train(engine, 12);
    const wanted = await train(reference, 12);
    losses.forEach((loss, i) => {
      expect(Math.abs(loss - (wanted[i] as number))).toBeLessThan(1e-4);
    });
    expect(losses[11]).toBeLessThan(0.5 * (losses[0] as number));
    expect(await train(pair, 12)).toEqual(losses);
  });
});
