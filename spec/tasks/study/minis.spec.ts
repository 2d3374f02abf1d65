import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import type { Params } from "../../../src/nn/config.ts";
import { generate } from "../../../src/nn/generate/generate.ts";
import { type Transformer, transformer } from "../../../src/nn/transformer.ts";
import { examiner, withoutSignOff } from "../../../src/tasks/study/examine.ts";
import { drawExamples } from "../../../src/tasks/study/examples.ts";
import { type MiniKnobs, miniNames, miniOf } from "../../../src/tasks/study/minis.ts";
import { mixture } from "../../../src/tasks/study/mixture.ts";
import type { Skill } from "../../../src/tasks/study/skill.ts";
import { type MiniSuite, suiteOf, targetOf } from "../../../src/tasks/study/suite.ts";
import { eos, letterSymbols, studyVocabulary } from "../../../src/tasks/study/vocabulary.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { key, stream } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { lengthOf } from "../../../src/train/examples.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

const three: MiniSuite = {
  priors: ["rev", "kv", "mini-countdown", "bool"],
  targets: ["mini-igsm", "mini-medcalc", "mini-ifeval"],
  knobs: { "mini-igsm": { modulus: 5 }, "mini-ifeval": { constraints: [1, 2] } },
};

describe("a suite of minis", () => {
  it("goes on where the study's vocabulary ends, with the symbols of its minis alone", () => {
    const { symbols } = suiteOf(three).vocabulary;
    expect(symbols.slice(0, 65)).toEqual(studyVocabulary.symbols);
    expect(symbols).toContain("attic");
    const few = suiteOf({ priors: ["rev"], targets: ["mini-countdown"], knobs: {} });
    expect(few.vocabulary.symbols.slice(65)).toEqual(["/", "(", ")", "REACH", "ans"]);
    expect(suiteOf("full").vocabulary.symbols).toHaveLength(65);
  });

  it.each(miniNames)("%s can be a target, or a skill to keep, within its positions", (name) => {
    const priors = [...(name === "mini-countdown" ? [] : ["mini-countdown"]), "rev"];
    const asTarget = suiteOf({ priors, targets: [name], knobs: {} });
    const asPrior = suiteOf({
      priors: [name],
      targets: [name === "mini-igsm" ? "mini-medcalc" : "mini-igsm"],
      knobs: {},
    });
    const target = targetOf(asTarget);
    const skill = asPrior.skills[name] as Skill;
    const draw = (suite: typeof asTarget, generator: Skill["draw"]): number =>
      Math.max(...drawExamples(generator, 200, key(3), suite.vocabulary).map(lengthOf));
    expect(draw(asTarget, target.worked)).toBeLessThanOrEqual(target.positions);
    expect(draw(asTarget, target.direct)).toBeLessThanOrEqual(target.positions);
    expect(draw(asPrior, skill.draw)).toBeLessThanOrEqual(skill.positions);
    for (const { score, draw } of [{ ...target, draw: target.worked }, skill]) {
      const { prompt, response } = draw(stream(key(3)));
      expect(score?.(prompt, response)).toEqual({ correct: true, why: "" });
      expect(score?.(prompt, []).correct).toBe(false);
    }
  });

  it("passes its knobs on", () => {
    const { worked } = targetOf(suiteOf(three), "mini-ifeval");
    const next = stream(key(4));
    const asked = Array.from(
      { length: 200 },
      () => worked(next).prompt.filter((symbol) => symbol === "do").length,
    );
    expect(Math.max(...asked)).toBe(2);
  });

  it("says what it cannot be made of", () => {
    const wrong: readonly (readonly [Partial<MiniSuite>, string])[] = [
      [{ priors: ["rev", "rev"] }, "got rev twice"],
      [{ priors: ["mini-igsm"] }, "got mini-igsm twice"],
      [{ priors: ["chess"] }, "got chess"],
      [{ targets: ["rev" as never] }, "got rev"],
      [{ targets: [] }, "expected prior skills and targets, got none"],
      [{ priors: [] }, "expected prior skills and targets, got none"],
      [{ knobs: { "mini-igsm": { modulus: 99 } } }, "expected modulus ≤ 23, got 99"],
    ];
    for (const [change, message] of wrong)
      expect(() => suiteOf({ ...three, ...change })).toThrow(new RegExp(message));
    expect(() => targetOf(suiteOf(three), "med")).toThrow(
      "targetOf: expected one of mini-igsm, mini-medcalc, mini-ifeval, got med",
    );
  });
});

describe("mixture", () => {
  it("gives targets their turns, and each prior skill the same share of the other batches", () => {
    const suite = suiteOf(three);
    const sourceOf = mixture(suite, { targetEvery: 3, latent: 0.5 });
    const rounds = 3 * 3 * 4;
    const sources = Array.from({ length: rounds }, (_, step) => sourceOf(step));
    const count = (holds: (draw: Skill["draw"]) => boolean): number =>
      sources.filter(({ draw }) => holds(draw)).length;
    const countdown = (suite.skills["mini-countdown"] as Skill).draw;
    expect(count((draw) => draw === countdown)).toBe(rounds / 6);
    expect(sources.filter(({ length }) => length === 18)).toHaveLength(rounds / 2);
    const targets = new Map<unknown, number>();
    for (const [step, { draw }] of sources.entries())
      if (step % 3 === 2) targets.set(draw, (targets.get(draw) ?? 0) + 1);
    expect([...targets.values()]).toEqual([rounds / 9, rounds / 9, rounds / 9]);
  });
});

