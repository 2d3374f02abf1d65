import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generate, transformer } from "../../../src/nn/index.ts";
import { ids, tensor } from "../../../src/tensor/apply.ts";
import { key } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { testEngine } from "../../testEngine.ts";
import { build, CONTEXT, prompted } from "../arbitraries.ts";

const engine = await testEngine();

const maxNewTokens = CONTEXT / 2;
const tiny = transformer({ vocabSize: 7, contextLength: 40, layers: 2, heads: 2, width: 8 });
const tinyParams = tiny.init(key(5));

describe("options of generate", () => {
  test.each<[object, string]>([
    [{ prompts: [[1], null] }, "expected a list of token ids as prompt 1, got null"],
    [{ prompts: ["1"] }, "expected a list of token ids as prompt 0, got 1"],
    [{ stopTokens: 3 }, "expected a list of token ids as stopTokens, got 3"],
    [{ allowedTokens: "12" }, "expected a list of token ids as allowedTokens, got 12"],
    [{ onToken: 3 }, "expected onToken to be a function, got 3"],
    [{ onAnswer: "x" }, "expected onAnswer to be a function, got x"],
    [{ stopWhen: "." }, "expected stopWhen to be a function, got ."],
  ])("refuses %j", async (given, message) => {
    const options = { model: tiny, params: tinyParams, prompts: [[1]], maxNewTokens, ...given };
    await expect(generate(engine, options)).rejects.toThrow(new TypeError(`generate: ${message}`));
  });

  test("ends a sequence with the first of several stop tokens", async () => {
    await fc.assert(
      fc.asyncProperty(
        prompted,
        fc.nat(),
        fc.array(fc.nat(8), { maxLength: 3 }),
        async ({ prompts, ...recipe }, seed, ids) => {
          const options = {
            ...build(recipe),
            prompts,
            maxNewTokens,
            temperature: 1,
            key: key(seed),
          };
          const stopTokens = ids.map((id) => id % recipe.config.vocabSize);
          const free = await generate(engine, options);
          const stopped = await generate(engine, { ...options, stopTokens });
          const cut = free.map((tokens) => {
            const at = tokens.findIndex((token) => stopTokens.includes(token));
            return at < 0 ? tokens : tokens.slice(0, at + 1);
          });
          expect(stopped).toEqual(cut);
          // What a function finds complete ends as what a stop token ends.
          const stopWhen = (answer: readonly number[]): boolean =>
            stopTokens.includes(answer.at(-1) ?? -1);
          expect(await generate(engine, { ...options, stopWhen, promptLookup: 3 })).toEqual(cut);
          const [stopToken, ...others] = stopTokens;
          if (stopToken === undefined) return;
          const both = { ...options, stopToken, stopTokens: others };
          expect(await generate(engine, both)).toEqual(stopped);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("chooses on the host as on the engine, where the filters leave all", async () => {
    await fc.assert(
      fc.asyncProperty(prompted, fc.nat(), async ({ prompts, ...recipe }, seed) => {
        const options = { ...build(recipe), prompts, maxNewTokens, temperature: 0.7 };
        const sampled = { ...options, key: key(seed) };
        const wanted = await generate(engine, sampled);
        const topK = recipe.config.vocabSize;
        expect(await generate(engine, { ...sampled, topK })).toEqual(wanted);
        // A penalty of nearly nothing.
        const greedy = await generate(engine, { ...options, temperature: 0 });
        const near = { ...options, temperature: 0, repetitionPenalty: 1 + 1e-12 };
        expect(await generate(engine, near)).toEqual(greedy);
        // What leaves one token leaves the likeliest.
        for (const filter of [{ topK: 1 }, { topP: 0 }, { minP: 1 }])
          expect(await generate(engine, { ...sampled, ...filter })).toEqual(greedy);
      }),
      { numRuns: 20 },
    );
  });

  test("takes temperatures too small for float32 for none", async () => {
    const options = { model: tiny, params: tinyParams, prompts: [[1], [2, 3]], maxNewTokens: 8 };
    const greedy = await generate(engine, options);
    for (const temperature of [1e-10, 1e-28, 1e-31, 1e-40, Number.MIN_VALUE])
      expect(await generate(engine, { ...options, temperature, key: key(0) })).toEqual(greedy);
  });

  test("penalises the tokens of the prompt and of the answer", async () => {
    await fc.assert(
      fc.asyncProperty(prompted, fc.constantFrom(0.5, 1.3, 5), async (asked, penalty) => {
        const { prompts, ...recipe } = asked;
        const { model, params } = build(recipe);
        const options = { model, params, prompts, maxNewTokens: 4, repetitionPenalty: penalty };
        const got = await generate(engine, options);
        for (const [b, prompt] of prompts.entries()) {
          const seen = [...prompt];
          for (const token of got[b] ?? []) {
            const { data } = await engine.run(() => model.apply(params, ids([seen])));
            const scores = [...data.slice(-model.config.vocabSize)].map((x, id) =>
              !seen.includes(id) ? x : x < 0 ? x * penalty : x / penalty,
            );
            expect(token).toBe(scores.indexOf(Math.max(...scores)));
            seen.push(token);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  test("never takes ids that the tokenizer does not know or that are not allowed", async () => {
    await fc.assert(
      fc.asyncProperty(prompted, fc.nat(), fc.nat(), async ({ prompts, ...recipe }, seed, cut) => {
        const built = build(recipe);
        const tokenizerSize = 1 + (cut % recipe.config.vocabSize);
        const allowedTokens = [seed % tokenizerSize, 0];
        for (const more of [
          {},
          { temperature: 1, key: key(seed) },
          { temperature: 1, key: key(seed), topK: 2 },
          { repetitionPenalty: 1.3 },
        ]) {
          const options = { ...built, prompts, maxNewTokens: 4, tokenizerSize, ...more };
          for (const token of (await generate(engine, options)).flat())
            expect(token).toBeLessThan(tokenizerSize);
          for (const token of (await generate(engine, { ...options, allowedTokens })).flat())
            expect(allowedTokens).toContain(token);
        }
      }),
      { numRuns: 15 },
    );
  });

  test("tells each token as soon as it is known, and nothing of what has ended", async () => {
    const options = { model: tiny, params: tinyParams, prompts: [[1], [2, 3, 4], [5]] };
    const sampled = { ...options, maxNewTokens: 12, temperature: 1, key: key(4), stopTokens: [2] };
    const heard: [token: number, row: number, step: number][] = [];
    const onToken = async (...each: [number, number, number]) => {
      await Promise.resolve();
      heard.push(each);
    };
    const answers = await generate(engine, { ...sampled, onToken });
    const wanted = answers.flatMap((answer, b) =>
      answer.map((token, t): [number, number, number] => [token, b, t]),
    );
    expect(heard).toEqual(wanted.toSorted((a, b) => a[2] - b[2] || a[1] - b[1]));
  });

  test("ends with the listener's error, and keeps nothing", async () => {
    const before = engine.memory().buffers;
    const onToken = (_: number, __: number, step: number) => {
      if (step === 2) throw new Error("enough");
    };
    const options = { model: tiny, params: tinyParams, prompts: [[1], [2]], maxNewTokens: 9 };
    await expect(generate(engine, { ...options, onToken })).rejects.toThrow("enough");
    expect(engine.memory().buffers).toBe(before);
  });

  test("refuses logits that are not finite, naming token and prompt", async () => {
    const embedding = tinyParams["model.embed_tokens.weight"] as Tensor;
    // Only prompts with token 6 meet it.
    const broken = Float64Array.from(embedding.data, (x, i) => (i === 6 * 8 + 3 ? NaN : x));
    const params = { ...tinyParams, "model.embed_tokens.weight": tensor(broken, embedding.shape) };
    const attempt = (options: object) =>
      generate(engine, {
        model: tiny,
        params,
        prompts: [[1], [2, 6]],
        maxNewTokens: 3,
        ...options,
      });
    const why = "generate: expected finite logits, got NaN among them at new token 0 of prompt 1";
    const before = engine.memory().buffers;
    for (const options of [
      {},
      { temperature: 1, key: key(0) },
      { temperature: 1, key: key(0), topP: 0.9 },
      { repetitionPenalty: 1.1 },
      { tokenizerSize: 3 },
    ]) {
      await expect(attempt(options)).rejects.toThrow(RangeError);
      await expect(attempt(options)).rejects.toThrow(why);
    }
    expect(engine.memory().buffers).toBe(before);
    // The first prompt is not concerned, and neither is one that has ended.
    const alone = await attempt({ prompts: [[1]], allowedTokens: [0, 1, 2] });
    expect(alone[0]).toHaveLength(3);
    const later = attempt({ prompts: [[1]], allowedTokens: [6] });
    await expect(later).rejects.toThrow("at new token 1 of prompt 0");
    const ended = await attempt({ prompts: [[1], [1, 1]], allowedTokens: [6], stopTokens: [6] });
    expect(ended).toEqual([[6], [6]]);
  });
});
