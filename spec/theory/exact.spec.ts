/**
 * Laws without rounding, for rational probabilities. With p_i ∝ a_iⁿ and s_i ∝ b_iⁿ for whole numbers, the
 * logit anchor of weight j/n is a_i^{n−j}·b_i^j over its sum: rational too.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { at } from "../../src/tensor/shapes.ts";
import type { Space } from "./laws/laws.ts";
import {
  type Fraction,
  fraction,
  type Interval,
  interval,
  isBelow,
  isProved,
  ln,
  minus,
  negated,
  over,
  plus,
  product,
  scaled,
  sumOf,
  times,
  toNumber,
  total,
} from "./laws/rational.ts";

type Distribution = readonly Fraction[];

const one = fraction(1);
const normalised = (weights: readonly bigint[]): Distribution => {
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((w) => fraction(w, sum));
};

/** Σ p·log(p/q). */
const kl = (p: Distribution, q: Distribution): Interval =>
  sumOf(p.map((x, i) => (x.n === 0n ? interval(x) : scaled(ln(over(x, at(q, i))), x))));
const jeffreys = (p: Distribution, q: Distribution): Interval =>
  sumOf(p.map((x, i) => scaled(ln(over(x, at(q, i))), minus(x, at(q, i)))));
const variation = (p: Distribution, q: Distribution): Fraction =>
  total(p.map((x, i) => minus(x, at(q, i))).filter(({ n }) => n > 0n));
const largest = (xs: readonly Fraction[]): number =>
  xs.reduce((best, x, i) => (isBelow(at(xs, best), x) ? i : best), 0);

interface Case {
  readonly p: Distribution;
  readonly s: Distribution;
  readonly r: Distribution;
  readonly alpha: Fraction;
  readonly anchor: (j: number) => Distribution;
  readonly j: number;
  readonly later: number;
  readonly n: number;
}

const integers = (size: number): fc.Arbitrary<bigint[]> =>
  fc.array(fc.oneof(fc.bigInt({ min: 1n, max: 9n }), fc.bigInt({ min: 1n, max: 10_000n })), {
    minLength: size,
    maxLength: size,
  });

const cases = (space: Space): fc.Arbitrary<Case> =>
  fc
    .integer({ min: 2, max: 4 })
    .chain((V) =>
      fc.record({
        a: integers(V),
        b: integers(V),
        judge: integers(V),
        label: fc.option(fc.nat(V - 1)),
        n: fc.constantFrom(2, 3, 4, 8),
        first: fc.nat(1000),
        second: fc.nat(1000),
      }),
    )
    .map(({ a, b, judge, label, n, first, second }) => {
      const powers = (x: readonly bigint[]): Distribution =>
        normalised(x.map((w) => w ** BigInt(n)));
      const [p, s] = [powers(a), powers(b)];
      const anchor = (j: number): Distribution =>
        space === "logit"
          ? normalised(a.map((w, i) => w ** BigInt(n - j) * at(b, i) ** BigInt(j)))
          : p.map((x, i) => plus(times(x, fraction(n - j, n)), times(at(s, i), fraction(j, n))));
      const [j, later] = [first % (n + 1), second % (n + 1)].sort((x, y) => x - y) as [
        number,
        number,
      ];
      const r = label === null ? normalised(judge) : p.map((_, i) => fraction(i === label ? 1 : 0));
      return { p, s, r, alpha: fraction(j, n), anchor, j, later, n };
    });

/** left ≤ right. */
type Statement = (x: Case) => readonly [left: Interval, right: Interval];

/** log max s/p − log min s/p. */
const reachOf = ({ p, s }: Case): Interval => {
  const ratios = s.map((x, i) => over(x, at(p, i)));
  const top = at(ratios, largest(ratios));
  const bottom = at(ratios, largest(ratios.map((x) => over(one, x))));
  return ln(over(top, bottom));
};

const quadratic = (x: Case): Interval => {
  const R = reachOf(x);
  return scaled(product(R, R), times(times(x.alpha, x.alpha), fraction(1, 8)));
};

const both: readonly Space[] = ["logit", "probability"];
const logit: readonly Space[] = ["logit"];

