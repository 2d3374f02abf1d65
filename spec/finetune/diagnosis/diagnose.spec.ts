import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { allowedLosses } from "../../../src/anchored/certificates/retention.ts";
import { largestWeight } from "../../../src/anchored/targets/budget.ts";
import { flipOf, likeliestOf } from "../../../src/anchored/targets/flips.ts";
import { interpolateRow } from "../../../src/anchored/targets/hostRows.ts";
import { logSoftmaxRows, responseReader } from "../../../src/anchored/targets/responseRows.ts";
import { type SeenToken, seenTokens } from "../../../src/anchored/targets/seenTokens.ts";
import {
  type CheckpointDiagnosis,
  diagnose,
  effectOf,
  learntIn,
  type Speaker,
  type TokenSet,
  weightCertified,
  weightThatAdopts,
  weightWithin,
} from "../../../src/finetune/diagnose.ts";
import { firstWithin } from "../../../src/finetune/diagnosis/tokenSet.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { key } from "../../../src/tensor/random.ts";
import { at } from "../../../src/tensor/shapes.ts";
import { type Example, sequenceOf } from "../../../src/train/examples.ts";
import { reversals, tinyModel } from "../../anchored/tiny.ts";
import { testEngine } from "../../testEngine.ts";

const engine = await testEngine();

const speaker = (seed: number): Speaker => {
  const params = Object.entries(tinyModel.init(key(seed)));
  return { model: tinyModel, params: Object.fromEntries(params) };
};
const [base, sft] = [speaker(1), speaker(2)];
const mine = reversals(7, key(3));
const prior: readonly Example[] = [
  ...reversals(4, key(4)),
  { tokens: [0, 5, 6, 2, 7, 4, 2], mask: [0, 0, 1, 1, 0, 1, 1] },
  {
    ...{ tokens: [0, 5, 3, 0, 4, 2], mask: [0, 1, 1, 0, 1, 1] },
    segments: [1, 1, 1, 2, 2, 2],
  },
];

async function seen(data: readonly Example[], batch: number, block?: number, who = [base, sft]) {
  const tokens: SeenToken[] = [];
  const options = { batchSize: batch, ...(block !== undefined && { block }) };
  for await (const { logits, ...rest } of seenTokens(engine, who, data, options))
    tokens.push({ ...rest, logits: logits.map((row) => row.slice()) });
  return tokens;
}

describe("seenTokens", () => {
  test("gives each target its label and both models' logits, as one forward pass does", async () => {
    const tokens = await seen(prior, 2);
    const labels = prior.flatMap((example) => {
      const { tokens, mask } = sequenceOf(example);
      return tokens.filter((_, i) => mask[i] === 1);
    });
    expect(tokens.map(({ label }) => label)).toEqual(labels);
    const rows = await responseReader(engine, tinyModel, 1)(sft.params, prior);
    const flat = tokens.flatMap(({ logits }) => [...at(logits, 1)]);
    expect(flat).toHaveLength(rows.data.length);
    flat.forEach((x, i) => {
      expect(x).toBeCloseTo(at(rows.data, i), 12);
    });
  });

  test("does not depend on batches, blocks, or whether the head stands apart", async () => {
    const whole = await seen(prior, 8);
    const numbers = (tokens: readonly SeenToken[]) =>
      tokens.flatMap(({ example, label, logits }) => [
        ...[example, label],
        ...logits.flatMap((row) => [...row]),
      ]);
    const { config, apply } = tinyModel;
    const plain = [base, sft].map(({ params }) => ({ model: { config, apply }, params }));
    for (const other of [
      await seen(prior, 1),
      await seen(prior, 4, 1),
      await seen(prior, 3, 24),
      await seen(prior, 8, undefined, plain),
    ])
      numbers(other).forEach((x, i) => {
        expect(x).toBeCloseTo(at(numbers(whole), i), 10);
      });
  });
});

test("seenTokens keeps nothing of what it has seen, also where one stops in the middle", async () => {
  // 12 examples of 12 tokens have more logits than the engine moves to the host by itself.
  const many = reversals(12, key(6));
  await seen(many, 12);
  const before = engine.memory().buffers;
  await seen(many, 12);
  expect(engine.memory().buffers).toBeLessThanOrEqual(before);
  for await (const _ of seenTokens(engine, [base, sft], many, { batchSize: 12 })) break;
  expect(engine.memory().buffers).toBeLessThanOrEqual(before);
});

