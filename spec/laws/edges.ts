import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { constant } from "../../src/tensor/apply.ts";
import { vjp } from "../../src/tensor/grad.ts";
import { at, sizeOf } from "../../src/tensor/shapes.ts";
import type { PrimitiveName, TypedArray } from "../../src/tensor/tensor.ts";
import { type Case, cases, describeCase, primitives } from "./arbitraries.ts";
import { asFunction } from "./function.ts";
import { edgy, edgyAndExtreme, type Numbers } from "./numbers.ts";

/** What an engine is known to do otherwise than the reference, and why. */
export interface EdgeOptions {
  readonly runs: number;
  /** Cases a run, which share one program. */
  readonly cases: number;
  /** Whether zeros have their sign: GPUs may drop it. */
  readonly signs?: boolean;
}

/** Intermediate sums and products overflow or vanish in float32 where they do not in float64. */
const rounding: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>([
  ...(["sum", "matmul", "scatterAdd", "softmaxGrad", "logSoftmaxGrad"] as const),
  ...(["causalSoftmaxGrad", "causalAttention", "causalAttentionGrad"] as const),
  ...(["rangeAttention", "rangeAttentionGrad"] as const),
  ...(["rmsNorm", "rmsNormGradX", "rmsNormGradGain", "rope", "swiglu", "swigluGradGate"] as const),
  ...(["gelu", "geluGrad", "crossEntropyGrad", "anchoredKl", "anchoredKlGrad"] as const),
  ...(["ema", "emaSquare", "adamwUpdate", "crossEntropy"] as const),
]);

/** Masked positions have the weight 0, and an engine need not multiply it by what stands there. */
const masking: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>([
  ...(["causalAttention", "causalAttentionGrad", "causalSoftmax"] as const),
  ...(["rangeAttention", "rangeAttentionGrad"] as const),
]);

/** The reference looks at what is seen alone, where an engine may multiply a neighbour by 0. */
const seeing: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>([
  ...(["rangeAttention", "rangeAttentionGrad"] as const),
]);

/** Operations on one element, and those that move it: of a zero its sign is kept. */
const signed: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>([
  ...(["tanh", "sqrt", "sin", "neg", "abs", "add", "sub", "mul", "mulNoNan", "div"] as const),
  ...(["select", "toFloat", "reshape", "transpose", "slice", "pad", "concat"] as const),
  ...(["broadcast", "gather", "stopGradient"] as const),
]);

const numbersOf = (op: PrimitiveName): Numbers => (rounding.has(op) ? edgy : edgyAndExtreme);

const kindOf = (x: number): string =>
  Number.isNaN(x) ? "NaN" : Number.isFinite(x) ? "finite" : `${x}`;

/** NaN where the reference has NaN, infinities with their sign, finite numbers where it has those. */
function expectSameKind(op: PrimitiveName, got: TypedArray, want: TypedArray, given: string): void {
  expect(got.length).toBe(want.length);
  Array.from(want, Math.fround).forEach((x, i) => {
    const y = got[i] as number;
    if (Object.is(x, y) || (Number.isNaN(x) && masking.has(op))) return;
    if (Number.isNaN(y) && seeing.has(op)) return;
    if (kindOf(y) !== kindOf(x)) expect.fail(`${op}, element ${i}: ${y}, reference ${x}; ${given}`);
  });
}

function expectSameZeros(
  op: PrimitiveName,
  got: TypedArray,
  want: TypedArray,
  given: string,
): void {
  Array.from(want, Math.fround).forEach((x, i) => {
    if (x === 0 && got[i] === 0 && !Object.is(got[i], x))
      expect.fail(`${op}, element ${i}: the other zero; ${given}`);
  });
}

const show = ({ inputs, attrs }: Case): string =>
  `${inputs.map((x) => `[${x.shape}] ${[...x.data]}`).join(" | ")} ${JSON.stringify(attrs)}`;

/** Declares the law "at the edges this engine is as the reference" for every primitive. */
export function agreesAtEdges(start: () => Promise<Engine>, options: EdgeOptions): void {
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

  for (const op of primitives)
    test(`${op} of NaN, infinities, zeros and nothing is as on the reference`, async () => {
      const several = fc.array(cases[op](numbersOf(op)) as fc.Arbitrary<Case>, {
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
            const [x, given] = [at(want, i).data, show(at(batch, i))];
            expectSameKind(op, y.data, x, given);
            if (options.signs && signed.has(op)) expectSameZeros(op, y.data, x, given);
          });
        }),
        { numRuns: options.runs },
      );
    });

  for (const op of primitives.filter(hasCotangents))
    test(`the cotangents of ${op} are there as on the reference`, async () => {
      const value = edgy.any;
      const several = fc.array(fc.tuple(cases[op](edgy) as fc.Arbitrary<Case>, fc.nat()), {
        minLength: options.cases,
        maxLength: options.cases,
      });
      await fc.assert(
        fc.asyncProperty(several, fc.infiniteStream(value), async (batch, stream) => {
          const rows = batch.map(([c]) => {
            const { f, xs } = asFunction(op, c);
            const [y, pullback] = vjp(f, ...xs);
            const g = Float64Array.from({ length: sizeOf(y.shape) }, () => stream.next().value);
            return pullback(constant(g, y.shape));
          });
          const [got, want] = await Promise.all([
            engine.run(() => rows),
            reference.run(() => rows),
          ]);
          got.forEach((row, i) => {
            row.forEach((y, k) => {
              const x = want[i]?.[k]?.data as TypedArray;
              expectSameKind(op, y.data, x, show(at(batch, i)[0]));
            });
          });
        }),
        { numRuns: Math.ceil(options.runs / 2) },
      );
    });
}

/** Steps have none, and what is made of them is tried with the operations that make it. */
const hasCotangents = (op: PrimitiveName): boolean =>
  !(["less", "argmax", "toFloat", "stopGradient"].includes(op) || op.includes("Attention"));
