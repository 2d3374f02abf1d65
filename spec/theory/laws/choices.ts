/**
 * N4. When the likeliest token must stay: for any two distributions, with p1 ≥ p2 the likeliest of p, another
 * choice of p′ costs at least κ = p1·ln(2p1/(p1+p2)) + p2·ln(2p2/(p1+p2)) in KL(p‖p′),
 * κ′ = −ln(Σ_{i>2} p_i + 2√(p1·p2)) in KL(p′‖p), and (p1−p2)/2 in total variation. Some j has p′_j ≥ p′_1; by data
 * processing KL(p‖p′) ≥ m·KL(p1/m ‖ x) with m = p1 + p_j and x = p′_1/(p′_1+p′_j) ≤ ½, least at x = ½, and that falls in
 * p_j. κ′ is the I-projection with p′_1 = p′_2 ∝ √(p1·p2). Both are attained where the two are tied. κ ≤ κ′ by their series in (p1−p2)/(p1+p2).
 */
import { kl, totalVariation } from "../../../src/anchored/objectives/divergences.ts";
import { logSumExp } from "../../../src/anchored/objectives/logSpace.ts";
import { full } from "../../../src/tensor/apply.ts";
import {
  add,
  argmax,
  broadcastTo,
  concat,
  div,
  exp,
  less,
  log,
  max,
  maximum,
  minimum,
  mul,
  neg,
  reshape,
  select,
  sub,
  sum,
  toFloat,
} from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Law, Scene } from "./laws.ts";

export interface Radii {
  /** κ, in nats. */
  readonly forward: Tensor;
  /** κ′, in nats. */
  readonly reverse: Tensor;
  readonly variation: Tensor;
}

/** What another choice costs: log-probabilities [..., V] → [...] each. */
export function radii(logP: Tensor): Radii {
  const wide = (x: Tensor): Tensor => broadcastTo(reshape(x, [...x.shape, 1]), logP.shape);
  const overTokens = (x: Tensor): Tensor => sum(x, { axis: -1 });
  const first = max(logP, { axis: -1 });
  const below = less(logP, wide(first));
  const tied = sub(logP.shape.at(-1) as number, overTokens(below)); // how many are the likeliest
  const unique = less(tied, 1.5);
  const second = select(unique, max(select(below, logP, -1e30), { axis: -1 }), first);
  const [p1, p2] = [exp(first), exp(second)];

  const both = logSumExp(concatenated(first, second));
  const half = (x: Tensor): Tensor => mul(exp(x), add(sub(x, both), Math.LN2));
  // What is left without the two: tokens below the second, and those that are tied with it.
  const lower = less(logP, wide(second));
  const equals = sub(sub(logP.shape.at(-1) as number, overTokens(lower)), select(unique, 2, tied));
  const others = add(
    overTokens(mul(lower, exp(logP))),
    mul(select(unique, equals, sub(tied, 2)), p2),
  );
  return {
    forward: add(half(first), half(second)),
    reverse: neg(log(add(others, mul(exp(mul(add(first, second), 0.5)), 2)))),
    variation: mul(sub(p1, p2), 0.5),
  };
}

const concatenated = (a: Tensor, b: Tensor): Tensor => {
  const column = (x: Tensor): Tensor => reshape(x, [...x.shape, 1]);
  return concat([column(a), column(b)], -1);
};

/** `cost` where the two choose differently, else 0. */
const ifChanged = (p: Tensor, next: Tensor, cost: Tensor): Tensor => {
  const differ = sub(toFloat(argmax(p)), toFloat(argmax(next)));
  return select(mul(differ, differ), maximum(cost, 0), 0);
};

const models: { readonly [name: string]: (scene: Scene) => Tensor } = {
  "p′": (scene) => scene.missed()[1] as Tensor,
  s: ({ s }) => s,
};

const dearer: Law = {
  name: "N4: κ ≤ κ′",
  spaces: ["logit"],
  sides: ({ p }) => {
    const { forward, reverse } = radii(p);
    return [forward, "≤", reverse];
  },
};

/** Tokens of an answer. */
const T = 3;

/** Rows as answers of three tokens, and the mean over them of what is no more than 1, [1]. */
const meanOfAnswers = (x: Tensor): Tensor => {
  const ofAnswers = sum(reshape(x, [-1, T]), { axis: -1 });
  return mul(reshape(sum(minimum(ofAnswers, 1)), [1]), 1 / (ofAnswers.shape[0] as number));
};

/** Where a token of an answer changes, the answer is lost, and its Σ KL_i/κ_i is 1 at least. */
const shareOfAnswers = (name: string, of: (scene: Scene) => Tensor): Law => ({
  name: `N4: the share of answers that ${name} gives otherwise is ≤ E[min(1, Σ_i KL(p‖${name})_i/κ_i)]`,
  ...(name === "s" && { spaces: ["logit"] }),
  sides: (scene) => {
    const { p, tolerance } = scene;
    const next = of(scene);
    const { forward } = radii(p);
    const spent = add(kl(p, next), mul(add(forward, 1), tolerance));
    const changed = ifChanged(p, next, full(forward.shape, 1));
    return [
      meanOfAnswers(changed),
      "≤",
      meanOfAnswers(div(maximum(spent, 0), maximum(forward, 1e-30))),
    ];
  },
});

const costLaws: readonly Law[] = Object.entries(models).flatMap(([name, of]) => {
  const law = (
    statement: string,
    cost: (radii: Radii) => Tensor,
    measure: (p: Tensor, next: Tensor) => Tensor,
  ): Law => ({
    name: `N4: where ${name} chooses another token than p, ${statement}`,
    ...(name === "s" && { spaces: ["logit"] }), // no anchor is asked
    sides: (scene) => {
      const next = of(scene);
      const changed = ifChanged(scene.p, next, cost(radii(scene.p)));
      return [changed, "≤", measure(scene.p, next)];
    },
  });
  return [
    law(`KL(p‖${name}) ≥ κ`, ({ forward }) => forward, kl),
    law(
      `KL(${name}‖p) ≥ κ′`,
      ({ reverse }) => reverse,
      (p, next) => kl(next, p),
    ),
    law(`TV(p, ${name}) ≥ (p1−p2)/2`, ({ variation }) => variation, totalVariation),
  ];
});

export const choiceLaws: readonly Law[] = [
  ...costLaws,
  dearer,
  ...Object.entries(models).map(([name, of]) => shareOfAnswers(name, of)),
];
