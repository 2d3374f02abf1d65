import type {
  CumulativeCertificate,
  LossLedger,
  SequenceCertificate,
} from "../anchored/certificates/certifier.ts";
import type { Retention, RetentionPlan } from "../anchored/retention/retain.ts";
import type { Numerics } from "../engines/numerics.ts";

/** What is trained: the base, or a row after it. */
export type Stage =
  | { readonly kind: "pre-training" }
  | { readonly kind: "row"; readonly id: string };

/** How files write the stage that makes the base; no row is called so. */
export const PRE_TRAINING = "pre-training";

/** A stage as files write it: `pre-training`, or a row's id. */
export const stageText = (stage: Stage): string => (stage.kind === "row" ? stage.id : PRE_TRAINING);

/** A stage as files write it. */
export const stageNamed = (text: string): Stage =>
  text === PRE_TRAINING ? { kind: "pre-training" } : { kind: "row", id: text };

/** How far a stage has come. */
export interface Progress {
  readonly kind: "progress";
  readonly seed: number;
  readonly stage: Stage;
  /** Steps done, of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Mean over the batch's response tokens, nats. */
  readonly loss: number;
  /** Tokens that the stage has gone through so far, padding included. */
  readonly tokens: number;
}

/** What a row plans before it is trained, where its α is asked for by a risk. */
export interface Planned extends RetentionPlan {
  readonly seed: number;
  readonly row: string;
}

/** One outer step against what the theory promises for it; means over response tokens, nats. */
export interface Certified {
  readonly kind: "certificate";
  readonly seed: number;
  readonly row: string;
  /** Outer step, from 0. */
  readonly outer: number;
  /** KL(p_t ‖ p_{t+1}). */
  readonly measured: number;
  /** α·KL(p_t ‖ p_sft): what an exact step would keep. */
  readonly bound: number;
  /** δ_t, what the inexact inner loop adds to the bound. */
  readonly inexactness: number;
  /** Response tokens, and those of them with measured ≤ bound, which nothing promises. */
  readonly tokens: number;
  readonly withoutDelta: number;
  /** Whether measured ≤ bound + inexactness on every token, within rounding: a check of the numbers,
   * for it is a theorem. */
  readonly held: boolean;
  /** Whether `bound` is one: the anchor in weight space has none. */
  readonly linear: boolean;
  /** The reference's weight in this step's anchor. */
  readonly alpha: number;
  /** KL(p_t ‖ p_sft). */
  readonly referenceKl: number;
  /** KL(p_t ‖ q): what an exact step would have gone. */
  readonly anchorKl: number;
  /** ψ ≤ 0, what the bound gives away: KL(p_t ‖ q) = bound + ψ, in logit space only. */
  readonly psi?: number;
  /** η, KL(q ‖ p_{t+1}): the loss that the inner loop left. */
  readonly eta: number;
  /** The least of bound + inexactness − measured over all tokens. */
  readonly leastSlack: number;
  /** How far from the base, in nats a token; see `CumulativeCertificate`. */
  readonly cumulative?: CumulativeCertificate;
  /** Over sampled responses, in nats a response. */
  readonly sequence?: SequenceCertificate;
  /** Where the log-loss of the training data went. */
  readonly ledger?: LossLedger;
  /** Of the base's answers to retained prompts, for rows that ask for a risk. */
  readonly retention?: Retention;
}

/** How far a student is from what it is compared with; means over response tokens, nats. */
export interface Closeness {
  /** KL(base ‖ θ). */
  readonly klFromBase: number;
  /** KL(θ ‖ base). */
  readonly klToBase: number;
  /** KL(θ ‖ p_sft), what the certificate's bound is a share of; absent until there is a p_sft. */
  readonly klToReference?: number;
  /** KL(q ‖ θ), the loss of Anchored Learning, for the anchor q of the outer step at hand; absent
   * for methods without a frozen anchor. */
  readonly klFromAnchor?: number;
  /** −Σ p log p of the student. */
  readonly entropy: number;
  /** For k of `OVERLAPS`: the share of the base's k likeliest tokens that are among the student's. */
  readonly overlap: Readonly<Record<string, number>>;
}

/** What weights can do, what they forgot and how far they moved. The divergences are taken at
 * responses of the prior skills, where nothing was trained, and `onTarget` at the target's. */
export interface Scores extends Closeness {
  /** Share of target questions answered in style A, sign-off ignored. */
  readonly target: number;
  /** Mean over the tokens of those answers, sign-off left out, nats. */
  readonly targetLoss: number;
  /** Exact match of each prior skill. */
  readonly prior: Readonly<Record<string, number>>;
  /** Share of target responses after which a sign-off letter follows. */
  readonly signOff: number;
  /** The divergences at responses to target questions that training has not seen. */
  readonly onTarget: Closeness;
  /** ‖θ − base‖, the Euclidean distance over all parameters. */
  readonly distance: number;
}

/** What a token of a target's response is: the first, where the style is decided; the rest of the
 * answer; the marker after it; the end. */
export type TokenClass = "style" | "content" | "rare" | "end";

/** Means over the tokens of each class that there are, nats. */
export type ByClass = {
  readonly [C in TokenClass]?: Pick<Closeness, "klFromBase" | "klToBase">;
};

/** What the exact anchor of a row's outer steps does to the base's right answers. */
export interface AnchorKept {
  /** p_sft's, over all outer steps: 1 − Π (1 − α). */
  readonly weight: number;
  /** Share of the answers whose every token the anchor prefers still. */
  readonly kept: number;
  /** Share of them at whose every token κ − KL(p_base ‖ anchor) is positive, so that they stay. */
  readonly certified: number;
  /** That difference, nats a token: what a student may add there before the token can change. */
  readonly slack: { readonly least: number; readonly tenth: number; readonly median: number };
}

