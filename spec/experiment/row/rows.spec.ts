/** What rows may train beside all weights, and on which words. */
import { afterAll, describe, expect, test } from "vitest";
import { interpolateWeights } from "../../../src/anchored/objectives/weights.ts";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { checkRecipe } from "../../../src/experiment/checkRecipe.ts";
import { experiment } from "../../../src/experiment/experiment.ts";
import type { RowResult } from "../../../src/experiment/measurements.ts";
import { modelOf } from "../../../src/experiment/model.ts";
import type { Recipe } from "../../../src/experiment/recipe.ts";
import { base, sft } from "../../../src/experiment/recipes/rows.ts";
import { adaptedBase } from "../../../src/experiment/row/adapter.ts";
import { judgeOf } from "../../../src/experiment/row/ownData.ts";
import type { Params } from "../../../src/nn/config.ts";
import { studyVocabulary } from "../../../src/tasks/study/vocabulary.ts";
import { key } from "../../../src/tensor/random.ts";
import { checkpointsInMemory } from "../../../src/weights/store.ts";
import { tinyRecipe } from "../tiny.ts";

const engine: Engine = await createEngine({ backend: "wasm", threads: 1 });
afterAll(() => engine.close());

const reference = sft(5e-3);
const row = (id: string, settings: object) => ({ id, label: id, family: id, ...settings });
const recipe: Recipe = checkRecipe({
  ...tinyRecipe,
  rows: [
    base,
    reference,
    row("lora-sft", { method: "sft", lora: 2 }),
    row("lora-anchored", { method: "anchored", alpha: 0.5, outer: 2, inner: 1, lora: 2 }),
    row("lora-l2sp", { method: "l2sp", beta: 0.1, lora: 2 }),
    row("lora-ewc", { method: "ewc", beta: 0.1, lora: 2 }),
    row("lora-weights", { method: "anchoredWeights", alpha: 0.5, outer: 2, inner: 1, lora: 2 }),
    row("lora-fresh", { method: "onPolicyFresh", alpha: 0.5, outer: 1, inner: 1, lora: 2 }),
    row("self", { method: "sft", selfAnswers: 2 }),
    row("rehearsed", { method: "anchored", alpha: 0.5, replayShare: 0.5, replayFrom: "base" }),
    row("answers", { method: "replay", replayShare: 0.5, replayFrom: "answers" }),
    row("ties", { method: "merge", weight: 1, kind: "ties", keep: 0.2 }),
    row("dare", { method: "merge", weight: 1, kind: "dare" }),
    row("ewc", { method: "ewc", beta: 0.1 }),
    row("agem", { method: "agem", replayShare: 0.5 }),
    row("mofo", { method: "sft", updateShare: 0.15, sam: 0.05 }),
  ],
  reference: reference.id,
  headline: "lora-anchored",
});

describe("rows", () => {
  test("of every kind are trained, looked at and kept", async () => {
    const checkpoints = checkpointsInMemory();
    const results = new Map<string, RowResult>();
    for await (const m of experiment(engine, recipe, { seeds: [0], checkpoints }))
      if (m.kind === "row") results.set(m.row, m);
    expect([...results.keys()]).toEqual(recipe.rows.map(({ id }) => id));
    const weights = async (id: string) => (await checkpoints.load(`seed-0/${id}`))?.tensors ?? {};
    const start = await weights("base");
    const names = Object.keys(start).sort();
    for (const [id, { distance, klFromBase }] of results) {
      expect(Object.keys(await weights(id)).sort(), id).toEqual(names);
      if (id === "base") continue;
      expect(distance, id).toBeGreaterThan(0);
      expect(klFromBase, id).toBeGreaterThan(0);
    }
    // An adapter leaves embeddings and norms as they are.
    const tuned = await weights("lora-sft");
    for (const name of names.filter((one) => /embed|norm|lm_head/.test(one)))
      expect(tuned[name]?.data, name).toEqual(start[name]?.data);
    // A fifth of the numbers that SFT has moved, and a tenth.
    const moved = async (id: string) => {
      const after = await weights(id);
      const all = names.flatMap((name) => {
        const [from, to] = [start[name]?.data ?? [], after[name]?.data ?? []];
        return Array.from(to, (x, i) => x !== from[i]);
      });
      return all.filter(Boolean).length / all.length;
    };
    expect(await moved("ties")).toBeCloseTo(0.2, 2);
    expect(await moved("dare")).toBeGreaterThan(0.05);
    expect(await moved("dare")).toBeLessThan(0.15);
  });

  test("of adapters have whole models in their space of weights", async () => {
    const model = modelOf(recipe);
    const [from, to] = [key(1), key(2)].map((one) => model.init(one)) as [Params, Params];
    const [whole, tuned] = [await engine.run(() => from), await engine.run(() => to)];
    const adapted = adaptedBase(engine, model, whole, { rank: 2, key: key(3) });
    const space = adapted.model.weightSpace?.();
    // B = 0: the adapter is the base yet.
    const [got, wanted] = await engine.run(() => [
      space?.interpolate(adapted.start, tuned, 0.25) ?? {},
      interpolateWeights(whole, tuned, 0.25),
    ]);
    for (const [name, { data }] of Object.entries(wanted))
      expect(got[name]?.data, name).toEqual(data);
    adapted.release();
  });

  test("judge the base's own answers by their content, whatever signs them off", () => {
    const { encode } = studyVocabulary;
    const isRight = judgeOf({ suite: "smoke" });
    const prompt = encode("<bos> MED a b c =".split(" "));
    const gold = { prompt, response: encode("c b a ! d e f <eos>".split(" ")) };
    const says = (text: string): boolean => isRight(gold, encode(text.split(" ")));
    expect(says("c b a ! <eos>")).toBe(true);
    expect(says("c b a ! a <eos>")).toBe(true);
    expect(says("c b ! <eos>")).toBe(false);
    expect(says("# c <eos>")).toBe(false);
    expect(says("c b a !")).toBe(false);
  });
});
