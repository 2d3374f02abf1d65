/**
 * From tokens to sequences. KL(P‖P′) = E_{y~P} Σ_i KL(p(·|y_<i) ‖ p′(·|y_<i)), so what holds at
 * every prefix with a slack δ holds for sequences with E_P Σ_i δ_i. The prefixes are those that P
 * generates: bounds at other prefixes say nothing.
 *
 * The models here are tables over tokens a, b and the stop token, sequences of at most three.
 */
import { describe, expect, test } from "vitest";
import { kl } from "../../src/anchored/objectives/divergences.ts";
import { effectiveWeight, interpolate } from "../../src/anchored/objectives/interpolations.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { add, logSoftmax, slice, sub } from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";
import { always, type Choice, errors, pairs } from "./laws/arbitraries.ts";
import { expectation } from "./laws/certificates.ts";
import type { Space } from "./laws/laws.ts";

const engine = await testEngine();

const STOP = 2;
const PREFIXES = ["", "0", "1", "00", "01", "10", "11"];

/** Log-probabilities of the next token after each prefix, [prefixes, 3]. */
type Table = ArrayLike<number>;

const logProb = (table: Table, prefix: string, token: number): number =>
  table[PREFIXES.indexOf(prefix) * 3 + token] as number;

/** log P of each prefix. */
function prefixLogProbs(table: Table): number[] {
  return PREFIXES.map((prefix) =>
    [...prefix].reduce(
      (sum, token, i) => sum + logProb(table, prefix.slice(0, i), Number(token)),
      0,
    ),
  );
}

/** log P of every finished sequence: stopped, or three tokens long. */
function sequenceLogProbs(table: Table): number[] {
  const reached = prefixLogProbs(table);
  return PREFIXES.flatMap((prefix, i) => {
    const ends = prefix.length === 2 ? [0, 1, STOP] : [STOP];
    return ends.map((token) => (reached[i] as number) + logProb(table, prefix, token));
  });
}

/** KL between distributions of sequences, over all of them. */
function sequenceKl(a: Table, b: Table): number {
  const [p, q] = [sequenceLogProbs(a), sequenceLogProbs(b)];
  return p.reduce((sum, logP, i) => sum + Math.exp(logP) * (logP - (q[i] as number)), 0);
}

/** E over the prefixes that a table generates. */
function overPrefixes(table: Table, values: ArrayLike<number>): number {
  return prefixLogProbs(table).reduce(
    (sum, logP, i) => sum + Math.exp(logP) * (values[i] as number),
    0,
  );
}

/** Snapshot and reference: another family of distributions at each prefix. */
function models(choice: Choice): { snapshot: Tensor; reference: Tensor; missed: Tensor } {
  const tables = {
    ...pairs({ ...choice, vocabulary: 3 }),
    missed: errors({ ...choice, vocabulary: 3 }, 0),
  };
  const table = (x: Tensor): Tensor => slice(x, [0, 0], [PREFIXES.length, 3]);
  return {
    snapshot: table(tables.snapshot),
    reference: table(tables.reference),
    missed: table(tables.missed),
  };
}

const tables = async (f: () => readonly Tensor[]): Promise<Table[]> =>
  (await engine.run(f)).map(({ data }) => data);

const expectAtMost = (left: number, right: number): void =>
  expect(left).toBeLessThanOrEqual(right + 1e-9 * (1 + Math.abs(right)));

test("all finished sequences together are sure", () =>
  always(async (choice) => {
    const [p] = await tables(() => [logSoftmax(models(choice).snapshot)]);
    const total = sequenceLogProbs(p as Table).reduce((sum, logP) => sum + Math.exp(logP), 0);
    expect(Math.abs(total - 1)).toBeLessThan(1e-12);
  }));

test("chain rule: the divergence of sequences is the sum of those of tokens at generated prefixes", () =>
  always(async (choice) => {
    const { snapshot, reference } = models(choice);
    const [p, s, perPrefix] = (await tables(() => {
      const [from, to] = [logSoftmax(snapshot), logSoftmax(reference)];
      return [from, to, kl(from, to)];
    })) as [Table, Table, Table];
    const total = sequenceKl(p, s);
    expect(Math.abs(total - overPrefixes(p, perPrefix))).toBeLessThan(1e-9 * (1 + total));
  }));

