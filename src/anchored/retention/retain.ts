import type { Example } from "../../train/examples.ts";
import type { Risk } from "../certificates/retention.ts";

/**
 * Prompts the base's answers to which are to be kept. What is looked at are the base's own greedy
 * answers: an answer is lost by a model that would say anything else, to the letter.
 */
export interface Retain extends Partial<Risk> {
  /** Prompts from which weights are planned before training, see `Alpha`; what follows the prompts is
   * not looked at. May be empty where nothing is planned. */
  readonly plan: readonly Example[];
  /** Prompts on which the student is audited after each outer step, and on which nothing else may have
   * been chosen, settings least of all; none of them in `plan`. May be empty for no audit. */
  readonly audit: readonly Example[];
  /** Most tokens of an answer; one more than the longest response of the examples by default. */
  readonly newTokens?: number;
  /** Each ends an answer; the run's `stopToken` by default. */
  readonly stopTokens?: readonly number[];
}

/** What the exact anchor of some weight does to the base's answers to the planning prompts. */
export interface PlannedRetention {
  /** Of p_sft, over all outer steps so far: 1 − Π (1 − α). */
  readonly weight: number;
  readonly prompts: number;
  /** Answers with a token at which the anchor prefers another. */
  readonly lost: number;
  /** Answers with slack left at all of their tokens. */
  readonly covered: number;
  /**
   * κ − KL(p_0 ‖ q), the nats that a student which aims at the anchor may add to KL(p_0 ‖ p_θ) at a
   * token of the answers before its greedy choice can change; quantiles over the tokens. κ is the least
   * divergence at which a likeliest token can change, p1·ln(2·p1/(p1+p2)) + p2·ln(2·p2/(p1+p2)) of the
   * two likeliest.
   */
  readonly slack: Slack;
}

/** By how many nats retained answers hold, as quantiles. */
export interface Slack {
  readonly least: number;
  readonly tenth: number;
  readonly median: number;
}

/** What is known of retained answers before the first step. */
export interface RetentionPlan extends Required<Risk> {
  readonly kind: "retention";
  /** a*, the total weight whose exact anchor loses no more than the risk, with the confidence; only
   * where `alpha` asks for it. */
  readonly certified?: number;
  /** The weight of each outer step, 1 − (1 − a*)^(1/T), or what `alpha` says. */
  readonly alpha: number;
  /** Of the planning prompts, how many may be lost. */
  readonly allowed: number;
  /** At the weight of all outer steps. */
  readonly planned: PlannedRetention;
  /** Prompts on which the student will be audited. */
  readonly audited: number;
}

/** The student after an outer step, on the audited prompts. */
export interface Retention extends Required<Risk> {
  /** Audited. */
  readonly prompts: number;
  /** Of the base's answers, those that the student has lost. */
  readonly lost: number;
  /** How many may be lost to pass. */
  readonly allowed: number;
  /** For the share lost of all such prompts: the upper end of Clopper and Pearson's interval, of this
   * step taken alone. */
  readonly upper: number;
  /** Whether this step and all before it lost no more than `allowed`. With the confidence none of the
   * steps that passed loses a larger share than the risk: it holds for all of them together, because
   * the first that fails ends the audit. */
  readonly passed: boolean;
  /** How many outer steps, from the first, have passed. */
  readonly steps: number;
  /** At the weight of the outer steps so far; absent where nothing was planned. */
  readonly planned?: PlannedRetention;
}
