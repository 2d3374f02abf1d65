import { describe, expect, test } from "vitest";
import { fineTune } from "../../../src/anchored/fineTune.ts";
import type { Objective } from "../../../src/anchored/objectives/objective.ts";
import { reweighted } from "../../../src/anchored/objectives/reweighted.ts";
import { easyFirst, sequenceMeans } from "../../../src/anchored/objectives/sequenceWeights.ts";
import { weighted } from "../../../src/anchored/objectives/tokenWeights.ts";
import type { FineTuneOptions } from "../../../src/anchored/options.ts";
import { planFineTune } from "../../../src/anchored/plan.ts";
import type { FineTuneCheckpoint } from "../../../src/anchored/resume.ts";
import { full, ids, tensor } from "../../../src/tensor/apply.ts";
import { exp, mul, neg, sub } from "../../../src/tensor/ops.ts";
import { at } from "../../../src/tensor/shapes.ts";
import { testEngine } from "../../testEngine.ts";
import { collect, endOf, expectClose, lossesOf, numbersOf, tinyStudy } from "../tiny.ts";

const engine = await testEngine();

const run = (options: Partial<FineTuneOptions>): FineTuneOptions => ({
  ...{ ...tinyStudy, method: "sft", epochs: 2 },
  ...options,
});
const losses = async (options: Partial<FineTuneOptions>) =>
  lossesOf(await collect(fineTune(engine, run(options))));
const ended = async (options: Partial<FineTuneOptions>) =>
  numbersOf(engine, (await endOf(fineTune(engine, run(options)))).params);

describe("the family of powers", () => {
  test("has SFT and DFT at its ends, to the bit", async () => {
    expect(await losses({ method: "power", power: 0 })).toEqual(await losses({ method: "sft" }));
    expect(await losses({ method: "power", power: 1 })).toEqual(await losses({ method: "dft" }));
    expect(await losses({ method: "threshold", threshold: 0 })).toEqual(await losses({}));
  });
});

describe("a method of one's own", () => {
  const own: Objective = {
    ...{ target: "none", needs: [], knows: [] },
    perToken: weighted(({ surprise }) => {
      const p = exp(neg(surprise));
      return mul(4, mul(p, sub(1, p)));
    }),
  };

  test("is trained as those of the table are", async () => {
    // Its weight is largest at p = ½, so that the loss need not fall; the labels' does.
    expect(await ended({ method: own })).not.toEqual(await ended({ method: "sft" }));
    const quarter: Objective = {
      ...own,
      perToken: weighted(({ surprise }) => full(surprise.shape, 0.25)),
    };
    expectClose(
      (await losses({ method: quarter })).map((x) => 4 * x).slice(0, 1),
      (await losses({})).slice(0, 1),
    );
    expect(await losses({ method: reweighted.dft })).toEqual(await losses({ method: "dft" }));
  });

  test("is refused where it is none", () => {
    const refuses = (method: unknown, message: string) =>
      expect(() => planFineTune(run({ method: method as Objective }))).toThrow(message);
    refuses({ ...own, target: "bases" }, "fineTune method: expected a target of none, base");
    refuses({ ...own, perToken: 1 }, "expected a function as perToken, got 1");
    refuses({ ...own, knows: undefined }, "expected lists of settings");
    refuses(
      { ...own, target: "anchor", exampleWeights: () => [] },
      "expected exampleWeights with a target that does not move, got anchor",
    );
    refuses("sftt", "or an objective, got sftt");
  });
});

describe("what the base says of labels", () => {
  const methods = ["stm", "flow", "iwSft", "iwSftTokens"] as const;
  test.each(methods)("%s takes it alike whole, in parts and packed", async (method) => {
    const setting = { method, epochs: 1, ...(method === "stm" && { threshold: 0.1 }) };
    const whole = await ended(setting);
    expectClose(await ended({ ...setting, microBatchSize: 3 }), whole, 1e-9);
    expectClose(await ended({ ...setting, packing: true }), whole, 1e-9);
  });

  test("flow weighs by its median, or by a τ that is given", () => {
    expect(easyFirst([1, 3, 2], { tau: 2 } as never)).toEqual(
      [1, 3, 2].map((x) => expect.closeTo(Math.exp(-x / 2), 14)),
    );
    expect(easyFirst([1, 3, 2], {} as never)).toEqual(easyFirst([1, 3, 2], { tau: 2 } as never));
    expect(easyFirst([1, 3], {} as never)[0]).toBeCloseTo(Math.exp(-1 / 2), 14);
    expect(easyFirst([0, 0], {} as never)).toEqual([1, 1]);
  });

  test("means of sequences are those of the documents in a row", async () => {
    const x = tensor([[1, 2, 3, Infinity, 5, 7]]);
    const mask = tensor([[1, 1, 1, 0, 1, 1]]);
    const segments = ids([[1, 1, 2, 2, 2, 2]]);
    const { data } = await engine.run(() => sequenceMeans(x, { mask, segments }));
    expect([...data]).toEqual([1.5, 1.5, 5, 0, 5, 5]);
    const { data: one } = await engine.run(() => sequenceMeans(x, { mask }));
    expect([...one]).toEqual([3.6, 3.6, 3.6, 0, 3.6, 3.6]);
  });
});

describe("psft", () => {
  test("pulls as SFT does where the student has just been looked at", async () => {
    const setting = { method: "psft", period: 1 } as const;
    expectClose(await losses(setting), Array(6).fill(-1), 1e-12);
    expectClose(await ended(setting), await ended({}), 1e-9);
    const held = await losses({ method: "psft", period: 6, clipRatio: 0.1 });
    expect(at(held, 5)).toBeLessThan(-1);
    expect(at(held, 5)).toBeGreaterThanOrEqual(-1.1);
  });

  test("goes on in the middle of a period, to the same bits", async () => {
    const setting = { method: "psft", period: 4, checkpointEvery: 1 } as const;
    const all = await collect(fineTune(engine, run(setting)));
    const end = at(
      all.filter((m) => m.kind === "end"),
      0,
    );
    const checkpoints = all.filter((m): m is FineTuneCheckpoint => m.kind === "checkpoint");
    expect(checkpoints).toHaveLength(6);
    for (const resume of checkpoints) {
      const again = await endOf(fineTune(engine, run({ ...setting, resume })));
      expect(await numbersOf(engine, again.params)).toEqual(await numbersOf(engine, end.params));
    }
  });
});
