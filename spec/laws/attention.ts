import fc from "fast-check";
import { constant } from "../../src/tensor/apply.ts";
import type { Attrs, Tensor } from "../../src/tensor/tensor.ts";
import { attrsOf, length, type Make, notEmpty } from "./case.ts";
import { filled, idsBelow, type Numbers } from "./numbers.ts";

const any = (n: Numbers): fc.Arbitrary<number> => n.any;
const share = (n: Numbers): fc.Arbitrary<number> => n.share;

const square =
  <K extends "causalSoftmax" | "causalSoftmaxGrad">(
    ...values: readonly ((n: Numbers) => fc.Arbitrary<number>)[]
  ): Make<K> =>
  (n) =>
    fc.tuple(fc.array(length(n), { maxLength: 2 }), length(n)).chain(([batch, T]) =>
      attrsOf<K>(
        fc.tuple(...values.map((value) => filled([...batch, T, T], value(n)))),
        fc.constantFrom(0.25, 1, 0.5).map((scale) => ({ scale }) as Attrs<K>),
      ),
    );

/** [B, H, T, D] of queries, [B, G, T, D] of keys and values. */
const headShapes = (n: Numbers): fc.Arbitrary<[q: number[], k: number[]]> =>
  fc
    .tuple(
      fc.integer({ min: 1, max: 2 }),
      fc.integer({ min: 1, max: 2 }),
      fc.constantFrom(1, 3),
      length(notEmpty(n)),
      length(n),
    )
    .map(([B, G, each, T, D]) => [
      [B, G * each, T, D],
      [B, G, T, D],
    ]);

/** [B, H, T, D] of queries, [B, G, S, D] of keys and values. */
const rangeShapes = (n: Numbers): fc.Arbitrary<[q: number[], k: number[]]> =>
  fc
    .tuple(headShapes(n), length(notEmpty(n)), fc.constantFrom(false, false, n.longest > 4))
    // Of many queries some engines take all slots, and of few those that are seen.
    .map(([[q, k], S, many]) => [many ? q.with(2, 17) : q, k.with(2, S)]);

/** Slots and positions: of queries that stand side by side in segments, or anywhere. */
const ranges = ([B = 0, , T = 0]: number[], [, , S = 0]: number[]): fc.Arbitrary<Tensor>[] => [
  fc.oneof(idsBelow([B, T], S), sideBySide([B, T], S, S)),
  fc.oneof(idsBelow([B, T], S), sideBySide([B, T], S, 3)),
];

/** 0, 1, 2, … below S, over and over, in segments of at most so many. */
const sideBySide = ([B = 0, T = 0]: number[], S: number, most: number): fc.Arbitrary<Tensor> =>
  fc.nat(most - 1).map((from) =>
    constant(
      Int32Array.from({ length: B * T }, (_, i) => ((i % T) + from) % Math.min(S, most)),
      [B, T],
    ),
  );

const rangeAttributes = fc.record({
  scale: fc.constantFrom(0.25, 1),
  softcap: fc.constantFrom(null, null, 0.5),
  window: fc.constantFrom(null, null, 1, 2),
});

/** What the primitives of attention accept. */
export const attentionCases: {
  readonly [K in
    | "causalSoftmax"
    | "causalSoftmaxGrad"
    | "causalAttention"
    | "causalAttentionGrad"
    | "rangeAttention"
    | "rangeAttentionGrad"]: Make<K>;
} = {
  causalSoftmax: square(any),
  causalSoftmaxGrad: square(any, share),
  // Scores of many digits before the point lose as many after it in float32, and weights with them.
  causalAttention: (n) =>
    headShapes(n).chain(([q, k]) =>
      attrsOf<"causalAttention">(
        fc.tuple(filled(q, n.share), filled(k, n.share), filled(k, n.any)),
        fc.constantFrom({ scale: 0.25 }, { scale: 1 }),
      ),
    ),
  causalAttentionGrad: (n) =>
    headShapes(n).chain(([q, k]) =>
      attrsOf<"causalAttentionGrad">(
        fc.tuple(filled(q, n.any), filled(q, n.share), filled(k, n.share), filled(k, n.any)),
        fc.constantFrom({ scale: 0.25 }, { scale: 1 }),
      ),
    ),
  rangeAttention: (n) =>
    rangeShapes(n).chain(([q, k]) =>
      attrsOf<"rangeAttention">(
        fc.tuple(filled(q, n.share), filled(k, n.share), filled(k, n.any), ...ranges(q, k)),
        rangeAttributes,
      ),
    ),
  rangeAttentionGrad: (n) =>
    rangeShapes(n).chain(([q, k]) =>
      attrsOf<"rangeAttentionGrad">(
        fc.tuple(
          ...[filled(q, n.any), filled(q, n.share), filled(k, n.share), filled(k, n.any)],
          ...ranges(q, k),
        ),
        rangeAttributes,
      ),
    ),
};
