import fc from "fast-check";
import { apply } from "../../src/tensor/apply.ts";
import { sizeOf } from "../../src/tensor/shapes.ts";
import type { Attrs, PrimitiveName, Tensor } from "../../src/tensor/tensor.ts";
import { attentionCases } from "./attention.ts";
import { attrsOf, type Case, length, type Make, notEmpty } from "./case.ts";
import { castCases } from "./cast.ts";
import { distinct, filled, idsBelow, type Numbers } from "./numbers.ts";

export type { Case } from "./case.ts";

export const describeCase = (op: PrimitiveName, { inputs, attrs }: Case): Tensor =>
  apply(op, inputs, attrs);

const shapeOf = (n: Numbers, min = 0, max = 4): fc.Arbitrary<number[]> =>
  fc.array(length({ ...n, longest: Math.min(n.longest, 5) }), { minLength: min, maxLength: max });

/** Inputs of one shape, given the arbitrary of each one's numbers. */
const sameShape =
  (min: number, ...values: readonly ((n: Numbers) => fc.Arbitrary<number>)[]) =>
  (n: Numbers): fc.Arbitrary<readonly Tensor[]> =>
    shapeOf(n, min).chain((shape) => fc.tuple(...values.map((value) => filled(shape, value(n)))));

const any = (n: Numbers) => n.any;
const positive = (n: Numbers) => n.positive;
const share = (n: Numbers): fc.Arbitrary<number> => n.share;
const negative = (n: Numbers) => n.negative;

function elementwise<K extends PrimitiveName>(
  ...values: readonly ((n: Numbers) => fc.Arbitrary<number>)[]
): Make<K> {
  return (n) => sameShape(0, ...values)(n).map((inputs) => ({ inputs, attrs: {} }) as never);
}

/** Operations over the last axis. */
function rows<K extends PrimitiveName>(
  attrs: Attrs<K>,
  ...values: readonly ((n: Numbers) => fc.Arbitrary<number>)[]
): Make<K> {
  return (n) => sameShape(1, ...values)(n).map((inputs) => ({ inputs, attrs }) as never);
}

const alongAxis =
  <K extends "sum" | "max" | "argmax">(
    fill: (shape: number[], n: Numbers) => fc.Arbitrary<Tensor>,
    least: (n: Numbers) => Numbers,
  ): Make<K> =>
  (n) =>
    shapeOf(least(n), 1).chain((shape) =>
      fc
        .tuple(fill(shape, n), fc.nat(shape.length - 1))
        .map(([x, axis]) => ({ inputs: [x], attrs: { axis } }) as never),
    );

const compared = (shape: number[], { compared: value }: Numbers): fc.Arbitrary<Tensor> =>
  value ? filled(shape, value) : distinct(shape);

const epsilon = (n: Numbers) => n.epsilon.map((e) => ({ epsilon: e }));

/** Rows [R, V], one number a row [R] and one label a row [R]. */
const rowShapes = (n: Numbers) =>
  fc.tuple(length(n), length({ ...notEmpty(n), longest: n.longest * 2 }));

