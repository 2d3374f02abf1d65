import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import { tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/composed/index.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { FloatTensor, TypedArray } from "../../src/tensor/tensor.ts";
import { edgy, moderate } from "./numbers.ts";

/** Rows of numbers, all of one length. */
type Rows = readonly (readonly number[])[];

/** An operation that is made of others, and what it means in plain arithmetic of float64. */
interface Composed {
  readonly of: (x: FloatTensor, y: FloatTensor) => FloatTensor;
  readonly plain: (x: Rows, y: Rows) => Rows;
  /** Where x is meant to lie; anywhere by default. */
  readonly positive?: boolean;
  /** Whether intermediate results overflow, or meet ∞ − ∞, where the plain ones do not. */
  readonly overflows?: boolean;
  /** Whether it has a derivative that differences find. */
  readonly smooth?: boolean;
}

/** erf by two classical expansions: a series of positive terms, and a continued fraction. */
export function plainErf(x: number): number {
  if (!Number.isFinite(x)) return Math.sign(x);
  if (Math.abs(x) > 2.5) {
    let fraction = 0;
    for (let k = 80; k > 0; k--) fraction = k / 2 / (Math.abs(x) + fraction);
    const complement = Math.exp(-x * x) / ((Math.abs(x) + fraction) * Math.sqrt(Math.PI));
    return Math.sign(x) * (1 - complement);
  }
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return ((2 * Math.exp(-x * x)) / Math.sqrt(Math.PI)) * sum;
}

const each =
  (f: (a: number, b: number) => number): Composed["plain"] =>
  (x, y) =>
    x.map((row, i) => row.map((a, j) => f(a, at(at(y, i), j))));
const perRow =
  (f: (row: readonly number[]) => readonly number[]): Composed["plain"] =>
  (x) =>
    x.map(f);

const mean = (row: readonly number[]): number => row.reduce((sum, v) => sum + v, 0) / row.length;
const plainVariance = (row: readonly number[], correction: number): number =>
  row.reduce((sum, v) => sum + (v - mean(row)) ** 2, 0) / (row.length - correction);
const bit = (holds: boolean): number => (holds ? 1 : 0);
const LAST = { axis: -1, keepAxes: true };

/** One row for each. */
export const composed: Readonly<Record<string, Composed>> = {
  relu: { of: ops.relu, plain: each((a) => Math.max(a, 0)) },
  sign: { of: ops.sign, plain: each(Math.sign) },
  clamp: {
    of: (x) => ops.clamp(x, { min: -1, max: 1.5 }),
    plain: each((a) => Math.min(Math.max(a, -1), 1.5)),
  },
  erf: { of: ops.erf, plain: each(plainErf), smooth: true },
  "pow 3": { of: (x) => ops.pow(x, 3), plain: each((a) => a ** 3), smooth: true },
  "pow -2": { of: (x) => ops.pow(x, -2), plain: each((a) => a ** -2) },
  "pow 0": { of: (x) => ops.pow(x, 0), plain: each(() => 1) },
  "pow 0.5": {
    ...{ of: (x) => ops.pow(x, 0.5), plain: each(Math.sqrt), positive: true, smooth: true },
  },
  "pow 2.5": {
    ...{ of: (x) => ops.pow(x, 2.5), plain: each((a) => a ** 2.5), positive: true, smooth: true },
  },
  "pow of tensors": {
    ...{ of: ops.pow, plain: each((a, b) => a ** b), positive: true, smooth: true },
    overflows: true,
  },
  "pow of 2": { of: (x) => ops.pow(2, x), plain: each((a) => 2 ** a), smooth: true },
  equal: { of: ops.equal, plain: each((a, b) => bit(a === b)) },
  notEqual: { of: ops.notEqual, plain: each((a, b) => bit(a !== b)) },
  greater: { of: ops.greater, plain: each((a, b) => bit(a > b)) },
  greaterEqual: { of: ops.greaterEqual, plain: each((a, b) => bit(a >= b)) },
  lessEqual: { of: ops.lessEqual, plain: each((a, b) => bit(a <= b)) },
  stack: {
    of: (x, y) => ops.reshape(ops.stack([x, y], -1), [3, 8]),
    plain: (x, y) => x.map((row, i) => row.flatMap((a, j) => [a, at(at(y, i), j)])),
    smooth: true,
  },
  split: {
    of: (x) => ops.concat(ops.split(x, [1, 3], -1).toReversed(), -1),
    plain: perRow(([first = 0, ...rest]) => [...rest, first]),
    smooth: true,
  },
  variance: {
    of: (x) => ops.variance(x, LAST),
    plain: perRow((row) => [plainVariance(row, 0)]),
    ...{ smooth: true, overflows: true },
  },
  std: {
    of: (x) => ops.std(x, { ...LAST, correction: 1 }),
    plain: perRow((row) => [Math.sqrt(plainVariance(row, 1))]),
    ...{ overflows: true },
  },
  cumsum: {
    of: (x) => ops.cumsum(x),
    plain: perRow((row) => row.map((_, i) => row.slice(0, i + 1).reduce((sum, v) => sum + v, 0))),
    smooth: true,
  },
  topK: {
    of: (x) => {
      const { values, indices } = ops.topK(x, 3);
      return ops.concat([values, ops.toFloat(indices)], -1);
    },
    plain: perRow((row) => {
      const order = row.map((_, i) => i).sort((i, j) => at(row, j) - at(row, i) || i - j);
      const first = order.slice(0, 3);
      return [...first.map((i) => at(row, i)), ...first];
    }),
    overflows: true,
  },
};

/** Three rows of four, which hold a number of each kind every few runs. */
const rowsOf = (value: fc.Arbitrary<number>): fc.Arbitrary<Rows> => {
  const row = fc.array(value, { minLength: 4, maxLength: 4 });
  return fc.array(row, { minLength: 3, maxLength: 3 });
};

/** x anywhere and x > 0, and y. Edges where `all`. */
export function givenRows(all: boolean): fc.Arbitrary<{ any: Rows; positive: Rows; y: Rows }> {
  const { any, positive } = moderate;
  return fc.record({
    any: rowsOf(all ? edgy.any : any),
    positive: rowsOf(positive),
    y: rowsOf(any),
  });
}

export type Given = Readonly<Record<"any" | "positive" | "y", Rows>>;

/** What each is given: edges where it can take them. */
const inputOf = ({ positive }: Composed, given: Given): Rows =>
  positive ? given.positive : given.any;

const kindOf = (x: number): string =>
  Number.isNaN(x) ? "NaN" : Number.isFinite(x) ? "finite" : `${x}`;

function expectRows(name: string, got: TypedArray, want: Rows, tolerance: number): void {
  const flat = want.flat();
  expect(got.length, name).toBe(flat.length);
  flat.forEach((x, i) => {
    const y = at(got, i);
    const isNear = !Number.isFinite(x) || Math.abs(y - x) < tolerance * (1 + Math.abs(x));
    if (kindOf(y) !== kindOf(x) || !isNear)
      expect.fail(`${name}, element ${i}: ${y}, expected ${x}`);
  });
}

/** All of them on one engine, in one program, beside plain arithmetic. */
async function expectPlain(engine: Engine, given: Given, tolerance: number): Promise<void> {
  const edges = given.any.flat().some((x) => !Number.isFinite(x));
  const tried = Object.entries(composed).filter(([, { overflows }]) => !(edges && overflows));
  const y = tensor(given.y);
  const results = await engine.run(() =>
    tried.map(([, row]) => row.of(tensor(inputOf(row, given)), y)),
  );
  for (const [i, [name, row]] of tried.entries())
    expectRows(name, at(results, i).data, row.plain(inputOf(row, given), given.y), tolerance);
}

/** Declares the law "operations that are made of others mean what they say" for an engine. */
export function composesAsMeant(
  start: () => Promise<Engine>,
  { runs, tolerance }: { readonly runs: number; readonly tolerance: number },
): void {
  let engine: Engine;
  beforeAll(async () => {
    engine = await start();
  });
  afterAll(() => engine?.close());

  test.each([
    ["numbers", false],
    ["NaN, infinities and zeros", true],
  ])("operations made of others mean what they say, of %s", async (_, all) => {
    await fc.assert(
      fc.asyncProperty(givenRows(all), (given) => expectPlain(engine, given, tolerance)),
      { numRuns: runs },
    );
  });
}
