import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import type { PrimitiveName, TypedArray } from "../../src/tensor/tensor.ts";
import { traits } from "../../src/tensor/traits.ts";
import { type Case, cases, describeCase, primitives } from "./arbitraries.ts";
import { wild } from "./numbers.ts";

/** How far a float32 engine may be from float64. */
export interface Tolerance {
  /** Relative to each element, for operations that look at one element at a time. */
  readonly exact: number;
  /**
   * For sums of many terms: relative to the largest number that goes in, comes out or is a term, as
   * large terms may cancel.
   */
  readonly summed: number;
}

export interface AgreementOptions extends Tolerance {
  /** Property runs an operation. */
  readonly runs: number;
  /** Cases a run, which share one program. */
  readonly cases: number;
}

const SMALLEST_NORMAL = 2 ** -126;

function largest(data: TypedArray): number {
  let most = 0;
  for (const x of data) if (Number.isFinite(x)) most = Math.max(most, Math.abs(x));
  return most;
}

/** Products that are neither inputs nor results, and may cancel each other inside an operation. */
const terms: { readonly [K in PrimitiveName]?: (given: Case<K>) => number } = {
  // g · gain / rms(x), of a component along x that is taken away.
  rmsNormGradX: ({ inputs: [g, x, gain], attrs: { epsilon } }) => {
    const C = x.shape.at(-1) as number;
    const squares = Array.from({ length: x.data.length / C }, (_, row) =>
      Array.from(x.data.slice(row * C, (row + 1) * C)).reduce((sum, v) => sum + v * v, 0),
    );
    const rms = Math.sqrt(Math.min(...squares) / C + epsilon);
    return (largest(g.data) * largest(gain.data)) / rms;
  },
  // g · up, times a derivative with a zero.
  swigluGradGate: ({ inputs: [g, , up] }) => largest(g.data) * largest(up.data),
};

function largestTerm<K extends PrimitiveName>(op: K, given: Case<K>): number {
  return terms[op]?.(given) ?? 0;
}

/** @throws AssertionError naming the first element that is too far off */
function expectClose(
  op: PrimitiveName,
  given: Case,
  got: TypedArray,
  want: TypedArray,
  tolerance: Tolerance,
): void {
  expect(got.length).toBe(want.length);
  const rounded = Float64Array.from(want, Math.fround);
  const inOrOut = [rounded, ...given.inputs.map((x) => x.data)].map(largest);
  const scale = Math.max(largestTerm(op, given), ...inOrOut);
  rounded.forEach((x, i) => {
    const y = got[i] as number;
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) return;
    const allowed =
      traits[op].rounding === "exact"
        ? tolerance.exact * Math.abs(x) + SMALLEST_NORMAL
        : tolerance.summed * (Math.abs(x) + scale) + 1e-30;
    if (!(Math.abs(y - x) <= allowed))
      expect.fail(`${op}, element ${i}: ${y}, reference ${x}, which may be off by ${allowed}`);
  });
}

/** Declares the law "this engine equals the reference" for every primitive. */
export function agreesWithReference(start: () => Promise<Engine>, options: AgreementOptions): void {
  let engine: Engine;
  let reference: Engine;
  beforeAll(async () => {
    engine = await start();
    reference = await createEngine({ backend: "reference" });
  });
  afterAll(async () => {
    await engine?.close();
    await reference?.close();
  });

  for (const op of primitives) {
    test(`${op} equals the reference`, async () => {
      const several = fc.array(cases[op](wild) as fc.Arbitrary<Case>, {
        minLength: options.cases,
        maxLength: options.cases,
      });
      await fc.assert(
        fc.asyncProperty(several, async (batch) => {
          const nodes = batch.map((c) => describeCase(op, c));
          const [got, want] = await Promise.all([
            engine.run(() => nodes),
            reference.run(() => nodes),
          ]);
          got.forEach((y, i) => {
            expect(y.shape).toEqual(want[i]?.shape);
            expect(y.dtype).toEqual(want[i]?.dtype);
            expectClose(op, batch[i] as Case, y.data, want[i]?.data as TypedArray, options);
          });
        }),
        { numRuns: options.runs },
      );
    });
  }
}
