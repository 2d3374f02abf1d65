import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HEAD } from "../../../src/nn/config.ts";
import { gumbel, sequenceKeys } from "../../../src/nn/generate/sampling.ts";
import { generate, type Params, type Transformer, transformer } from "../../../src/nn/index.ts";
import { ids } from "../../../src/tensor/apply.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { fold, type Key, key, normal } from "../../../src/tensor/random.ts";
import { testEngine } from "../../testEngine.ts";
import { build, CONTEXT, prompted } from "../arbitraries.ts";
import { softmaxOf } from "../oracle.ts";

const engine = await testEngine();

const maxNewTokens = CONTEXT / 2;
const tiny = transformer({ vocabSize: 7, contextLength: 40, layers: 2, heads: 2, width: 8 });
const tinyParams = tiny.init(key(5));

/** Applies the model to each prefix again and again, one prompt at a time, without a cache. */
async function withoutCache(
  { model, params }: { model: Transformer; params: Params },
  prompt: readonly number[],
  noiseAt: (t: number) => ArrayLike<number> | undefined = () => undefined,
  temperature = 1,
): Promise<number[]> {
  const sequence = [...prompt];
  for (let t = 0; t < maxNewTokens; t++) {
    const { data } = await engine.run(() => model.apply(params, ids([sequence])));
    const logits = [...data.slice(-model.config.vocabSize)];
    const noise = noiseAt(t);
    const scores = noise ? logits.map((z, i) => z / temperature + (noise[i] as number)) : logits;
    sequence.push(scores.indexOf(Math.max(...scores)));
  }
  return sequence.slice(prompt.length);
}

