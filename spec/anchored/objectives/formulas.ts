/**
 * Each objective again, from its paper's formula: plain float64 loops over one token at a time,
 * probabilities rather than logarithms where the formula has them, gradients derived by hand.
 */

import type { Method } from "../../../src/anchored/objectives/methods.ts";
import type { ObjectiveSettings } from "../../../src/anchored/objectives/objective.ts";

/** One token: the student's logits, the label, and the row that the method compares with; of methods
 * that compare at labels alone the one log-probability there. */
export interface Token {
  readonly z: readonly number[];
  readonly label: number;
  readonly target: readonly number[];
}

/** A term and its gradient in z. */
export interface Term {
  readonly value: number;
  readonly gradient: readonly number[];
}

export type Formula = (token: Token, settings: ObjectiveSettings) => Term;
type Vector = readonly number[];

export function softmax(z: Vector): number[] {
  const top = Math.max(...z);
  const e = z.map((x) => Math.exp(x - top));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / total);
}

const at = (x: Vector, i: number): number => x[i] as number;
const sumOf = (x: Vector, f: (x: number, i: number) => number): number =>
  x.reduce((sum, each, i) => sum + f(each, i), 0);
const onehot = (n: number, label: number): number[] =>
  Array.from({ length: n }, (_, i) => (i === label ? 1 : 0));
const over = (z: Vector, temperature: number): number[] => z.map((x) => x / temperature);

const plus = (a: Term, b: Term, weight = 1): Term => ({
  value: a.value + weight * b.value,
  gradient: a.gradient.map((x, i) => x + weight * at(b.gradient, i)),
});
const times = (a: Term, weight: number): Term =>
  plus({ value: 0, gradient: a.gradient.map(() => 0) }, a, weight);

/** −log p_y; p − 1_y. */
const crossEntropy: Formula = ({ z, label }) => {
  const p = softmax(z);
  return {
    value: -Math.log(at(p, label)),
    gradient: p.map((x, i) => x - at(onehot(z.length, label), i)),
  };
};

/** −p_y log p_y, of which the first factor is a constant: p_y·(p − 1_y). */
const dynamic: Formula = (token, settings) =>
  times(crossEntropy(token, settings), at(softmax(token.z), token.label));

/** The probability that the student, or the frozen model, gives to the label. */
const own = ({ z, label }: Token): number => at(softmax(z), label);
const frozen = ({ target }: Token): number => Math.exp(at(target, 0));

/** w·(−log p_y) for a w that is a constant. */
const weighted =
  (weight: (token: Token, settings: ObjectiveSettings) => number): Formula =>
  (token, settings) =>
    times(crossEntropy(token, settings), weight(token, settings));

/** (−Σ π log π / log K)^a over the K likeliest, renormalised to π. */
function entropyShare({ z }: Token, { topK = 20, power = 1 }: ObjectiveSettings): number {
  const top = softmax(z)
    .toSorted((a, b) => b - a)
    .slice(0, topK);
  const total = sumOf(top, (x) => x);
  const entropy = -sumOf(top, (x) => (x / total) * Math.log(x / total));
  return (entropy / Math.log(top.length)) ** power;
}

const clipped = (x: number, from: number, to: number): number => Math.min(Math.max(x, from), to);

/** −min(p/p_old, 1 + ε); its derivative is −(p/p_old)·(1_y − p) until the clip. */
const proximal: Formula = (token, settings) => {
  const ratio = own(token) / frozen(token);
  const { clipRatio = 0.28 } = settings;
  const slope = ratio < 1 + clipRatio ? ratio : 0;
  return {
    value: -Math.min(ratio, 1 + clipRatio),
    gradient: times(crossEntropy(token, settings), slope).gradient,
  };
};

/** What a method makes of a whole sequence: a constant factor of each of its tokens. */
export const factors: {
  readonly [M in Method]?: (sequence: readonly Token[], settings: ObjectiveSettings) => number[];
} = {
  talr: (sequence, { tau }) => {
    const losses = sequence.map((token) => -Math.log(own(token)));
    const among = tau ?? losses.reduce((a, b) => a + b, 0) / losses.length;
    return losses.map((loss) => Math.max(Math.exp(-loss / among), 0.01));
  },
  iwSft: (sequence, { power = 1 }) => {
    const logs = sequence.map((token) => Math.log(own(token) / frozen(token)));
    const mean = logs.reduce((a, b) => a + b, 0) / logs.length;
    return sequence.map(() => clipped(Math.exp(power * mean), 0, 16));
  },
};

/** Which tokens a method's mean is over; all that count by default. */
export const keeps: {
  readonly [M in Method]?: (token: Token, settings: ObjectiveSettings) => boolean;
} = { stm: (token, { threshold = 0.4 }) => frozen(token) >= threshold };

/** Σ q log(q/p); p − q. */
function klTo(q: Vector, z: Vector): Term {
  const p = softmax(z);
  return {
    value: sumOf(q, (x, i) => (x === 0 ? 0 : x * Math.log(x / at(p, i)))),
    gradient: p.map((x, i) => x - at(q, i)),
  };
}