describe.each<Space>(["logit", "probability"])("%s", (space) => {
  test("an inexact step: KL(P‖P′) ≤ α·KL(P‖S) + E_P Σ_i δ_i", () =>
    always(async (choice) => {
      const { snapshot, reference, missed } = models(choice);
      const [p, s, next, delta] = (await tables(() => {
        const q = interpolate(space, choice.alpha)(snapshot, reference);
        const [from, after] = [logSoftmax(snapshot), logSoftmax(add(q, missed))];
        return [from, logSoftmax(reference), after, expectation(from, sub(q, after))];
      })) as [Table, Table, Table, Table];
      expectAtMost(sequenceKl(p, next), choice.alpha * sequenceKl(p, s) + overPrefixes(p, delta));
    }));

  test("T exact steps: KL(P_0‖P_T) ≤ a_T·KL(P_0‖S), at prefixes of P_0", () =>
    always(async (choice) => {
      const { snapshot, reference } = models(choice);
      const [p, s, last] = (await tables(() => {
        let at = logSoftmax(snapshot);
        for (let t = 0; t < choice.steps; t++) at = interpolate(space, choice.alpha)(at, reference);
        return [logSoftmax(snapshot), logSoftmax(reference), at];
      })) as [Table, Table, Table];
      const weight = effectiveWeight(choice.alpha, choice.steps);
      expectAtMost(sequenceKl(p, last), weight * sequenceKl(p, s));
    }));
});

test("the reverse bound of probability space needs the prefixes that the anchor generates", () =>
  always(async (choice) => {
    const { snapshot, reference } = models(choice);
    const [p, q, perPrefix] = (await tables(() => {
      const mixed = interpolate("probability", choice.alpha)(snapshot, reference);
      return [logSoftmax(snapshot), mixed, kl(logSoftmax(reference), logSoftmax(snapshot))];
    })) as [Table, Table, Table];
    expectAtMost(sequenceKl(q, p), choice.alpha * overPrefixes(q, perPrefix));
  }));

/** A table from the probability of token 0 after "", "0" and "1"; then the sequence stops. */
function twoTokens(first: number, after0: number, after1: number): Tensor {
  const never = 1e-300;
  const row = (x: number): number[] => [Math.log(x), Math.log1p(-x), Math.log(never)];
  const stop = [Math.log(never), Math.log(never), 0];
  return tensor([row(first), row(after0), row(after1), stop, stop, stop, stop]);
}

describe("what does not hold", () => {
  test("not KL(Q‖P) ≤ α·KL(S‖P) for sequences in probability space", async () => {
    const [p, s] = [twoTokens(0.9, 0.9, 0.999), twoTokens(0.999, 0.9, 0.001)];
    const [P, S, Q] = (await tables(() => [p, s, interpolate("probability", 0.25)(p, s)])) as [
      Table,
      Table,
      Table,
    ];
    expect(sequenceKl(Q, P)).toBeCloseTo(0.0916, 4);
    expect(0.25 * sequenceKl(S, P)).toBeCloseTo(0.0266, 4);
  });

  test.each<[Space, (a: number, b: number) => number]>([
    ["logit", (a, b) => Math.sqrt(a * b)],
    ["probability", (a, b) => (a + b) / 2],
  ])(
    "not the mixture of sequences: anchors of tokens make another distribution (%s)",
    async (space, mean) => {
      const [p, s] = [twoTokens(0.9, 0.8, 0.1), twoTokens(0.2, 0.1, 0.9)];
      const of = (table: Table | undefined): number[] =>
        sequenceLogProbs(table as Table).map((logP) => Math.exp(logP));
      const [P, S, Q] = await tables(() => [p, s, interpolate(space, 0.5)(p, s)]);
      const mixed = of(P).map((x, i) => mean(x, of(S)[i] as number));
      const total = mixed.reduce((a, b) => a + b, 0);
      const apart = of(Q).map((x, i) => Math.abs(x - (mixed[i] as number) / total));
      expect(Math.max(...apart)).toBeGreaterThan(0.02);
    },
  );

  test("not from prefixes of the data: a model may change anywhere else", async () => {
    // With s = p the bound is zero, and δ is zero on the data, which starts with "0"; after "1", of
    // probability ½, the student has lost what the snapshot was sure of.
    const before = twoTokens(0.5, 0.5, 1 - 1e-12);
    const after = twoTokens(0.5, 0.5, 1e-12);
    const [P, next, perPrefix] = (await tables(() => [before, after, kl(before, after)])) as [
      Table,
      Table,
      Table,
    ];
    expect(perPrefix[PREFIXES.indexOf("0")]).toBe(0);
    expect(perPrefix[PREFIXES.indexOf("")]).toBe(0);
    expect(sequenceKl(P, next)).toBeCloseTo(13.8, 1);
  });
});
