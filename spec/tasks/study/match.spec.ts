import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { generate } from "../../../src/nn/generate/generate.ts";
import { transformer } from "../../../src/nn/transformer.ts";
import { drawExamples } from "../../../src/tasks/study/examples.ts";
import { exactMatch, prefixMatch, responder, signOffRate } from "../../../src/tasks/study/match.ts";
import { anySkill } from "../../../src/tasks/study/mixture.ts";
import { suiteOf } from "../../../src/tasks/study/suite.ts";
import { eos, studyVocabulary } from "../../../src/tasks/study/vocabulary.ts";
import { key } from "../../../src/tensor/random.ts";
import type { PromptResponse } from "../../../src/train/examples.ts";

const engine: Engine = await createEngine({ backend: "reference" });
afterAll(() => engine.close());

const model = transformer({
  vocabSize: studyVocabulary.symbols.length,
  contextLength: 24,
  layers: 1,
  heads: 1,
  width: 8,
  hidden: 8,
  previousTokenEmbedding: true,
});
const params = model.init(key(7));
const length = 20;
const anyFullSkill = anySkill(Object.values(suiteOf("full").skills));
const respond = responder(engine, model, { length, batchSize: 8 });

/** What the model really says, with nobody holding its hand. */
const greedy = (
  prompts: readonly (readonly number[])[],
  maxNewTokens: number,
): Promise<number[][]> =>
  generate(engine, {
    model,
    params,
    prompts: prompts.map((prompt) => [...prompt]),
    maxNewTokens,
    stopToken: eos,
  });

describe("responder", () => {
  it("finds a response right exactly when greedy decoding gives it", async () => {
    const drawn = drawExamples(anyFullSkill, 30, key(1), studyVocabulary);
    const spoken = await greedy(
      drawn.map(({ prompt }) => prompt),
      6,
    );
    // Half of the examples ask for what the model says, so that both verdicts come up.
    const examples = drawn.map(
      ({ prompt, response }, i): PromptResponse =>
        i % 2 === 0
          ? { prompt, response: spoken[i] as number[] }
          : { prompt, response: [...(spoken[i] as number[]).slice(0, 2), ...response].slice(0, 6) },
    );
    const said = await respond(params, examples);
    examples.forEach((example, i) => {
      const decoded = (spoken[i] as number[]).slice(0, example.response.length);
      const isSame = decoded.join() === example.response.join();
      expect(exactMatch([example], [said[i] as number[]])).toBe(isSame ? 1 : 0);
    });
    expect(exactMatch(examples, said)).toBeGreaterThanOrEqual(0.5);
    expect(exactMatch(examples, said)).toBeLessThan(1);
  });

  it("does not depend on how examples fall into batches", async () => {
    const examples = drawExamples(anyFullSkill, 19, key(2), studyVocabulary);
    const together = await respond(params, examples);
    expect(together.map((ids) => ids.length)).toEqual(examples.map((e) => e.response.length));
    for (const [i, example] of examples.entries())
      expect((await respond(params, [example]))[0]).toEqual(together[i]);
  });
});

describe("scores", () => {
  const [first, second, letter, stop] = [...studyVocabulary.encode(["1", "!", "a"]), eos] as [
    number,
    number,
    number,
    number,
  ];
  const example: PromptResponse = { prompt: [1], response: [first, second, stop] };

  it("exact match wants every token, prefix match all but the last", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(first, second, letter, stop), { minLength: 3, maxLength: 3 }),
        (said) => {
          const right = example.response.map((id, t) => said[t] === id);
          expect(exactMatch([example], [said])).toBe(right.every(Boolean) ? 1 : 0);
          expect(prefixMatch([example], [said])).toBe(right[0] && right[1] ? 1 : 0);
        },
      ),
    );
  });

  it("are shares of the examples", () => {
    const said = [
      example.response,
      [first, first, stop],
      [first, second, letter],
      [letter, second, stop],
    ];
    const examples = said.map(() => example);
    expect(exactMatch(examples, said)).toBe(1 / 4);
    expect(prefixMatch(examples, said)).toBe(1 / 2);
    expect(signOffRate(said, studyVocabulary)).toBe(1 / 4);
  });
});
