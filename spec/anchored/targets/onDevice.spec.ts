import { describe, expect, test } from "vitest";
import type { LossLedger } from "../../../src/anchored/certificates/certifier.ts";
import { fineTune, type Measurement } from "../../../src/anchored/fineTune.ts";
import { heeds } from "../../../src/anchored/objectives/kinds.ts";
import type { Method } from "../../../src/anchored/objectives/methods.ts";
import type { FineTuneOptions } from "../../../src/anchored/options.ts";
import { planFineTune } from "../../../src/anchored/plan.ts";
import { tolerance32 } from "../../../src/anchored/targets/deviceAnchoring.ts";
import { headFault } from "../../../src/anchored/targets/kinds.ts";
import type { LanguageModel } from "../../../src/anchored/targets/languageModel.ts";
import { createEngine } from "../../../src/engines/create.ts";
import type { Params } from "../../../src/nn/config.ts";
import { matmul, mul, tanh } from "../../../src/tensor/ops.ts";
import { key, normal } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { collect, endOf, lossesOf, tinyAnchored, tinyModel, tinyStudy } from "../tiny.ts";

const matrix = normal(key(9), [8, 8], { std: 0.7 });
const head = (_: Params, hidden: Tensor): Tensor => matmul(hidden, matrix, { transposeB: true });
/** The tiny model below a frozen head. */
const frozen: LanguageModel = {
  config: tinyModel.config,
  hidden: (params, tokens) => tinyModel.apply(params, tokens),
  head,
  apply: (params, tokens) => head(params, tinyModel.apply(params, tokens)),
};
const study = { ...tinyStudy, model: frozen };
const options = (reference: Params, more: Partial<FineTuneOptions>): FineTuneOptions => {
  const { method = "anchored" } = more;
  const has = (name: "alpha" | "temperature") => typeof method === "string" && heeds(method, name);
  const own = {
    ...(has("alpha") && { alpha: 0.3 }),
    ...(has("temperature") && { temperature: 1.5 }),
  };
  return { ...tinyAnchored(reference, own), model: frozen, ...more };
};

const certificatesOf = (all: readonly Measurement[]) =>
  all.flatMap((m) => (m.kind === "outer" ? [m] : []));

/** Runs with rows on the host and with another kind of targets. */
async function both(backend: "reference" | "wasm", more: Partial<FineTuneOptions>) {
  await using engine = await createEngine({ backend });
  const sft = await endOf(fineTune(engine, { ...study, method: "sft", epochs: 6 }));
  const run = (given: Partial<FineTuneOptions>) =>
    collect(fineTune(engine, options(sft.params, given)));
  return [await run({ ...more, targets: "rows" }), await run(more)] as const;
}

const methods: Method[] = ["anchored", "anchoredWeights", "asft", "jsd", "moving", "distillation"];
const cases = methods.flatMap((method) =>
  (["hidden", "recompute"] as const).map((targets) => ({ method, targets })),
);

describe.each([
  ["reference", 1e-9],
  ["wasm", 1e-6],
] as const)("on %s", (backend, tolerance) => {
  test.each(cases)("$targets train $method as rows do", async ({ method, targets }) => {
    const [rows, others] = await both(backend, { method, targets, outer: 1 });
    // Later steps see parameters that Adam has moved apart by more than the losses are.
    const [expected, got] = [lossesOf(rows), lossesOf(others)];
    expect(got.length).toBe(expected.length);
    got.slice(0, 4).forEach((loss, i) => {
      const wanted = expected[i] ?? NaN;
      expect(Math.abs(loss - wanted)).toBeLessThan(tolerance * Math.max(wanted, 0.1));
    });
  });

  test("hidden states in codes of 16 bits train nearly as rows do", async () => {
    const [rows, coded] = await both(backend, { targets: "hidden", statesDtype: "q16", outer: 1 });
    const [expected, got] = [lossesOf(rows), lossesOf(coded)];
    const apart = got.slice(0, 4).map((loss, i) => Math.abs(loss - (expected[i] ?? NaN)));
    expect(Math.max(...apart)).toBeLessThan(1e-5);
    expect(Math.max(...apart)).toBeGreaterThan(1e-9);
  });

  test.each(["hidden", "recompute"] as const)(
    "%s certify every step as rows do",
    async (targets) => {
      const [rows, others] = await both(backend, { targets, kdRatio: 0.9 });
      const [expected, got] = [rows, others].map(certificatesOf);
      expect(got?.map((m) => m.targets)).toEqual([targets, targets]);
      expected?.forEach(({ certificate: { mean, tokens, cumulative, ledger } }, i) => {
        const other = got?.[i]?.certificate;
        expect([other?.tokens, other?.held]).toEqual([tokens, tokens]);
        // The terms, and what the parameters have moved apart.
        const allowed = backend === "wasm" ? 3 * tolerance32(20, 8) : 1e-8;
        for (const name of Object.keys(mean) as (keyof typeof mean)[])
          expect(Math.abs((other?.mean[name] ?? NaN) - (mean[name] ?? NaN))).toBeLessThan(allowed);
        expect(
          Math.abs((other?.cumulative?.bound ?? NaN) - (cumulative?.bound ?? NaN)),
        ).toBeLessThan(allowed);
        for (const name of Object.keys(ledger ?? {}) as (keyof LossLedger)[])
          expect(Math.abs((other?.ledger?.[name] ?? NaN) - (ledger?.[name] ?? NaN))).toBeLessThan(
            allowed,
          );
        expect(ledger?.measured).toBeGreaterThan(0);
      });
    },
  );
});

describe("the choice", () => {
  const plan = (more: Partial<FineTuneOptions>) => planFineTune(options(study.base, more)).targets;
  const refuses = (more: Partial<FineTuneOptions>, why: string) =>
    expect(() => plan({ targets: "hidden", ...more })).toThrow(
      new RangeError(`fineTune: expected other targets than hidden, because ${why}`),
    );

  test("is hidden states where they are exact, else rows while they are small", () => {
    expect(plan({})).toBe("hidden");
    expect(plan({ targets: "rows" })).toBe("rows");
    expect(plan({ interpolation: "probability" })).toBe("rows");
    expect(plan({ model: tinyModel })).toBe("rows");
    const large = { ...frozen, config: { ...frozen.config, vocabSize: 2 ** 26 } };
    expect(plan({ model: large })).toBe("hidden");
    expect(plan({ model: large, interpolation: "probability" })).toBe("recompute");
    expect(plan({ model: large, alpha: { budget: 1 } })).toBe("rows");
  });

  test("refuses hidden states where they are not exact", () => {
    refuses(
      { interpolation: "probability" },
      "only the logit path is a straight line between hidden states",
    );
    const { hidden: _, ...without } = frozen;
    refuses({ model: without }, "the model has no hidden and head");
    const capped = { ...frozen, head: (_: Params, h: Tensor) => mul(tanh(head(_, h)), 30) };
    refuses({ model: capped }, "the head is not linear: it has a tanh");
    const own = (params: Params, h: Tensor) =>
      matmul(h, params["lm_head.weight"] ?? matrix, { transposeB: true });
    refuses(
      { model: { ...frozen, head: own } },
      "the head is trained, so that models differ in it",
    );
    expect(headFault(frozen, study.base)).toBe(undefined);
    expect(() => plan({ targets: "recompute", alpha: { budget: 1 } })).toThrow(
      "rows with a budget",
    );
    expect(() => plan({ statesDtype: "bf16" as "q16" })).toThrow("statesDtype of f32, q16, got");
    expect(() => plan({ targets: "magic" as "rows" })).toThrow("expected targets of rows, hidden");
  });
});
