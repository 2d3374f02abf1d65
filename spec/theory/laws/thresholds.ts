/**
 * N7. c_i, the weight up to which the anchor keeps the base's answer to a prompt: choices are an upper envelope of
 * lines, of logarithms or of probabilities, which a line leaves once. So an answer is lost exactly at weights above the least
 * of its tokens' thresholds.
 */
import { flipOf } from "../../../src/anchored/targets/flips.ts";
import { logSoftmaxOf } from "../../../src/arbitraries/distributions.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { abs, argmax, less, max, mul, reshape, sub, toFloat } from "../../../src/tensor/ops.ts";
import { at, last } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import type { Law, Scene, Space } from "./laws.ts";

/** Tokens of an answer. */
const T = 3;

/** What turns into straight lines over the weight. */
const lines: { readonly [S in Space]: (logP: number) => number } = {
  logit: (x) => x,
  probability: Math.exp,
};

interface Answers {
  /** The base's choices, [R]. */
  readonly choices: Tensor;
  /** Of answers of T tokens each, [R/T], 1 where `alpha` is above the threshold. */
  readonly lost: Tensor;
  /** 1 where no two tokens of the anchor are as good as tied. */
  readonly isClear: Tensor;
}

function answersOf({ snapshotLogits, referenceLogits, space, alpha, tolerance }: Scene): Answers {
  const V = last(snapshotLogits.shape);
  const row = ({ data }: Tensor, r: number): number[] =>
    logSoftmaxOf([...data.slice(r * V, (r + 1) * V)]).map(lines[space]);
  const seen = Array.from({ length: at(snapshotLogits.shape, 0) }, (_, r) => {
    const [p, s] = [row(snapshotLogits, r), row(referenceLogits, r)];
    const { from, leaves } = flipOf(p, s);
    const q = p.map((x, v) => (1 - alpha) * x + alpha * at(s, v)).sort((a, b) => b - a);
    const [first, second] = [at(q, 0), at(q, 1)];
    const gap = space === "logit" ? first - second : 1 - second / first;
    return { from, leaves, isClear: gap > 20 * tolerance };
  });
  const answers = Array.from({ length: seen.length / T }, (_, b) => seen.slice(b * T, (b + 1) * T));
  const numbers = (of: (tokens: typeof seen) => boolean): Tensor =>
    constant(
      Float64Array.from(answers, (tokens) => Number(of(tokens))),
      [answers.length],
    );
  return {
    choices: constant(
      Int32Array.from(seen, ({ from }) => from),
      [seen.length],
    ),
    lost: numbers((tokens) => alpha > Math.min(...tokens.map(({ leaves }) => leaves))),
    isClear: numbers((tokens) => tokens.every(({ isClear }) => isClear)),
  };
}

export const thresholdLaws: readonly Law[] = [
  {
    name: "N7: the anchor has lost an answer ⇔ α > c, the least weight at which one of its tokens changes",
    sides: (scene) => {
      const { choices, lost, isClear } = answersOf(scene);
      const moved = abs(sub(toFloat(argmax(scene.q)), toFloat(choices)));
      const changed = max(reshape(moved, [-1, T]), { axis: -1 });
      const isLost = sub(1, less(changed, 0.5));
      return [mul(isClear, isLost), "=", mul(isClear, lost)];
    },
  },
];
