import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { auditSteps, certifiedWeight } from "../../../src/anchored/certificates/retention.ts";
import { fineTune, type Measurement } from "../../../src/anchored/fineTune.ts";
import type { FineTuneOptions } from "../../../src/anchored/options.ts";
import { planFineTune } from "../../../src/anchored/plan.ts";
import { greedyAnswers, lostAnswers } from "../../../src/anchored/retention/answers.ts";
import { planAnswers } from "../../../src/anchored/retention/planned.ts";
import type { Retention } from "../../../src/anchored/retention/retain.ts";
import { anchorRows, responseReader } from "../../../src/anchored/targets/responseRows.ts";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import type { Params } from "../../../src/nn/config.ts";
import { key, stream } from "../../../src/tensor/random.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { PromptResponse } from "../../../src/train/examples.ts";
import { collect, endOf, reversals, tinyAnchored, tinyModel, tinyStudy } from "../tiny.ts";

let engine: Engine;
/** Trained, so that it has something to lose. */
let base: Params;
let reference: Params;

/** All 30 prompts `0 a 1` and `0 a b 1`, in two halves. */
const letters = [3, 4, 5, 6, 7];
const all: readonly PromptResponse[] = [
  ...letters.map((a) => [0, a, 1]),
  ...letters.flatMap((a) => letters.map((b) => [0, a, b, 1])),
].map((prompt) => ({ prompt, response: [...prompt.slice(1, -1).toReversed(), 2] }));
const plan = all.filter((_, i) => i % 2 === 0);
const audit = all.filter((_, i) => i % 2 === 1);
const risk = { risk: 0.3, confidence: 0.9 };
const retain = { plan, audit };

beforeAll(async () => {
  engine = await createEngine({ backend: "wasm", threads: 1 });
  const learn = async (
    from: Params,
    data: readonly PromptResponse[],
    epochs: number,
  ): Promise<Params> => {
    const options = { ...tinyStudy, base: from, method: "sft", data, epochs } as const;
    const { params } = await endOf(fineTune(engine, options));
    return engine.run(() => params);
  };
  base = await learn(tinyStudy.base, all, 25);
  // Says the letters as they stand.
  const other = reversals(12, key(5)).map(({ prompt }) => ({
    ...{ prompt, response: [...prompt.slice(1, -1), 2] },
  }));
  reference = await learn(base, other, 12);
});
afterAll(() => engine.close());

const options = (more: Partial<FineTuneOptions> = {}): FineTuneOptions =>
  tinyAnchored(reference, { base, alpha: risk, retain, stopToken: 2, ...more });

const retentionsOf = (measured: readonly Measurement[]): Retention[] =>
  measured.flatMap((m) => (m.kind === "outer" ? (m.certificate.retention ?? []) : []));

describe("answers", () => {
  test("of the base are its own to the last, and another model's are counted as lost", async () => {
    const answers = await greedyAnswers(engine, { model: tinyModel, params: base }, all, {
      ...{ newTokens: 4, stopTokens: [2] },
    });
    expect(answers.filter(({ response }) => response.at(-1) === 2).length).toBeGreaterThan(20);
    const lost = lostAnswers(engine, tinyModel, 7);
    expect(await lost(base, answers)).toBe(0);
    const theirs = await greedyAnswers(engine, { model: tinyModel, params: reference }, all, {
      ...{ newTokens: 4, stopTokens: [2] },
    });
    const differing = answers.filter(
      (answer, i) => `${answer.response}` !== `${at(theirs, i).response}`,
    );
    expect(await lost(reference, answers)).toBe(differing.length);
    expect(differing.length).toBeGreaterThan(3);
  });

  test.each(["logit", "probability", { power: 0.5 }] as const)(
    "are lost by the anchor exactly above their thresholds, on the path %j",
    async (interpolation) => {
      const models = [base, reference].map((params) => ({ model: tinyModel, params }));
      const answers = await greedyAnswers(engine, at(models, 0), plan, {
        ...{ newTokens: 4, stopTokens: [2] },
      });
      const path = { interpolation, temperature: 1.5 };
      const planned = await planAnswers(engine, [at(models, 0), at(models, 1)], answers, {
        ...{ batchSize: 4, ...path },
      });
      const read = responseReader(engine, tinyModel, 8);
      const [p, s] = [await read(base, answers), await read(reference, answers)];
      for (const alpha of [0.1, 0.3, 0.5, 0.8]) {
        const { data, starts } = anchorRows(p, s, { alpha, ...path });
        const isLost = answers.map(({ response }, i) =>
          response.some((token, k) => {
            const row = at(starts, i) + k;
            const said = data.subarray(row * 8, (row + 1) * 8);
            return said.indexOf(Math.max(...said)) !== token;
          }),
        );
        expect(planned.thresholds.map((c) => alpha > c)).toEqual(isLost);
        const look = await planned.at(alpha);
        expect(look.lost).toBe(isLost.filter(Boolean).length);
        // Where there is slack at each token, the answer stays.
        expect(look.covered).toBeLessThanOrEqual(look.prompts - look.lost);
        const { least, tenth, median } = look.slack;
        expect(least).toBeLessThanOrEqual(tenth);
        expect(tenth).toBeLessThanOrEqual(median);
      }
      expect(planned.thresholds.some((c) => c < 1)).toBe(true);
      expect((await planned.at(0)).lost).toBe(0);
    },
  );
});