/** What finished rows are judged by besides. */
export interface Judgement {
  /** With a marker: share of unseen target questions after whose right answer the marker and the end
   * are the likeliest tokens, and share of those that are answered rightly and end so. */
  readonly rare?: number;
  readonly joint?: number;
  /** With a marker: share of the prior skills' questions after whose right answer one of its symbols
   * would follow. */
  readonly leak?: number;
  /** `prior`, whatever follows the answer where its end belongs. */
  readonly priorBare: Readonly<Record<string, number>>;
  /** Mean over the tokens of the prior skills' right answers, nats. */
  readonly priorLoss: number;
  /** Expected calibration error at those tokens, 10 bins of equal mass. */
  readonly ece: number;
  /** Share of the base's right answers to prior questions that stay to the letter. */
  readonly kept: number;
  /** Mean over the target's wanted answers, marker and end included, of the log-probability of their
   * least likely token; the base's says how far a method has to go. */
  readonly rarest: number;
  /** The divergences at the target's tokens by what they are. */
  readonly byClass: ByClass;
  /** For rows with an anchor between distributions. */
  readonly anchorKept?: AnchorKept;
}

export interface FinalScores extends Scores, Judgement {}

/** Looks at a row in the middle of its training, on the first of the prompts it is judged on. */
export interface Probe extends Scores {
  readonly kind: "probe";
  readonly seed: number;
  readonly row: string;
  /** Steps done, of `steps`; 0 before the first. */
  readonly step: number;
  readonly steps: number;
  /** Outer step, from 0. */
  readonly outer: number;
  /** The weight of p_sft in this outer step's anchor, for methods with a frozen one. */
  readonly alpha?: number;
}

/** What one token's distribution became in an outer step, over the tokens that matter to it. */
export interface TokenView {
  /** Which token: the first of a target's answer, the first of the sign-off, or the one of a prior
   * skill at which p_sft is farthest from the base. */
  readonly name: "style" | "sign-off" | "prior";
  /** What stands before it. */
  readonly context: string;
  /** What the data say there. */
  readonly label: string;
  /** The likeliest symbols of any of the distributions, by the snapshot's probability. */
  readonly symbols: readonly string[];
  /** Probabilities of those symbols, each: of p_t, of the anchor where there is a frozen one, of
   * p_sft where there is one, and of p_{t+1}. */
  readonly snapshot: readonly number[];
  readonly anchor?: readonly number[];
  readonly reference?: readonly number[];
  readonly next: readonly number[];
}

/** Chosen tokens before and after an outer step, or a whole training where there are none. */
export interface Distributions {
  readonly kind: "distributions";
  readonly seed: number;
  readonly row: string;
  /** From 0. */
  readonly outer: number;
  readonly alpha?: number;
  readonly tokens: readonly TokenView[];
}

/**
 * A finished row: what its weights can do. Rows of equal recipes, seeds and numerics are equal. What
 * it is judged by besides is missing from files that were written before it was measured.
 */
export interface RowResult extends Scores, Partial<Judgement> {
  readonly kind: "row";
  readonly seed: number;
  readonly row: string;
}

/** Where a row was computed: it changes no number. */
export interface Place {
  /** Processor, cores, memory, system. */
  readonly machine?: string;
  /** Versions of what computed: anchorgrad, node. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** How a row came about, told just before it: none of its numbers depends on that, so that it is
 * kept apart from what is compared. */
export interface Attempt extends Place {
  readonly kind: "attempt";
  readonly seed: number;
  readonly row: string;
  /** Wall time of training without its probes, seconds; for the base that of pre-training, 0 when
   * it was at hand. */
  readonly seconds: number;
  /** The engine's backend and its own description. */
  readonly backend: string;
  readonly device: string;
  readonly numerics: Numerics;
}

/** What is measured of a row: the same whoever measures it. */
export type Result = Progress | Planned | Certified | Probe | Distributions | RowResult;

/** A line of a run's metrics: what was measured, or how it came about. */
export type Measurement = Result | Attempt;

/** Whether a measurement is a row's result. */
export const isRow = (m: Measurement): m is RowResult => m.kind === "row";

/** The row that a measurement belongs to; pre-training is the base's. */
export const rowOfMeasurement = (m: Measurement, base: string): string =>
  m.kind !== "progress" ? m.row : m.stage.kind === "row" ? m.stage.id : base;

/** A measurement as a line of a file. */
export const measurementText = (m: Result): string =>
  JSON.stringify(m.kind === "progress" ? { ...m, stage: stageText(m.stage) } : m);

/** A measurement out of a line of a file, as `measurementText` wrote it. */
export function measurementOf(json: Written): Result {
  const numbers = withNaN(json);
  return numbers.kind === "progress" ? { ...numbers, stage: stageNamed(numbers.stage) } : numbers;
}

/** JSON writes what is no number as null, which would count as 0. */
function withNaN<T>(value: T): T {
  if (value === null) return Number.NaN as T;
  if (typeof value !== "object" || Array.isArray(value)) return value;
  const fields = Object.entries(value).map(([name, inner]) => [name, withNaN(inner)] as const);
  return Object.fromEntries(fields) as T;
}

/** What files hold of a measurement. */
export type Written =
  | Exclude<Result, Progress>
  | (Omit<Progress, "stage"> & { readonly stage: string });