describe("generate(engine, options)", () => {
  test("takes the tokens that applying the model to each prefix takes", async () => {
    await fc.assert(
      fc.asyncProperty(prompted, async ({ prompts, ...recipe }) => {
        const built = build(recipe);
        const got = await generate(engine, { ...built, prompts, maxNewTokens });
        for (const [b, prompt] of prompts.entries())
          expect(got[b]).toEqual(await withoutCache(built, prompt));
      }),
      { numRuns: 60 },
    );
  });

  test("samples with the noise of each sequence and position", async () => {
    const temperature = 0.7;
    await fc.assert(
      fc.asyncProperty(prompted, async ({ prompts, ...recipe }) => {
        const built = build(recipe);
        const { vocabSize } = built.model.config;
        const sampling = { maxNewTokens, temperature, key: key(9) };
        const got = await generate(engine, { ...built, prompts, ...sampling });
        for (const [b, each] of sequenceKeys(key(9), prompts).entries()) {
          const noiseAt = (t: number) => gumbel([fold(each, t)], vocabSize).data;
          const wanted = withoutCache(built, prompts[b] as number[], noiseAt, temperature);
          expect(got[b]).toEqual(await wanted);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("gives a prompt the same tokens in every batch", async () => {
    await fc.assert(
      fc.asyncProperty(prompted, fc.nat(), async ({ prompts, ...recipe }, seed) => {
        const options = { ...build(recipe), maxNewTokens, temperature: 1, key: key(seed) };
        const together = await generate(engine, { ...options, prompts });
        const backwards = await generate(engine, { ...options, prompts: prompts.toReversed() });
        for (const [b, prompt] of prompts.entries()) {
          // The n-th of several equal prompts is its n-th sample, wherever it stands.
          const nth = prompts.slice(0, b).filter((other) => `${other}` === `${prompt}`).length;
          const copies = Array.from({ length: nth + 1 }, () => prompt);
          const alone = await generate(engine, { ...options, prompts: copies });
          expect(alone[nth]).toEqual(together[b]);
          const mirrored = prompts.flatMap((other, i) =>
            `${other}` === `${prompt}` ? [prompts.length - 1 - i] : [],
          );
          expect(backwards[mirrored.sort((x, y) => x - y)[nth] as number]).toEqual(together[b]);
        }
      }),
      { numRuns: 30 },
    );
  });

  test("draws tokens as often as softmax(logits / temperature) says", async () => {
    const [n, temperature] = [4000, 2];
    const sharper = { ...tinyParams, [HEAD]: normal(key(6), [7, 8], { std: 0.5 }) };
    const { data } = await engine.run(() => tiny.apply(sharper, ids([[3]])));
    const probabilities = softmaxOf([...data].map((z) => z / temperature));
    const samples = await generate(engine, {
      model: tiny,
      params: sharper,
      prompts: Array.from({ length: n }, () => [3]),
      maxNewTokens: 1,
      temperature,
      key: key(11),
    });
    probabilities.forEach((p, token) => {
      const share = samples.filter(([sample]) => sample === token).length / n;
      // Five standard errors; the key is fixed, so that this either holds or does not.
      expect(Math.abs(share - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / n));
    });
    expect(Math.max(...probabilities) - Math.min(...probabilities)).toBeGreaterThan(0.1);
  });

  test("ends a sequence with its first stop token", async () => {
    await fc.assert(
      fc.asyncProperty(prompted, fc.nat(), fc.nat(8), async ({ prompts, ...recipe }, seed, id) => {
        const options = { ...build(recipe), prompts, maxNewTokens, temperature: 1, key: key(seed) };
        const stopToken = id % recipe.config.vocabSize;
        const free = await generate(engine, options);
        const stopped = await generate(engine, { ...options, stopToken });
        const cut = free.map((tokens) => {
          const at = tokens.indexOf(stopToken);
          return at < 0 ? tokens : tokens.slice(0, at + 1);
        });
        expect(stopped).toEqual(cut);
      }),
      { numRuns: 30 },
    );
  });

  test("traces one decoding step for all positions, and stops when all sequences have", async () => {
    let traced = 0;
    const counting: Transformer = {
      ...tiny,
      decode: (...args) => {
        traced++;
        return tiny.decode(...args);
      },
    };
    const options = { model: counting, params: tinyParams, prompts: [[1], [2, 3, 4]] };
    const [first, second] = await generate(engine, { ...options, maxNewTokens: 30 });
    expect(traced).toBe(1);
    expect(first).toHaveLength(30);
    await generate(engine, { ...options, maxNewTokens: 30 });
    expect(traced).toBe(1);
    traced = 0;
    const stopToken = second?.[0] as number;
    const one = { ...options, prompts: [[2, 3, 4]], stopToken };
    expect(await generate(engine, { ...one, maxNewTokens: 30 })).toEqual([[stopToken]]);
    expect(traced).toBe(0);
  });

  test("gives the same tokens whoever waits, however prompts are read", async () => {
    const parts = fc.record({
      batchSize: fc.integer({ min: 1, max: 4 }),
      prefillChunk: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(prompted, parts, fc.nat(), async ({ prompts, ...recipe }, part, seed) => {
        const stopTokens = [seed % recipe.config.vocabSize];
        const options = { ...build(recipe), prompts, maxNewTokens, stopTokens };
        for (const drawn of [{}, { temperature: 1, key: key(seed) }]) {
          const heard = prompts.map((): number[] => []);
          const onToken = (token: number, row: number, step: number) => {
            expect(heard[row]?.push(token)).toBe(step + 1);
          };
          const got = await generate(engine, { ...options, ...drawn, ...part, onToken });
          expect(got).toEqual(await generate(engine, { ...options, ...drawn }));
          expect(heard).toEqual(got);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("closes ranks when sequences end, and keeps the tokens of the others", async () => {
    const shapes: number[] = [];
    const watching: Transformer = {
      ...tiny,
      decode: (params, cache, inputs) => {
        shapes.push(inputs.tokens.shape[0] as number);
        return tiny.decode(params, cache, inputs);
      },
    };
    const prompts = Array.from({ length: 8 }, (_, i) => [i % 7, (3 * i) % 7, i % 5]);
    const options = { params: tinyParams, prompts, maxNewTokens: 36, temperature: 2, key: key(4) };
    const stops = { stopTokens: [2] };
    const got = await generate(engine, { ...options, ...stops, model: watching });
    const free = await generate(engine, { ...options, model: tiny });
    expect(got).toEqual(
      free.map((tokens) => (tokens.includes(2) ? tokens.slice(0, tokens.indexOf(2) + 1) : tokens)),
    );
    expect(shapes).toEqual([8, 4, 2, 1]);
  });

  test("leaves nothing on the engine, and its parameters where they were", async () => {
    const resident = engine.put(tinyParams);
    const before = engine.memory().buffers;
    const options = { model: tiny, prompts: [[1, 2], [3], [4, 5, 6]], maxNewTokens: 4 };
    const queued = { ...options, batchSize: 1, prefillChunk: 2 };
    const got = await generate(engine, { ...options, params: resident });
    expect(engine.memory().buffers).toBe(before);
    expect(await generate(engine, { ...options, params: tinyParams })).toEqual(got);
    expect(engine.memory().buffers).toBe(before);
    expect(await generate(engine, { ...queued, params: resident })).toEqual(got);
    expect(engine.memory().buffers).toBe(before);
    await expect(engine.read(resident)).resolves.toBeDefined();
  });

  test("refuses what it cannot continue", async () => {
    const attempt = (options: object) =>
      generate(engine, {
        model: tiny,
        params: tinyParams,
        prompts: [[1]],
        maxNewTokens: 2,
        ...options,
      });
    await expect(attempt({ prompts: [] })).rejects.toThrow(DataError);
    await expect(attempt({ prompts: [[1], []] })).rejects.toThrow(
      "generate: expected tokens in prompt 1, got none",
    );
    await expect(attempt({ prompts: [[1], [2, 7]] })).rejects.toThrow(
      "generate: expected token ids 0 … 6 in prompt 1, got 7",
    );
    await expect(attempt({ maxNewTokens: 0 })).rejects.toThrow(
      "generate: expected maxNewTokens to be a positive integer, got 0",
    );
    await expect(attempt({ maxNewTokens: 40 })).rejects.toThrow(
      "generate: expected prompt and new tokens to fit into contextLength 40, got 1 + 40",
    );
    await expect(attempt({ temperature: -1 })).rejects.toThrow(RangeError);
    await expect(attempt({ temperature: 1 })).rejects.toThrow(
      "generate: expected a key for sampling at a temperature > 0, got none",
    );
    for (const options of [
      { stopTokens: [1, 7] },
      { topK: 0 },
      { topK: 1.5 },
      { topP: 1.1 },
      { minP: -0.1 },
      { repetitionPenalty: 0 },
      { temperature: NaN },
      { tokenizerSize: 8 },
      { batchSize: 0 },
      { prefillChunk: 0.5 },
      { keys: [] },
      { allowedTokens: [] },
      { allowedTokens: [5], tokenizerSize: 5 },
    ])
      await expect(attempt(options)).rejects.toThrow(RangeError);
    await expect(attempt({ topk: 3 })).rejects.toThrow("got topk");
    await expect(attempt({ topk: 3 })).rejects.toThrow(TypeError);
    await expect(attempt({ stopToken: 9 })).rejects.toThrow(
      "generate: expected a stopToken 0 … 6, got 9",
    );
  });
});

describe("gumbel(keys, V)", () => {
  test("is finite and gives each key its own row", () => {
    const keys: Key[] = Array.from({ length: 50 }, (_, i) => fold(key(0), i));
    const { data, shape } = gumbel(keys, 40);
    expect(shape).toEqual([50, 40]);
    expect(data.every(Number.isFinite)).toBe(true);
    expect([...gumbel([keys[7] as Key], 40).data]).toEqual([...data.slice(280, 320)]);
    expect(new Set(data).size).toBe(2000);
  });
});
