import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readFineTuned } from "../../../src/finetune/report/run.ts";
import {
  keptSentence,
  learnedOf,
  learnedSentence,
  outcomeOf,
  summaryOf,
} from "../../../src/finetune/report/verdict.ts";
import { type Line, textOf } from "./fixture.ts";

interface Scores {
  readonly kl?: number;
  readonly logLoss?: number;
  readonly exact?: number;
  readonly changed?: number;
}

const look = (stage: string, set: string, { kl = 0, logLoss = 2, ...rest }: Scores): Line => ({
  ...{ kind: "look", stage, step: 1, set, kl, logLoss, perplexity: Math.exp(logLoss), ...rest },
});

const run = (...lines: readonly Line[]) =>
  readFineTuned({ recipe: "{}", metrics: textOf([...lines, { kind: "end" }]) });

/** Looks at both sets: base, SFT, anchored. */
const both = (task: readonly Scores[], retained: readonly Scores[]) =>
  run(
    ...["base", "sft", "anchored"].flatMap((stage, i) => [
      look(stage, "eval", task[i] ?? {}),
      look(stage, "retain", retained[i] ?? {}),
    ]),
  );

const better = [{ logLoss: 2 }, { logLoss: 1 }, { logLoss: 1.05 }];

test("an outcome is that of the step that was kept", () => {
  const at = (step: number, logLoss: number): Line => ({
    ...look("sft", "eval", { logLoss }),
    step,
  });
  const looks = [look("base", "eval", {}), at(2, 1.5), at(4, 1), at(6, 1.2)];
  const best = { kind: "best", stage: "sft", step: 4, steps: 6, logLoss: 1 };
  expect(outcomeOf(run(...looks), "eval").sft?.logLoss).toBe(1.2);
  const kept = run(...looks, best, { ...at(4, 1), exact: 0.5 });
  expect(outcomeOf(kept, "eval").sft).toMatchObject({ step: 4, logLoss: 1, exact: 0.5 });
  expect(kept.others.size).toBe(0);
});

describe("the verdict", () => {
  test.each([
    ["learned and kept", better, [{}, { kl: 0.5 }, { kl: 0.05 }]],
    ["learned, not kept", better, [{}, { kl: 0.5 }, { kl: 0.4 }]],
    [
      "kept, not learned",
      [{ logLoss: 2 }, { logLoss: 1 }, { logLoss: 1.5 }],
      [{}, { kl: 0.5 }, { kl: 0.01 }],
    ],
    ["neither", [{ logLoss: 2 }, { logLoss: 1 }, { logLoss: 1.9 }], [{}, { kl: 0.5 }, { kl: 0.6 }]],
    ["nothing to save", better, [{}, { kl: 0.01, changed: 0 }, { kl: 0.001 }]],
    ["unknown", [{ logLoss: 2 }, { logLoss: 2 }, { logLoss: 1 }], [{}, { kl: 0.5 }, { kl: 0.01 }]],
  ])("is %j where the numbers are so", (summary, task, retained) => {
    expect(summaryOf(both(task, retained))).toBe(summary);
  });

  test("is not given before the end", () => {
    const metrics = textOf([look("base", "eval", {}), look("sft", "eval", { logLoss: 1 })]);
    expect(summaryOf(readFineTuned({ recipe: "{}", metrics }))).toBe("unfinished");
  });

  test("goes by exact match where there is any", () => {
    const exact = [0, 0.8, 0.4].map((x) => ({ logLoss: 2, exact: x }));
    const learned = learnedOf(outcomeOf(both(exact, []), "eval"));
    expect(learned).toMatchObject({ by: "exact", share: 0.5 });
    const none = better.map((scores) => ({ ...scores, exact: 0 }));
    expect(learnedOf(outcomeOf(both(none, []), "eval"))?.by).toBe("logLoss");
  });

  test("measures the gain on SFT's, wherever the losses lie", () => {
    const loss = fc.double({ min: 0, max: 8, noNaN: true });
    fc.assert(
      fc.property(loss, loss, loss, (base, sft, method) => {
        const task = [base, sft, method].map((logLoss) => ({ logLoss }));
        const share = learnedOf(outcomeOf(both(task, []), "eval"))?.share;
        if (base - sft < 0.01) expect(share).toBeUndefined();
        else expect(share).toBeCloseTo((base - method) / (base - sft), 9);
      }),
    );
  });

  test("says what it stands on", () => {
    const told = both(better, [
      { logLoss: 1.4 },
      { kl: 0.5, logLoss: 1.9, changed: 0.8 },
      { kl: 0.05, logLoss: 1.45, changed: 0.1 },
    ]);
    expect(learnedSentence(told)).toBe(
      "Anchored learned the task, 95 % of SFT’s gain on held-out prompts: from 2.000 nats a token to 1.050 nats a token, SFT to 1.000 nats a token.",
    );
    expect(keptSentence(told)).toBe(
      "On the retained prompts Anchored went 1/10 as far from the base as SFT. Anchored: KL 0.050 nats a token, log-loss +0.050, 10 % of the answers changed. SFT: KL 0.500 nats a token, log-loss +0.500, 80 % of the answers changed.",
    );
  });

  test("says what is not known", () => {
    expect(learnedSentence(run())).toContain("not known");
    expect(keptSentence(run())).toContain("not known");
    const broken = both([{}, { logLoss: Number.NaN }, {}], [{}, { kl: 1 }, { kl: Number.NaN }]);
    expect(learnedSentence(broken)).toContain("gave no number");
    expect(keptSentence(broken)).toContain("gave no number");
    expect(summaryOf(broken)).toBe("unknown");
    const alone = run(look("base", "eval", {}), look("sft", "eval", { logLoss: 2.2 }));
    expect(learnedSentence(alone)).toContain("did not get better");
  });
});