describe("a weight that is certified before training", () => {
  test("is that of the planning prompts, shared out over the outer steps", async () => {
    const measured = await collect(fineTune(engine, options({ outer: 3 })));
    const [told] = measured;
    if (told?.kind !== "retention") throw new Error("expected the plan first");
    const models = [base, reference].map((params) => ({ model: tinyModel, params }));
    const answers = await greedyAnswers(engine, at(models, 0), plan, {
      ...{ newTokens: 4, stopTokens: [2] },
    });
    const { thresholds } = await planAnswers(engine, [at(models, 0), at(models, 1)], answers, {
      ...{ batchSize: 4, interpolation: "logit", temperature: 1 },
    });
    expect(told.certified).toBe(certifiedWeight(thresholds, risk));
    expect(told.certified).toBeGreaterThan(0);
    expect(told.certified).toBeLessThan(1);
    expect(1 - (1 - told.alpha) ** 3).toBeCloseTo(told.certified ?? 0, 10);
    expect(told.planned.lost).toBeLessThanOrEqual(told.allowed);
    expect(told.audited).toBe(15);
    const outers = measured.filter((m) => m.kind === "outer");
    expect(outers.map(({ alpha }) => alpha)).toEqual([told.alpha, told.alpha, told.alpha]);
    const weights = retentionsOf(measured).map(({ planned }) => planned?.weight);
    [1, 2, 3].forEach((t, i) => {
      expect(weights[i]).toBeCloseTo(1 - (1 - told.alpha) ** t, 12);
    });
  });

  test("trains as the same number does", async () => {
    const [certified, ...rest] = await collect(fineTune(engine, options()));
    if (certified?.kind !== "retention") throw new Error("expected the plan first");
    const { alpha } = certified;
    const plain = await collect(
      fineTune(engine, options({ alpha, retain: { ...retain, ...risk } })),
    );
    const losses = (of: readonly Measurement[]) =>
      of.flatMap((m) => (m.kind === "step" ? [m.loss] : []));
    expect(losses(plain)).toEqual(losses(rest));
    expect(retentionsOf(plain)).toEqual(retentionsOf(rest));
  });

  test("is refused where it would say nothing, with what is needed", () => {
    const of = (more: Partial<FineTuneOptions>) => () => planFineTune(options(more));
    expect(of({ retain: { plan: plan.slice(0, 6), audit } })).toThrow(
      "expected at least 7 prompts for risk 0.3 with confidence 0.9, got 6",
    );
    expect(of({ retain: { plan, audit: audit.slice(0, 6) } })).toThrow("at least 7 prompts");
    expect(of({ alpha: { risk: 0.05 } })).toThrow("at least 59 prompts");
    expect(of({ retain: { plan, audit: [...audit, at(plan, 3)] } })).toThrow(
      "got audit[15] equal to plan[3]",
    );
    expect(of({ alpha: { risk: 1.5 } })).toThrow("expected risk in (0, 1), got 1.5");
    expect(of({ method: "anchoredWeights" })).toThrow("expected alpha to be a number, got a risk");
    expect(of({ interpolation: { power: 4 } })).toThrow("expected alpha to be a number");
    expect(of({ certified: 0 })).toThrow("expected certified above 0");
    expect(of({ retain: { ...retain, ...risk } })).toThrow("in either alpha or retain, got both");
    expect(of({ retain: { ...retain, newTokens: 0 } })).toThrow("expected a positive newTokens");
    const misspelt = { ...retain, newToken: 4 };
    expect(of({ retain: misspelt })).toThrow(
      /^fineTune retain: expected options of .*, got newToken$/,
    );
    const { retain: _, ...without } = options();
    expect(() => planFineTune(without)).toThrow("expected retain with prompts to plan by");
  });
});