describe("diagnose", () => {
  let found: CheckpointDiagnosis;
  beforeAll(async () => {
    found = await diagnose(engine, { base, sft, data: mine, retain: prior, batchSize: 3 });
  });

  /** Log-probabilities of both models and the labels, all at once. */
  async function rows(data: readonly Example[]) {
    const read = responseReader(engine, tinyModel, data.length);
    const [p, s] = [await read(base.params, data), await read(sft.params, data)];
    const of = (all: typeof p) => {
      const { data } = logSoftmaxRows(all, 1);
      return Array.from({ length: data.length / 8 }, (_, i) =>
        Float64Array.from(data.subarray(8 * i, 8 * i + 8)),
      );
    };
    return { p, s, logP: of(p), logS: of(s) };
  }

  test("counts what anchors of any weight do, token by token", async () => {
    const { logP, logS } = await rows(prior);
    const q = new Float64Array(8);
    for (const weight of [0, 0.1, 0.33, 0.5, 0.9, 1]) {
      const flips = logP.filter((p, i) => {
        interpolateRow("logit", weight)(p, at(logS, i), q);
        return likeliestOf(q) !== likeliestOf(p);
      });
      expect(effectOf(found, weight).flipped).toBe(flips.length / logP.length);
    }
  });

  test("knows what is learnt: what p_sft has right and the base has not", async () => {
    const { logP, logS } = await rows(mine);
    const labels = mine.flatMap(({ response }) => response);
    const wanted = logP.flatMap((p, i) => {
      const { from, to, arrives } = flipOf(p, at(logS, i));
      return to === labels[i] && from !== labels[i] ? [arrives] : [];
    });
    expect(wanted.length).toBeGreaterThan(0);
    expect(learntIn(found.data)).toHaveLength(wanted.length);
    for (const [i, arrives] of wanted.toSorted((a, b) => a - b).entries())
      expect(learntIn(found.data)[i]).toBeCloseTo(arrives, 9);
    const { known, latent, rare, alien } = found.data.kinds;
    expect(known + latent + rare + alien).toBe(found.data.tokens);
    expect(known).toBe(logP.filter((p, i) => likeliestOf(p) === labels[i]).length);
  });

  test("finds weights within a budget that are never too large, and hardly too small", async () => {
    const { p: snapshot, s: reference } = await rows(prior);
    for (const budget of [0, 1e-3, 0.01, 0.05, 0.2, 1, 10]) {
      const exact = largestWeight({
        ...{ snapshot, reference, budget, interpolation: "logit", temperature: 1 },
      });
      const weight = weightWithin(found.retain, budget);
      expect(weight).toBeLessThanOrEqual(exact + 1e-9);
      expect(weight).toBeGreaterThan(exact - 1 / 40);
    }
  });

  test("a weight that adopts a share does, and none that is clearly smaller", () => {
    for (const share of [0.01, 0.5, 0.95, 1]) {
      const weight = weightThatAdopts(found.data, share) ?? Number.NaN;
      expect(effectOf(found, weight).adopted).toBeGreaterThanOrEqual(share);
      expect(effectOf(found, weight - 2e-6).adopted).toBeLessThan(share);
    }
  });

  test("certifies the largest weight at which few enough retained answers change", () => {
    const risk = { risk: 0.5, confidence: 0.9 };
    const [weight, lost] = [weightCertified(found, risk), allowedLosses(prior.length, risk)];
    const changed = (a = Number.NaN) => effectOf(found, a).answersFlipped * prior.length;
    expect(changed(weight)).toBeLessThanOrEqual(lost + 1e-9);
    expect(weight).toBeLessThan(1);
    expect(changed((weight ?? 0) + 1e-9)).toBeGreaterThan(lost + 0.5);
    expect(weightCertified(found, { risk: 0.05 })).toBeUndefined();
  });

  test("of a model and itself finds nothing learnt, and nothing that it would cost", async () => {
    const same = await diagnose(engine, { base, sft: base, data: mine, retain: prior });
    expect(weightThatAdopts(same.data, 0.95)).toBeUndefined();
    expect(effectOf(same, 1)).toMatchObject({ flipped: 0, answersFlipped: 0, adopted: undefined });
    expect(effectOf(same, 1).retainKl).toBeCloseTo(0, 12);
  });

  test("looks at the first examples alone where there are too many tokens", async () => {
    expect(firstWithin(mine, 5)).toHaveLength(2);
    expect(firstWithin(mine, 1)).toHaveLength(1);
    expect(firstWithin(mine, 1000)).toBe(mine);
    const few = await diagnose(engine, { base, sft, data: mine, retain: prior, mostTokens: 5 });
    expect(few.data.tokens).toBe(5);
  });

  test.each([
    [{ data: [] }, DataError, "diagnose: expected examples, got none"],
    [{ retain: [{ prompt: [9], response: [1] }] }, DataError, "ids in [0, 8), got 9 in example 0"],
    [{ batchSize: 0 }, RangeError, "expected a positive integer batchSize, got 0"],
    [{ mostTokens: 0.5 }, RangeError, "expected a positive integer mostTokens, got 0.5"],
    [{ rareBelow: 1 }, RangeError, "expected a rareBelow in (0, 1), got 1"],
  ])("refuses %j", async (options, kind, message) => {
    const asked = diagnose(engine, { base, sft, data: mine, retain: prior, ...options });
    await expect(asked).rejects.toThrow(kind);
    await expect(asked).rejects.toThrow(message);
  });
});