/** Σ p log(p/b); p_j·(log(p_j/b_j) − Σ p log(p/b)). */
function klFrom(b: Vector, z: Vector): Term {
  const p = softmax(z);
  const value = sumOf(p, (x, i) => x * Math.log(x / at(b, i)));
  return { value, gradient: p.map((x, i) => x * (Math.log(x / at(b, i)) - value)) };
}

const drift: Formula = ({ z, target }, { direction, beta }) => {
  const base = softmax(target);
  return times(direction === "forward" ? klTo(base, z) : klFrom(base, z), beta);
};

/**
 * β·Σ P log(P/M) + (1 − β)·Σ Q log(Q/M), M = βP + (1 − β)Q. Its derivative in Q_j is
 * (1 − β)·log(Q_j/M_j): the terms in which M depends on Q cancel.
 */
const jsd: Formula = (token, settings) => {
  const { temperature, temperatureSquared = false } = settings;
  return times(skewed(token, settings), temperatureSquared ? temperature ** 2 : 1);
};

const skewed: Formula = ({ z, target }, { beta, temperature }) => {
  const [P, Q] = [softmax(over(target, temperature)), softmax(over(z, temperature))];
  if (beta === 0) return cooled(klTo(P, over(z, temperature)), temperature);
  if (beta === 1) return cooled(klFrom(P, over(z, temperature)), temperature);
  const M = P.map((x, i) => beta * x + (1 - beta) * at(Q, i));
  const slope = Q.map((x, i) => (1 - beta) * Math.log(x / at(M, i)));
  const mean = sumOf(Q, (x, i) => x * at(slope, i));
  const value =
    beta * sumOf(P, (x, i) => x * Math.log(x / at(M, i))) +
    (1 - beta) * sumOf(Q, (x, i) => x * Math.log(x / at(M, i)));
  return cooled({ value, gradient: Q.map((x, i) => x * (at(slope, i) - mean)) }, temperature);
};

/** The chain rule for z / τ. */
const cooled = ({ value, gradient }: Term, temperature: number): Term => ({
  value,
  gradient: over(gradient, temperature),
});

/** r·KL(q ‖ p) + (1 − r)·(−log p_y), the target being q's log-probabilities. */
const mixed: Formula = (token, settings) => {
  const { temperature, temperatureSquared = false, kdRatio } = settings;
  const q = token.target.map(Math.exp);
  const distance = cooled(klTo(q, over(token.z, temperature)), temperature);
  const size = temperatureSquared ? temperature ** 2 : 1;
  return plus(times(distance, size * kdRatio), crossEntropy(token, settings), 1 - kdRatio);
};

/** Anchors of probabilities: p^(1−α)·s^α / Z, (1−α)·p + α·s, or the power mean. */
export function anchorOf(
  p: Vector,
  s: Vector,
  { alpha, interpolation }: ObjectiveSettings,
): number[] {
  const raw = p.map((x, i) => {
    const y = at(s, i);
    if (interpolation === "logit") return x ** (1 - alpha) * y ** alpha;
    if (interpolation === "probability") return (1 - alpha) * x + alpha * y;
    const { power } = interpolation;
    return ((1 - alpha) * x ** power + alpha * y ** power) ** (1 / power);
  });
  const Z = sumOf(raw, (x) => x);
  return raw.map((x) => x / Z);
}

/** The anchor between the student itself, held constant, and the target's logits. */
const moving: Formula = ({ z, label, target }, settings) => {
  const [p, s] = [z, target].map((x) => softmax(over(x, settings.temperature))) as [
    number[],
    number[],
  ];
  return mixed({ z, label, target: anchorOf(p, s, settings).map(Math.log) }, settings);
};

export const formulas: { readonly [M in Method]: Formula } = {
  sft: crossEntropy,
  replay: crossEntropy,
  dft: dynamic,
  power: weighted((token, { power = 1 }) => own(token) ** power),
  threshold: weighted((token, { threshold = 0.4 }) => (own(token) >= threshold ? 1 : 0)),
  stm: crossEntropy, // at the tokens that it keeps
  eaft: weighted(entropyShare),
  talr: crossEntropy, // times its factors
  flow: crossEntropy, // times the examples' factors
  iwSft: crossEntropy, // times its factors
  iwSftTokens: weighted((token, { power = 1 }) =>
    clipped((own(token) / frozen(token)) ** power, 0.2, 1.8),
  ),
  psft: proximal,
  klRegularized: (token, settings) => plus(crossEntropy(token, settings), drift(token, settings)),
  asft: (token, settings) => plus(dynamic(token, settings), drift(token, settings)),
  l2sp: crossEntropy, // and a penalty on the parameters
  ewc: crossEntropy, // and a penalty on the parameters
  agem: crossEntropy, // its gradient is another
  jsd,
  distillation: mixed,
  anchored: mixed,
  anchoredWeights: mixed,
  onPolicy: mixed,
  onPolicyFresh: mixed,
  moving,
};
