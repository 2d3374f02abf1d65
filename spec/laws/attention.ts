import fc from "fast-check";
import type { Attrs } from "../../src/tensor/tensor.ts";
import { attrsOf, length, type Make, notEmpty } from "./case.ts";
import { filled, type Numbers } from "./numbers.ts";

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

/** What the primitives of causal attention accept. */
export const attentionCases: {
  readonly [K in
    | "causalSoftmax"
    | "causalSoftmaxGrad"
    | "causalAttention"
    | "causalAttentionGrad"]: Make<K>;
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
};