describe("weightThatAdopts", () => {
  const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 1,
    maxLength: 20,
  });
  const share = fc.double({ min: 0.01, max: 1, noNaN: true });

  test("counts what is rare by how much of it is wanted", () => {
    fc.assert(
      fc.property(shares, shares, share, (latent, rare, asked) => {
        const adopted = { latent, rare };
        expect(weightThatAdopts({ adopted }, asked, 1)).toBe(
          weightThatAdopts({ adopted: { latent, rare: [] } }, asked),
        );
        expect(weightThatAdopts({ adopted }, asked, 0)).toBe(
          weightThatAdopts({ adopted: { latent: [...latent, ...rare], rare: [] } }, asked),
        );
      }),
    );
    const adopted = { latent: [0.1, 0.2], rare: [0.7, 0.8, 0.9] };
    // Two and three halves: 95 % of 3.5 are passed at the last.
    expect(weightThatAdopts({ adopted }, 0.95, 0.5)).toBeCloseTo(0.9, 5);
    expect(weightThatAdopts({ adopted }, 0.5, 0.5)).toBeCloseTo(0.2, 5);
    expect(weightThatAdopts({ adopted: { latent: [], rare: [0.7] } }, 0.5, 1)).toBeUndefined();
  });

  test.each([
    [0, 0],
    [1.1, 0],
    [Number.NaN, 0],
    [1, -0.1],
    [1, 1.1],
  ])("refuses a share of %d with %d unwanted", (share, unwanted) => {
    const adopted = { latent: [0.5], rare: [] };
    expect(() => weightThatAdopts({ adopted }, share, unwanted)).toThrow(RangeError);
  });
});

describe("effectOf", () => {
  const set = (options: Partial<TokenSet>): TokenSet => ({
    ...{ examples: 10, tokens: 100, kinds: { known: 90, latent: 5, rare: 5, alien: 0 } },
    ...{ baseLoss: 1, sftLoss: 1, adopted: { latent: [], rare: [] }, strayed: [] },
    ...{ flipped: [], firstFlipped: [], divergence: Array.from({ length: 41 }, () => 0) },
    ...options,
  });
  const steep = Array.from({ length: 41 }, (_, k) => (k / 40) ** 2);

  test("effects never fall with the weight", () => {
    const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });
    const sorted = shares.map((xs) => xs.toSorted((a, b) => a - b));
    const weight = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(sorted, sorted, weight, weight, (latent, flipped, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((w) =>
          effectOf(
            {
              data: set({ adopted: { latent, rare: [] }, divergence: steep }),
              retain: set({ flipped, divergence: steep }),
            },
            w,
          ),
        );
        expect(low?.flipped).toBeLessThanOrEqual(high?.flipped ?? Number.NaN);
        expect(low?.adopted ?? 0).toBeLessThanOrEqual(high?.adopted ?? 0);
        expect(low?.retainKl).toBeLessThanOrEqual(high?.retainKl ?? Number.NaN);
      }),
    );
  });
});