describe("the audit", () => {
  test("counts what the student has lost after each outer step, and holds for those that passed", async () => {
    const lost = lostAnswers(engine, tinyModel, 8);
    const answers = await greedyAnswers(engine, { model: tinyModel, params: base }, audit, {
      ...{ newTokens: 4, stopTokens: [2] },
    });
    const counted: number[] = [];
    const measured: Measurement[] = [];
    const run = fineTune(
      engine,
      options({ alpha: 0.6, outer: 4, inner: 6, retain: { ...retain, ...risk } }),
    );
    for await (const m of run) {
      if (m.kind === "outer") counted.push(await lost(m.params, answers));
      measured.push(m);
    }
    const told = retentionsOf(measured);
    expect(told.map((r) => r.lost)).toEqual(counted);
    const failed = counted.findIndex((n) => n > at(told, 0).allowed);
    expect(failed).toBeGreaterThan(0); // some pass, and not all do
    expect(told.map(({ passed }) => passed)).toEqual(counted.map((_, t) => t < failed));
    expect(at(told, 3).steps).toBe(failed);
    for (const { upper, prompts, passed, lost } of told) {
      expect(upper).toBeGreaterThan(lost / prompts);
      if (passed) expect(upper).toBeLessThanOrEqual(risk.risk);
    }
  });

  test("and the plan fail in no more than 70 of 1,000 draws of prompts, at 95 %", async () => {
    // The law of prompts: any of the 30 alike, so that what is lost of all is known.
    const models = [base, reference].map((params) => ({ model: tinyModel, params }));
    const answers = await greedyAnswers(engine, at(models, 0), all, {
      ...{ newTokens: 4, stopTokens: [2] },
    });
    const { thresholds } = await planAnswers(engine, [at(models, 0), at(models, 1)], answers, {
      ...{ batchSize: 8, interpolation: "logit", temperature: 1 },
    });
    const count = lostAnswers(engine, tinyModel, 1);
    const lostBy: boolean[][] = [];
    const { retain: _, ...run } = options({ alpha: 0.4, outer: 5, inner: 4 });
    for await (const m of fineTune(engine, run))
      if (m.kind === "outer") {
        const lost: boolean[] = [];
        for (const answer of answers) lost.push((await count(m.params, [answer])) > 0);
        lostBy.push(lost);
      }
    const shareOf = (lost: readonly boolean[]): number => lost.filter(Boolean).length / lost.length;
    const shares = lostBy.map(shareOf);
    const wanted = { risk: 0.2 };
    const draw = stream(key(77));
    const drawn = () => Array.from({ length: 40 }, () => Math.floor(draw() * all.length));
    let [planFailed, auditFailed, passedAny] = [0, 0, 0];
    for (let study = 0; study < 1000; study++) {
      const weight = certifiedWeight(
        drawn().map((i) => at(thresholds, i)),
        wanted,
      );
      if (shareOf(thresholds.map((c) => c < weight)) > wanted.risk) planFailed++;
      const asked = drawn();
      const counts = lostBy.map((lost) => asked.filter((i) => at(lost, i)).length);
      const passed = auditSteps(counts, asked.length, wanted);
      if (passed > 0) passedAny++;
      if (shares.slice(0, passed).some((share) => share > wanted.risk)) auditFailed++;
    }
    expect(planFailed).toBeLessThanOrEqual(70);
    expect(auditFailed).toBeLessThanOrEqual(70);
    // Neither is idle: the student goes beyond the risk, and some steps pass.
    expect(Math.max(...shares)).toBeGreaterThan(wanted.risk);
    expect(passedAny).toBeGreaterThan(100);
  });

  test("stands at the end of methods without outer steps too, and changes no number", async () => {
    const sft = { ...tinyStudy, base, method: "sft", epochs: 4, stopToken: 2 } as const;
    const plain = await collect(fineTune(engine, sft));
    const audited = await collect(
      fineTune(engine, { ...sft, retain: { plan: [], audit, ...risk } }),
    );
    const losses = (of: readonly Measurement[]) =>
      of.flatMap((m) => (m.kind === "step" ? [m.loss] : []));
    expect(losses(audited)).toEqual(losses(plain));
    const end = audited.at(-1);
    if (end?.kind !== "end") throw new Error("expected the end last");
    expect(end.retention).toMatchObject({ prompts: 15, ...risk });
    expect(end.retention?.planned).toBeUndefined();
  });
});
