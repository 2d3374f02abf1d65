import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fineTune } from "../../src/anchored/fineTune.ts";
import { interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { klToStudent } from "../../src/anchored/objectives/losses.ts";
import type { Method } from "../../src/anchored/objectives/methods.ts";
import type { Objective, ObjectiveInputs } from "../../src/anchored/objectives/objective.ts";
import { type Reweighted, reweighted } from "../../src/anchored/objectives/reweighted.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import { tokenCrossEntropy } from "../../src/nn/losses.ts";
import { sgd } from "../../src/optim/sgd.ts";
import { full, ids, tensor } from "../../src/tensor/apply.ts";
import { grad } from "../../src/tensor/grad.ts";
import {
  broadcastTo,
  exp,
  less,
  log,
  max,
  maximum,
  mul,
  neg,
  reshape,
  softmax,
  sub,
  sum,
} from "../../src/tensor/ops.ts";
import { at, last } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { endOf, expectClose, numbersOf, tinyStudy } from "../anchored/tiny.ts";
import { testEngine } from "../testEngine.ts";
import { choices } from "./laws/arbitraries.ts";
import { flowLaws } from "./laws/flows.ts";
import { checkLaws, sceneOf, testLaws } from "./laws/laws.ts";
import {
  anchorOn,
  type Batch,
  batchOf,
  everyStepAnchor,
  lossOf,
  planned,
  reweightingLaws,
} from "./laws/reweightings.ts";
import { type Reweighting, reweightings, type Seen } from "./laws/tokenWeights.ts";

const engine = await testEngine();

/** 3,600 pairs, those of forty scenes to each run: they have no weights, for which programs would be traced. */
const groups = choices.map((choice) => ({ ...choice, scenes: 40 }));
const numRuns = 10;

const inTable = (method: Method): boolean => reweightings.some((row) => row.method === method);

describe("token reweightings", () => {
  test("are all of the program's methods that weigh tokens or sequences", () => {
    const methods = Object.keys(reweighted) as readonly Reweighted[];
    expect(methods.filter((method) => !inTable(method))).toEqual([]);
  });

  test("every loss of the table pulls as its every-step anchor does", async () => {
    await fc.assert(
      fc.asyncProperty(groups, (choice) =>
        checkLaws([engine], reweightingLaws, choice, "probability", 1e-12),
      ),
      { numRuns },
    );
  });

  test("while w + β ≤ 1 the anchor is a distribution, and of most methods it always is", async () => {
    const left = new Set<string>();
    await fc.assert(
      fc.asyncProperty(groups, async (choice) => {
        const batch = batchOf(sceneOf(choice, "probability", 1e-12));
        const made = await engine.run(() =>
          reweightings.map((row) => {
            const { weight, anchor } = anchorOn(row, batch);
            return [weight, neg(max(neg(anchor), { axis: -1 })), sum(anchor, { axis: -1 })];
          }),
        );
        reweightings.forEach(({ name, beta = 0 }, i) => {
          const [weight, least, whole] = made[i] ?? [];
          weight?.data.forEach((w, token) => {
            expect(Math.abs(at(whole?.data ?? [], token) - 1)).toBeLessThan(1e-12 * (1 + w));
            if (w + beta > 1 + 1e-12) left.add(name);
            else expect(at(least?.data ?? [], token)).toBeGreaterThan(-1e-12);
          });
        });
      }),
      { numRuns: 5 },
    );
    const leaving = reweightings.filter(({ leaves }) => leaves).map(({ name }) => name);
    expect([...left].sort()).toEqual(leaving.sort());
  });

  // All but those that leave the simplex while they train.
  test.each(
    reweightings
      .filter(
        ({ leaves, method, options }) =>
          (!leaves || method === "asft") && (method !== "flow" || options),
      )
      .map((row) => [row.name, row] as const),
  )("fineTune with it and with its anchor go the same way: %s", async (_, row) => {
    const { learningRate: _rate, ...study } = tinyStudy;
    const run = async (options: Partial<FineTuneOptions>) => {
      const optimizer = sgd({ learningRate: 0.5 });
      const end = await endOf(
        fineTune(engine, { ...study, method: "sft", epochs: 2, optimizer, ...options }),
      );
      return numbersOf(engine, end.params);
    };
    const own = await run({ method: row.method, ...row.options });
    expectClose(await run({ method: anchoring(row) }), own, 1e-12);
    expect(Math.max(...own.map(Math.abs))).toBeLessThan(10);
  });

  test.each<readonly [string, Method, Partial<FineTuneOptions>, p: number, frozen: number]>([
    ["PSFT, where the token has become 1.2 times as likely", "psft", {}, 0.6, 0.5],
    ["iw-SFT by tokens, where it is likelier than to the base", "iwSftTokens", {}, 0.6, 0.5],
    ["iw-SFT by sequences, the same", "iwSft", {}, 0.6, 0.5],
    [
      "forward ASFT, where p_θ(y) > 1 − β",
      "asft",
      { beta: 0.1, direction: "forward" },
      0.95,
      0.999999,
    ],
    [
      "reverse ASFT, where p_θ has what the base excludes",
      "asft",
      { beta: 0.1, direction: "reverse" },
      0.4,
      1 - 1e-9,
    ],
    [
      "SFT + β·KL(p_base‖p_θ), unless the pull is divided by 1 + β",
      "klRegularized",
      { beta: 0.5, direction: "forward" },
      0.9,
      0.99,
    ],
  ])("no distribution pulls as that does: %s", async (_, method, options, p, frozen) => {
    // Any anchor q of weight 1 pulls with p_θ − q: what the loss pulls with leaves one candidate.
    const rest = (first: number): Tensor =>
      tensor([[[first, 0.75 * (1 - first), 0.25 * (1 - first)].map(Math.log)]]);
    const batch: Batch = {
      ...{ logits: rest(p), base: rest(frozen), labels: ids([[0]]), mask: full([1, 1], 1) },
      ...{ likeliest: () => full([1, 1, 3], 1), losses: [1] },
    };
    const [only] = await engine.run(() => [
      sub(softmax(batch.logits), grad(lossOf(planned(method, options), batch))(batch.logits)),
    ]);
    const q = [...(only?.data ?? [])];
    expect(q.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    expect(Math.min(...q)).toBeLessThan(-1e-3);
  });

  test("not a bound of frozen anchors: small steps of DFT, whose weight is .1 at first, go all the way", async () => {
    const start = tensor([[0, Math.log(4.5), Math.log(4.5)]]); // p(y) = .1
    const labels = ids([0]);
    const { objective, settings } = planned("dft");
    const descend = engine.compile((z: Tensor) => {
      const mask = full([1], 1);
      const loss = (logits: Tensor): Tensor =>
        sum(objective.perToken({ logits, labels, mask }, settings));
      return sub(z, mul(grad(loss)(z), 2));
    });
    let z: Tensor = start;
    for (let step = 0; step < 200; step++) z = await descend(z);
    const frozen = await engine.run(() => {
      const label = tensor([[0, -700, -700]]);
      return [softmax(z), exp(interpolate("probability", 0.1)(start, label))];
    });
    const [reached, anchored] = frozen.map(({ data }) => at(data, 0));
    expect(reached).toBeGreaterThan(0.99);
    expect(anchored).toBeCloseTo(0.19, 12);
  });
});

/** By counting those that are likelier. */
const likeliestOf =
  (logits: Tensor) =>
  (K: number): Tensor => {
    const V = last(logits.shape);
    const [lead, wide] = [logits.shape.slice(0, -1), [...logits.shape, V]];
    const [own, other] = [
      [...lead, V, 1],
      [...lead, 1, V],
    ].map((shape) => broadcastTo(reshape(logits, shape), wide));
    return less(sum(less(own as Tensor, other as Tensor), { axis: -1 }), K - 0.5);
  };

/** A method whose loss is the anchor's of a reweighting: KL(q‖p_θ), q made anew at every step. */
function anchoring(row: Reweighting): Objective {
  const ofBase = planned(row.method, row.options).objective.target === "base";
  const seenIn = ({ logits, labels, mask, target }: Omit<ObjectiveInputs, "params">): Seen => {
    const surprise = tokenCrossEntropy(logits, labels);
    const frozenSurprise =
      ofBase && target
        ? tokenCrossEntropy(target, labels)
        : neg(reshape(target as Tensor, labels.shape));
    return { logits, mask, surprise, frozenSurprise, likeliest: likeliestOf(logits), losses: [] };
  };
  return {
    ...{ target: ofBase ? "base" : "baseLabels", needs: [], knows: [] },
    perToken: (inputs) => {
      const base = ofBase ? inputs.target : undefined;
      const { anchor } = everyStepAnchor(row, seenIn(inputs), { labels: inputs.labels, base });
      return mul(klToStudent(log(maximum(anchor, 0)), inputs.logits), row.times ?? 1);
    },
    ...(row.isMeanOfKept && { counts: (inputs: ObjectiveInputs) => row.weight(seenIn(inputs)) }),
  };
}

describe("flows and proximal points", () => {
  testLaws(() => engine, flowLaws);
});
