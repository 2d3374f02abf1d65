import type { CumulativeCertificate, SequenceCertificate } from "../anchored/certifier.ts";

/** How far a stage has come; a stage is `"pre-training"` or the training of a row. */
export interface Progress {
  readonly kind: "progress";
  readonly seed: number;
  /** `"pre-training"`, or a row's id. */
  readonly stage: string;
  /** Steps done, of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Mean over the batch's response tokens, nats. */
  readonly loss: number;
  /** Tokens that the stage has gone through so far, padding included. */
  readonly tokens: number;
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
  /** Whether measured ≤ bound + inexactness on every token, within rounding. */
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
}

/** A finished row: what its weights can do. */
export interface RowResult {
  readonly kind: "row";
  readonly seed: number;
  readonly row: string;
  /** Share of target questions answered in style A, sign-off ignored. */
  readonly target: number;
  /** Exact match of each prior skill. */
  readonly prior: Readonly<Record<string, number>>;
  /** Share of target responses after which a sign-off letter follows. */
  readonly signOff: number;
  /** KL(base ‖ row) on prior responses, nats a token. */
  readonly klFromBase: number;
  /** KL(row ‖ base) on prior responses, nats a token. */
  readonly klToBase: number;
  /** Wall time of training, seconds; for the base that of pre-training, 0 when it was at hand. */
  readonly seconds: number;
}

export type Measurement = Progress | Certified | RowResult;
