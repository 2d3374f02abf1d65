import { expect, test } from "vitest";
import { fineTune } from "../../src/anchored/fineTune.ts";
import type { Method } from "../../src/anchored/objectives/methods.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import { planFineTune } from "../../src/anchored/plan.ts";
import { stepBytes } from "../../src/anchored/stepBytes.ts";
import { transformer } from "../../src/nn/transformer.ts";
import { lengthOf } from "../../src/train/examples.ts";
import { testEngine } from "../testEngine.ts";
import { collect, endOf, expectClose, numbersOf, tinyModel, tinyStudy } from "./tiny.ts";

const engine = await testEngine();

const { data, base } = tinyStudy;
const longest = Math.max(...data.map(lengthOf));
/** The longest example fills it, and rounding would go beyond. */
const tight = transformer({ ...tinyModel.config, contextLength: longest });

const anchored = { method: "anchored", reference: base, outer: 1, inner: 1 } as const;
const runs: readonly (readonly [string, Partial<FineTuneOptions> & { readonly method: Method }])[] =
  [
    ["labels alone", { method: "sft", epochs: 1 }],
    ["an anchor from the host", { ...anchored, targets: "rows" }],
    ["an anchor beside each step", { ...anchored, targets: "recompute" }],
    ["weights of examples", { method: "flow", epochs: 1 }],
  ];

test.each(runs)("rows never outgrow the context: %s", async (_, options) => {
  expect(longest % 4).not.toBe(0);
  const asked = { ...tinyStudy, ...options };
  const trained = async (model: typeof tight) =>
    numbersOf(engine, (await endOf(fineTune(engine, { ...asked, model }))).params);
  expectClose(await trained(tight), await trained(tinyModel), 1e-9);
});

test("nor does the step whose memory is asked for", async () => {
  const plan = planFineTune({ ...tinyStudy, model: tight, method: "sft", epochs: 1 });
  expect(stepBytes(engine, plan, data)).toBeGreaterThan(0);
  await collect(fineTune(engine, { ...tinyStudy, model: tight, method: "sft", epochs: 1 }));
});
