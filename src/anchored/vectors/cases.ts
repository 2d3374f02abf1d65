import { type Key, normal, stream } from "../../tensor/random.ts";
import { type Method, objectives } from "../objectives/methods.ts";
import type { ObjectiveSettings } from "../objectives/objective.ts";

/** Nested lists, outermost first, as JSON has them. */
export type Rows = readonly (readonly number[])[];
export type Cube = readonly Rows[];

/** What a loss is given. */
export interface VectorInputs {
  /** The student's, [B][T][V]. */
  readonly logits: Cube;
  /** [B][T]. */
  readonly labels: Rows;
  /** [B][T], 1 where a token counts. */
  readonly mask: Rows;
  /** b's, s's and o's, [B][T][V], where the method compares with them. */
  readonly baseLogits?: Cube;
  readonly referenceLogits?: Cube;
  readonly snapshotLogits?: Cube;
  /** [B][T], 1 at the tokens of prior examples. */
  readonly replayed?: Rows;
  /** [N], of methods with a penalty on them. */
  readonly params?: readonly number[];
  readonly baseParams?: readonly number[];
  readonly fisher?: readonly number[];
}

/** The settings of a case where they are not the `defaults`. */
export type VectorSettings = Partial<ObjectiveSettings>;

/** What settings are where a case says nothing. */
export const defaults: ObjectiveSettings = {
  ...{ alpha: 0.5, interpolation: "logit", temperature: 1, temperatureSquared: false, beta: 0.1 },
  ...{ direction: "forward", kdRatio: 1, power: 1, threshold: 0.4, topK: 20, clipRatio: 0.28 },
};

/** All that a method heeds: what a case says, and the defaults of the rest. */
export function settingsOf(method: Method, said: VectorSettings): VectorSettings {
  const { needs, knows } = objectives[method];
  const heeded: readonly string[] = [...needs, ...knows];
  const filled = Object.entries({ ...defaults, ...said });
  return Object.fromEntries(filled.filter(([name]) => heeded.includes(name)));
}

const anchors: readonly VectorSettings[] = [
  { alpha: 0.25 },
  { alpha: 0.5, temperature: 2, temperatureSquared: true, kdRatio: 0.9 },
  { alpha: 0.25, interpolation: "probability" },
  { alpha: 0.25, interpolation: { power: 0.5 } },
];
const sampled: readonly VectorSettings[] = [
  { alpha: 0.25 },
  { alpha: 0.5, temperature: 2, interpolation: "probability" },
];
const drifts: readonly VectorSettings[] = [
  { beta: 0.1, direction: "forward" },
  { beta: 0.5, direction: "reverse" },
];

/** With which settings each method is shown. */
export const variants: { readonly [M in Method]: readonly VectorSettings[] } = {
  ...{ sft: [{}], dft: [{}], replay: [{}], agem: [{}] },
  power: [{ power: 0.5 }, { power: 1 }, { power: 2 }],
  threshold: [{ threshold: 0.2 }, { threshold: 0.05 }],
  stm: [{ threshold: 0.4 }, { threshold: 0.1 }],
  eaft: [{ topK: 20 }, { topK: 3, power: 2 }],
  talr: [{}, { tau: 0.5 }],
  flow: [{}, { tau: 2 }],
  iwSft: [{ power: 1 }, { power: 2 }],
  iwSftTokens: [{ power: 1 }, { power: 0.5 }],
  psft: [{ clipRatio: 0.28 }, { clipRatio: 2 }],
  ...{ klRegularized: drifts, asft: drifts },
  ...{ l2sp: [{ beta: 0.1 }], ewc: [{ beta: 0.1 }] },
  jsd: [{ beta: 0.1 }, { beta: 0.5, temperature: 2, temperatureSquared: true }, { beta: 1 }],
  distillation: [{}, { temperature: 2, kdRatio: 0.5 }],
  ...{ anchored: anchors, moving: anchors },
  anchoredWeights: [{}, { temperature: 2, kdRatio: 0.5 }],
  ...{ onPolicy: sampled, onPolicyFresh: sampled },
};

/** Which frozen models' logits a method is given. */
const frozen: {
  readonly [M in Method]?: readonly ("baseLogits" | "referenceLogits" | "snapshotLogits")[];
} = {
  ...{ stm: ["baseLogits"], flow: ["baseLogits"], iwSft: ["baseLogits"] },
  ...{ iwSftTokens: ["baseLogits"], psft: ["snapshotLogits"], klRegularized: ["baseLogits"] },
  ...{ asft: ["baseLogits"], jsd: ["referenceLogits"], distillation: ["referenceLogits"] },
  anchored: ["snapshotLogits", "referenceLogits"],
  // The model between the weights speaks for itself.
  anchoredWeights: ["referenceLogits"],
  onPolicy: ["snapshotLogits", "referenceLogits"],
  onPolicyFresh: ["snapshotLogits", "referenceLogits"],
  moving: ["referenceLogits"],
};

const [B, T, V, N] = [3, 4, 6, 5] as const;

/** Decimals of what is given, so that it is read back as it was. */
const DECIMALS = 4;

/** What a method's vectors are made from; other numbers for another key. */
export function inputsOf(method: Method, key: Key): VectorInputs {
  const numbers = Array.from(normal(key, [4 * B * T * V + 3 * N], { std: 1.5 }).data, (x) =>
    Number(x.toFixed(DECIMALS)),
  );
  const next = stream(key);
  const take = (count: number): number[] => numbers.splice(0, count);
  const rows = (of: () => number): number[][] =>
    Array.from({ length: B }, () => Array.from({ length: T }, of));
  const cube = (): number[][][] =>
    Array.from({ length: B }, () => Array.from({ length: T }, () => take(V)));
  const inputs = {
    logits: cube(),
    labels: rows(() => Math.floor(next() * V)),
    // The first token of each sequence counts, whatever chance says.
    mask: rows(() => (next() < 0.7 ? 1 : 0)).map(([_, ...rest]) => [1, ...rest]),
  };
  const names = frozen[method] ?? [];
  return {
    ...inputs,
    ...Object.fromEntries(names.map((name) => [name, cube()])),
    ...(method === "agem" && { replayed: inputs.mask.map((row, b) => row.map(() => b % 2)) }),
    ...((method === "l2sp" || method === "ewc") && { params: take(N), baseParams: take(N) }),
    ...(method === "ewc" && { fisher: take(N).map(Math.abs) }),
  };
}