const statements: readonly (readonly [name: string, spaces: readonly Space[], Statement])[] = [
  [
    "1: KL(p‖q) ≤ α·KL(p‖s)",
    both,
    ({ p, s, alpha, anchor, j }) => [kl(p, anchor(j)), scaled(kl(p, s), alpha)],
  ],
  [
    "N1: KL(r‖q) ≤ (1−α)·KL(r‖p) + α·KL(r‖s)",
    both,
    ({ p, s, r, alpha, anchor, j }) => [
      kl(r, anchor(j)),
      sumOf([scaled(kl(r, p), minus(one, alpha)), scaled(kl(r, s), alpha)]),
    ],
  ],
  ["N2: KL(p‖q) ≤ α²R²/8", logit, (x) => [kl(x.p, x.anchor(x.j)), quadratic(x)]],
  ["N2: KL(q‖p) ≤ α²R²/8", logit, (x) => [kl(x.anchor(x.j), x.p), quadratic(x)]],
  [
    "N3: 4·J(p, q_u)·J(q_u, q_v) ≤ (J(p, q_v) − J(p, q_u) − J(q_u, q_v))²",
    both,
    ({ p, anchor, j, later }) => {
      const [q, end] = [anchor(j), anchor(later)];
      const [first, second] = [jeffreys(p, q), jeffreys(q, end)];
      const rest = sumOf([jeffreys(p, end), negated(first), negated(second)]);
      return [scaled(product(first, second), fraction(4)), product(rest, rest)];
    },
  ],
  [
    "N4: κ ≤ KL(p‖s) where s chooses another token than p",
    logit,
    ({ p, s }) => {
      const sorted = [...p].sort((x, y) => (isBelow(x, y) ? 1 : -1));
      const [p1, p2] = [at(sorted, 0), at(sorted, 1)];
      const half = (x: Fraction): Interval =>
        scaled(ln(over(times(fraction(2), x), plus(p1, p2))), x);
      const kappa = sumOf([half(p1), half(p2)]);
      return [largest(p) === largest(s) ? interval(fraction(0)) : kappa, kl(p, s)];
    },
  ],
];

describe.each(statements)("%s", (_, spaces, statement) => {
  test.each(spaces)("proved (%s)", (space) => {
    fc.assert(
      fc.property(cases(space), (x) => {
        const [left, right] = statement(x);
        if (!isProved(left, right)) expect.fail(`${toNumber(left)} > ${toNumber(right)}`);
      }),
      { numRuns: 1000 },
    );
  });
});

/** tanh(x/4) = (√ρ − 1)/(√ρ + 1) with ρ = eˣ, so TV ≤ tanh(αR/4) says (1 + TV)² ≤ ρ·(1 − TV)², ρ = max/min of q/p. */
test("N2: TV(p, q) ≤ tanh(αR/4), without a logarithm", () => {
  fc.assert(
    fc.property(cases("logit"), ({ p, anchor, j }) => {
      const q = anchor(j);
      const ratios = q.map((x, i) => over(x, at(p, i)));
      const inverse = ratios.map((x) => over(one, x));
      const rho = times(at(ratios, largest(ratios)), at(inverse, largest(inverse)));
      const tv = variation(p, q);
      const [less, more] = [minus(one, tv), plus(one, tv)];
      expect(isBelow(times(rho, times(less, less)), times(more, more))).toBe(false);
    }),
    { numRuns: 1000 },
  );
});

test("a false statement is refuted: KL(q‖p) ≤ α·KL(s‖p) in logit space", () => {
  const [a, b] = [normalised([999_999n ** 2n, 1n]), normalised([1n, 9_999_999n ** 2n])];
  const q = normalised([999_999n, 9_999_999n]);
  expect(isProved(scaled(kl(b, a), fraction(1, 2)), kl(q, a))).toBe(true);
  expect(isProved(kl(q, a), scaled(kl(b, a), fraction(1, 2)))).toBe(false);
});

test("logarithms lie between their bounds", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 10n ** 12n }),
      fc.bigInt({ min: 1n, max: 10n ** 12n }),
      (n, d) => {
        const x = ln(fraction(n, d));
        expect(x.high - x.low).toBeLessThan(1n << 20n);
        expect(Math.abs(toNumber(x) - Math.log(Number(n) / Number(d)))).toBeLessThan(1e-13 * 30);
        // log x + log 1/x = 0 and log x² = 2·log x, between the bounds.
        const nothing = sumOf([x, ln(fraction(d, n))]);
        expect(nothing.low <= 0n && 0n <= nothing.high).toBe(true);
        const twice = sumOf([ln(fraction(n * n, d * d)), negated(scaled(x, fraction(2)))]);
        expect(twice.low <= 0n && 0n <= twice.high).toBe(true);
      },
    ),
  );
});