/** What each primitive accepts: one row each, so that every law runs over all of them. */
export const cases: { readonly [K in PrimitiveName]: Make<K> } = {
  exp: elementwise(any),
  log: elementwise(positive),
  tanh: elementwise(any),
  sqrt: elementwise(positive),
  cos: elementwise(any),
  sin: elementwise(any),
  neg: elementwise(any),
  abs: elementwise(any),
  add: elementwise(any, any),
  mul: elementwise(any, any),
  mulNoNan: elementwise(any, any),
  sub: elementwise(any, any),
  div: elementwise(any, positive),
  maximum: elementwise(any, any),
  less: elementwise(any, any),
  select: elementwise(() => fc.constantFrom(0, 1, 2), any, any),
  toFloat: (n) =>
    shapeOf(n).chain((s) => idsBelow(s, 1000).map((x) => ({ inputs: [x], attrs: {} }))),
  cast: castCases,
  alias: elementwise(any),
  stopGradient: elementwise(any),
  checkpoint: (n) =>
    attrsOf<"checkpoint">(sameShape(0, any, any, any)(n), fc.constant({ segment: {} })),
  after: (n) => attrsOf<"after">(sameShape(0, any, any)(n), fc.constant({ segment: {} })),
  sum: alongAxis(
    (shape, n) => filled(shape, n.any),
    (n) => n,
  ),
  max: alongAxis(compared, notEmpty),
  argmax: alongAxis(compared, notEmpty),
  broadcast: (n) =>
    fc
      .array(fc.tuple(length({ ...n, longest: 4 }), fc.boolean()), { maxLength: 4 })
      .chain((axes) => {
        const shape = axes.map(([m]) => m);
        return filled(
          axes.map(([m, repeated]) => (repeated ? 1 : m)),
          n.any,
        ).map((x) => ({
          inputs: [x],
          attrs: { shape },
        }));
      }),
  reshape: (n) =>
    fc.tuple(shapeOf(n), fc.array(fc.nat(3), { maxLength: 2 })).chain(([shape, ones]) =>
      filled(shape, n.any).map((x) => ({
        inputs: [x],
        attrs: { shape: [...ones.map(() => 1), sizeOf(shape)] },
      })),
    ),
  transpose: (n) =>
    shapeOf(n, 1).chain((shape) =>
      attrsOf<"transpose">(
        fc.tuple(filled(shape, n.any)),
        fc
          .shuffledSubarray(
            shape.map((_, i) => i),
            { minLength: shape.length },
          )
          .map((permutation) => ({ permutation })),
      ),
    ),
  slice: (n) =>
    fc
      .array(fc.tuple(fc.nat(3), length({ ...n, longest: 4 }), fc.nat(3)), {
        minLength: 1,
        maxLength: 3,
      })
      .chain((axes) =>
        filled(
          axes.map(([a, b, c]) => a + b + c),
          n.any,
        ).map((x) => ({
          inputs: [x],
          attrs: { start: axes.map(([a]) => a), size: axes.map(([, b]) => b) },
        })),
      ),
  pad: (n) =>
    fc
      .array(fc.tuple(fc.nat(3), length({ ...n, longest: 4 }), fc.nat(3)), {
        minLength: 1,
        maxLength: 3,
      })
      .chain((axes) =>
        filled(
          axes.map(([, b]) => b),
          n.any,
        ).map((x) => ({
          inputs: [x],
          attrs: { before: axes.map(([a]) => a), after: axes.map(([, , c]) => c) },
        })),
      ),
  concat: (n) =>
    fc
      .tuple(shapeOf(n, 1, 3), fc.array(length(n), { minLength: 1, maxLength: 4 }))
      .chain(([shape, lengths]) =>
        fc
          .nat(shape.length - 1)
          .chain((axis) =>
            fc
              .tuple(...lengths.map((m) => filled(shape.with(axis, m), n.any)))
              .map((inputs) => ({ inputs, attrs: { axis } })),
          ),
      ),
  matmul: (n) =>
    fc
      .tuple(
        fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
        ...([1, 2, 3] as const).map(() => length({ ...n, longest: n.longest * 3 })),
        fc.boolean(),
        fc.boolean(),
      )
      .chain(([batch, ...rest]) => {
        const [m, k, l, transposeA, transposeB] = rest as [
          number,
          number,
          number,
          boolean,
          boolean,
        ];
        const a = [...batch, ...(transposeA ? [k, m] : [m, k])];
        const b = [...batch, ...(transposeB ? [l, k] : [k, l])];
        return fc
          .tuple(filled(a, n.any), filled(b, n.any))
          .map((inputs) => ({ inputs, attrs: { transposeA, transposeB } }));
      }),
  gather: (n) =>
    fc
      .tuple(length(notEmpty(n)), length(n), shapeOf(n, 0, 2))
      .chain(([V, C, shape]) =>
        fc
          .tuple(filled([V, C], n.any), idsBelow(shape, V))
          .map((inputs) => ({ inputs, attrs: {} })),
      ),
  scatterAdd: (n) =>
    fc
      .tuple(length(notEmpty(n)), length(n), shapeOf(n, 0, 2))
      .chain(([V, C, shape]) =>
        fc
          .tuple(idsBelow(shape, V), filled([...shape, C], n.any))
          .map((inputs) => ({ inputs, attrs: { rows: V } })),
      ),
  scatterRows: (n) =>
    fc
      .tuple(fc.array(length(n), { maxLength: 2 }), length(notEmpty(n)), length(n), length(n))
      .chain(([batch, V, C, R]) =>
        fc
          .tuple(
            filled([...batch, V, C], n.any),
            idsBelow([...batch, R], V),
            filled([...batch, R, C], n.any),
          )
          .map((inputs) => ({ inputs, attrs: {} })),
      ),
  softmax: rows({}, any),
  softmaxGrad: rows({}, any, share),
  logSoftmax: rows({}, any),
  logSoftmaxGrad: rows({}, any, negative),
  ...attentionCases,
  rmsNorm: (n) =>
    shapeOf(n, 1).chain((shape) =>
      attrsOf<"rmsNorm">(
        fc.tuple(filled(shape, n.any), filled([shape.at(-1) as number], n.any)),
        epsilon(n),
      ),
    ),
  rmsNormGradX: (n) =>
    shapeOf(n, 1).chain((shape) =>
      attrsOf<"rmsNormGradX">(
        fc.tuple(
          filled(shape, n.any),
          filled(shape, n.any),
          filled([shape.at(-1) as number], n.any),
        ),
        epsilon(n),
      ),
    ),
  rmsNormGradGain: (n) => attrsOf<"rmsNormGradGain">(sameShape(1, any, any)(n), epsilon(n)),
  rope: (n) =>
    fc
      .tuple(fc.array(length(n), { maxLength: 2 }), length(n), length(n))
      .chain(([batch, T, half]) =>
        attrsOf<"rope">(
          fc.tuple(
            filled([...batch, T, half * 2], n.any),
            filled([T, half], n.any),
            filled([T, half], n.any),
          ),
          fc.boolean().map((inverse) => ({ inverse })),
        ),
      ),
  swiglu: elementwise(any, any),
  swigluGradGate: elementwise(any, any, any),
  gelu: elementwise(any),
  geluGrad: elementwise(any, any),
  crossEntropy: (n) =>
    rowShapes(n).chain(([R, V]) =>
      fc.tuple(filled([R, V], n.any), idsBelow([R], V)).map((inputs) => ({ inputs, attrs: {} })),
    ),
  crossEntropyGrad: (n) =>
    rowShapes(n).chain(([R, V]) =>
      fc
        .tuple(filled([R], n.any), filled([R, V], n.any), idsBelow([R], V))
        .map((inputs) => ({ inputs, attrs: {} })),
    ),
  anchoredKl: (n) =>
    rowShapes(n).chain((shape) =>
      fc
        .tuple(filled(shape, n.negative), filled(shape, n.any))
        .map((inputs) => ({ inputs, attrs: {} })),
    ),
  anchoredKlGrad: (n) =>
    rowShapes(n).chain(([R, V]) =>
      fc
        .tuple(filled([R], n.any), filled([R, V], n.negative), filled([R, V], n.any))
        .map((inputs) => ({ inputs, attrs: {} })),
    ),
  ema: (n) =>
    attrsOf<"ema">(sameShape(0, any, any)(n), fc.constantFrom({ decay: 0.9 }, { decay: 0 })),
  emaSquare: (n) => attrsOf<"emaSquare">(sameShape(0, any, any)(n), fc.constant({ decay: 0.95 })),
  adamwUpdate: (n) =>
    shapeOf(n).chain((shape) =>
      attrsOf<"adamwUpdate">(
        fc.tuple(
          filled(shape, n.any),
          filled(shape, n.any),
          filled(shape, n.positive),
          filled([3], n.positive),
        ),
        fc.constantFrom({ epsilon: 1e-8, weightDecay: 0 }, { epsilon: 1e-3, weightDecay: 0.1 }),
      ),
    ),
};

export const primitives = Object.keys(cases) as PrimitiveName[];