describe("answers that take no notice", () => {
  const echoing: Partial<MiniKnobs> = {
    "mini-igsm": { direct: "echo" },
    "mini-medcalc": { direct: "echo" },
  };
  it.each(["mini-igsm", "mini-medcalc"] as const)(
    "%s names what is asked, never rightly",
    (name) => {
      const { target, score, symbols } = miniOf(name, echoing);
      fc.assert(
        fc.property(seeds, (seed) => {
          const { prompt, response } = target.direct(stream(key(seed)));
          expect(prompt).toEqual(target.worked(stream(key(seed))).prompt);
          expect(response).toEqual(["#", prompt.at(-1)]);
          expect(symbols).toContain("#");
          expect(score(prompt, response).correct).toBe(false);
        }),
      );
    },
  );
});

describe("withoutSignOff", () => {
  it.each(miniNames)("leaves right responses of %s alone, and takes letters off again", (name) => {
    const { target, score } = miniOf(name, {});
    const signOff = fc.array(fc.constantFrom(...letterSymbols), { maxLength: 6 });
    fc.assert(
      fc.property(seeds, signOff, (seed, letters) => {
        const { prompt, response } = target.worked(stream(key(seed)));
        expect(withoutSignOff(response)).toEqual(response);
        expect(withoutSignOff([...response, ...letters])).toEqual(response);
        expect(score(prompt, response).correct).toBe(true);
      }),
    );
  });
});

/** A model whose likeliest token is often the end. */
function endingOften(params: Params): Params {
  const head = params["lm_head.weight"] as Tensor<"constant">;
  const [, width] = head.shape as [number, number];
  const data = Float32Array.from(head.data, (x, i) => (Math.floor(i / width) === eos ? 3 * x : x));
  return { ...params, "lm_head.weight": constant(data, head.shape) };
}

describe("examiner", () => {
  const engine: Promise<Engine> = createEngine({ backend: "reference" });
  afterAll(async () => (await engine).close());
  const suite = suiteOf(three);
  const { vocabulary } = suite;
  const model = transformer({
    vocabSize: vocabulary.symbols.length,
    contextLength: 48,
    layers: 1,
    heads: 1,
    width: 8,
    hidden: 8,
    previousTokenEmbedding: true,
  });
  const params = endingOften(model.init(key(5)));

  it("finds by decoding what teacher forcing finds where one response is right", async () => {
    const ask = examiner({ engine: await engine, model, vocabulary });
    const drawn = drawExamples((suite.skills["rev"] as Skill).draw, 24, key(6), vocabulary);
    const spoken = await generate(await engine, {
      model,
      params,
      prompts: drawn.map(({ prompt }) => prompt),
      maxNewTokens: 5,
      stopToken: eos,
    });
    // Half of the questions ask for what the model says if it ends, so that both verdicts come up.
    const examples = drawn.map((example, i) => {
      const response = spoken[i] as number[];
      return i % 2 === 0 && response.at(-1) === eos ? { ...example, response } : example;
    });
    const rightOf = new Map(
      examples.map(({ prompt, response }) => [
        vocabulary.decode(prompt.slice(1)).join(" "),
        vocabulary.decode(response).join(" "),
      ]),
    );
    const score = (prompt: readonly string[], response: readonly string[]) => ({
      correct: rightOf.get(prompt.join(" ")) === [...response, "<eos>"].join(" "),
      why: "",
    });
    const positions = 20;
    const forced = await ask.skill(params, { positions }, examples);
    expect(forced.right).toBeGreaterThan(0.1);
    expect(forced.right).toBeLessThan(1);
    expect(forced.bare).toBeGreaterThanOrEqual(forced.right);
    expect(forced.after.length).toBe(examples.length);
    expect((await ask.skill(params, { positions, score }, examples)).right).toBe(forced.right);
    const target = await ask.target(params, { positions }, examples);
    expect(target.right).toBeGreaterThanOrEqual(forced.right);
  });

  it("asks at once as many questions as there are, but at most two hundred", async () => {
    const asked: (number | undefined)[] = [];
    const heard: Transformer = {
      ...model,
      apply: (weights, tokens, ...rest) => {
        asked.push(tokens.shape[0]);
        return model.apply(weights, tokens, ...rest);
      },
    };
    const ask = examiner({ engine: await engine, model: heard, vocabulary });
    const examples = drawExamples((suite.skills["rev"] as Skill).draw, 201, key(8), vocabulary);
    for (const count of [3, 201]) {
      const { after } = await ask.skill(params, { positions: 20 }, examples.slice(0, count));
      expect(after).toHaveLength(count);
    }
    expect(asked).toEqual([3, 200]);
  });

  it("takes any response that the verifier takes", async () => {
    const ask = examiner({ engine: await engine, model, vocabulary });
    const { worked } = targetOf(suite, "mini-ifeval");
    const examples = drawExamples(worked, 10, key(7), vocabulary);
    const seen: string[] = [];
    const score = (prompt: readonly string[]) => {
      seen.push(prompt.join(" "));
      return { correct: prompt.includes("do"), why: "" };
    };
    expect((await ask.skill(params, { positions: 48, score }, examples)).right).toBe(1);
    expect(seen).toEqual(
      examples.map(({ prompt }) => vocabulary.decode(prompt.slice(1)).join(" ")),
    );
  });
});
