import type { Risk } from "../../anchored/certificates/retention.ts";
import { expectKnown } from "../../tensor/options.ts";
import { at } from "../../tensor/shapes.ts";
import {
  type CheckpointDiagnosis,
  effectOf,
  learntIn,
  weightCertified,
  weightThatAdopts,
} from "../diagnose.ts";
import type { TokenKind } from "./token.ts";
import { kindShares } from "./tokenSet.ts";

/** What an SFT at some learning rate comes to: shares of the tokens or answers looked at. */
export interface Tried {
  /** Its learning rate, as a share of p_sft's. */
  readonly rate: number;
  /** How much of what p_sft has learnt and is wanted it has learnt too. */
  readonly learnt: number;
  /** Retained answers with a token at which it prefers another than the base does; of all their
   * tokens such ones; KL(p_base ‖ p) there, nats a token. */
  readonly answersChanged: number;
  readonly tokensChanged: number;
  readonly retainKl: number;
}

/** What a method is recommended by: what base and p_sft say, before any method is tried. */
export interface Features {
  /** Of the data's tokens, what they are to the base. */
  readonly shares: Readonly<Record<TokenKind, number>>;
  /** How much less p_sft finds the data's tokens a surprise than the base does, nats a token. */
  readonly gained: number;
  /** Tokens of the data that p_sft prefers, that the base does not, and that are wanted; a share. */
  readonly learnt: number;
  /** Of those, the rare ones: below the base's `rareBelow`, where anchors of less than about half of
   * p_sft's weight, and whatever weighs tokens by their probability, refuse them. */
  readonly rare: number;
  /** Deciles of the weights from which on the anchor adopts them; undefined where there are none. */
  readonly thresholds:
    | { readonly tenth: number; readonly median: number; readonly ninth: number }
    | undefined;
  /** The share of them that a method shall take over, and the least weight that does. */
  readonly adopt: number;
  readonly weight: number | undefined;
  /** What is to be kept: what was looked at, in what it is counted, and how many there are. */
  readonly retained: Retained;
  readonly unit: Unit;
  readonly units: number;
  /** The share of them that may be lost, and the largest weight whose anchor loses no more: certified
   * for answers like these where there are enough of them, else as it was counted. */
  readonly risk: number;
  readonly limit: { readonly weight: number; readonly isCertified: boolean };
  /** p_sft, then SFT at smaller rates, by falling rate. */
  readonly sft: readonly Tried[];
}

/** Rows of the user's, which may be trained on too, or texts that the base has written. */
export type Retained = "rows" | "texts";

/**
 * Answers are lost whole, and so they are counted, but for long ones: there every model that was
 * trained prefers another token somewhere, where the base has hardly a preference, so that to the letter
 * all are lost and the count says nothing.
 */
export type Unit = "answers" | "tokens";

/** Tokens of an answer, on average, from which on tokens are counted. */
const LONG = 16;

/** How much of what SFT learns a method is to take over. */
export interface FeatureOptions {
  /** Share of what p_sft has learnt that a method shall take over; 0.95 by default. */
  readonly adopt?: number;
  /** Share of the rare tokens that are not wanted though p_sft has learnt them, such as a template or
   * a signature; 0 by default. No number tells, only who knows the data. */
  readonly unwanted?: number;
  /** 5 % with 95 % confidence by default. */
  readonly risk?: Risk;
  /** `rows` by default. */
  readonly retained?: Retained;
  /** SFT at smaller rates, each a share of p_sft's, compared with the same base on the same data. */
  readonly gentler?: readonly {
    readonly rate: number;
    readonly diagnosis: CheckpointDiagnosis;
  }[];
}

/**
 * What `recommend` asks of a diagnosis.
 * @throws RangeError for shares out of range
 * @example
 * const found = await diagnose(engine, { base, sft, data: mine, retain: prior });
 * const advice = recommend(featuresOf(found));
 */
export function featuresOf(diagnosis: CheckpointDiagnosis, options: FeatureOptions = {}): Features {
  expectKnown("featuresOf", options, ["adopt", "unwanted", "risk", "retained", "gentler"]);
  const { adopt = 0.95, unwanted = 0, risk = { risk: 0.05 }, retained = "rows" } = options;
  const { gentler = [] } = options;
  const { data, retain } = diagnosis;
  const unit: Unit = retain.tokens > LONG * retain.examples ? "tokens" : "answers";
  const weight = weightThatAdopts(data, adopt, unwanted);
  const [latent, rare] = [data.adopted.latent.length, data.adopted.rare.length * (1 - unwanted)];
  const learnt = learntIn(unwanted < 1 ? data : { adopted: { ...data.adopted, rare: [] } });
  const decile = (share: number): number => at(learnt, Math.floor(share * (learnt.length - 1)));
  const tries = [{ rate: 1, diagnosis }, ...gentler].toSorted((a, b) => b.rate - a.rate);
  return {
    ...{ shares: kindShares(data), gained: data.baseLoss - data.sftLoss },
    learnt: (latent + rare) / data.tokens,
    rare: latent + rare === 0 ? 0 : rare / (latent + rare),
    thresholds:
      learnt.length === 0
        ? undefined
        : { tenth: decile(0.1), median: decile(0.5), ninth: decile(0.9) },
    ...{
      adopt,
      weight,
      retained,
      unit,
      units: unit === "answers" ? retain.examples : retain.tokens,
    },
    ...{ risk: risk.risk, limit: limitOf(diagnosis, unit, risk) },
    sft: tries.map((one) => tried(one.rate, one.diagnosis, diagnosis, unwanted)),
  };
}

function limitOf(diagnosis: CheckpointDiagnosis, unit: Unit, risk: Risk): Features["limit"] {
  const { retain } = diagnosis;
  const certified = unit === "answers" ? weightCertified(diagnosis, risk) : undefined;
  if (certified !== undefined) return { weight: certified, isCertified: true };
  const [thresholds, all] =
    unit === "answers" ? [retain.firstFlipped, retain.examples] : [retain.flipped, retain.tokens];
  return { weight: thresholds[Math.floor(risk.risk * all)] ?? 1, isCertified: false };
}

function tried(
  rate: number,
  own: CheckpointDiagnosis,
  first: CheckpointDiagnosis,
  unwanted: number,
): Tried {
  const count = ({ data: { adopted } }: CheckpointDiagnosis): number =>
    adopted.latent.length + adopted.rare.length * (1 - unwanted);
  const effect = effectOf(own, 1);
  const all = count(first);
  return {
    rate,
    learnt: all === 0 ? 1 : Math.min(1, count(own) / all),
    answersChanged: effect.answersFlipped,
    tokensChanged: effect.flipped,
    retainKl: effect.retainKl,
  };
}
