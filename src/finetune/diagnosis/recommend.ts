import { alphaFor } from "../../anchored/objectives/interpolations.ts";
import { expectKnown } from "../../tensor/options.ts";
import { at } from "../../tensor/shapes.ts";
import type { Features, Tried } from "./features.ts";

/** What decides. */
export type Reason =
  /** p_sft says nothing that the base does not: no method has anything to take over. */
  | "nothing learnt"
  /** SFT, at some rate that was tried, takes nearly nothing along. */
  | "harmless"
  /** What is wanted is improbable to the base, and SFT forgets. */
  | "rare"
  /** What is wanted is likely enough for methods that weigh tokens by their probability. */
  | "likely"
  /** Less likely, but an anchor that adopts it keeps what is to be kept. */
  | "within reach"
  /** An anchor that adopts it takes too much along. */
  | "costly";

/** Methods that are recommended, as families of the study call them. */
export const advisedFamilies = ["sft", "asft", "anchored", "replay", "l2sp"] as const;
/** A family of methods that `recommend` may name. */
export type AdvisedFamily = (typeof advisedFamilies)[number];

/** A method for some data, why, and what it takes. */
export interface Advice {
  readonly family: AdvisedFamily;
  readonly reason: Reason;
  /** The learning rate, as a share of p_sft's. */
  readonly rate: number;
  /** What else to set, as `finetune` calls it. */
  readonly settings: Readonly<Record<string, number | string>>;
  /** Trainings of SFT that it takes, p_sft included where it is looked at, and readings at 2·N of
   * 6·N a token. */
  readonly cost: number;
}

/** What `recommend` reckons with. */
export interface RecommendOptions {
  /** Of SFT, and so of every method; 3 by default. */
  readonly epochs?: number;
}

/**
 * What another method than SFT could still win: what SFT has not learnt and the answers that it
 * changes, together. A hundredth is what the study's scores resolve on a few hundred prompts, and five
 * hundredths of its hypervolume.
 */
export const NEARLY_NOTHING = 0.01;

/**
 * ASFT's gradient at a token is SFT's times p_θ(y), so that a token of probability p takes about 1/p
 * times as long to become the likeliest. Ten times is what ten epochs make up for; for p = .1 and a
 * p_sft that is sure (.99) the anchor's threshold is ln 9 / (ln 9 + ln 99) = .32.
 * @see https://arxiv.org/abs/2509.23753 for ASFT
 */
const LIKELY = 1 / 3;

/** A student does not reach its anchor: so much more weight than the threshold. */
const MARGIN = 0.05;

/** Share of a batch: the middle of the study's grid, as is β. */
const REPLAYED = 0.3;

const BETA = 0.1;

/** L2-SP's β: the largest of the study's grid, which with rare markers (C2a) kept most of the three and
 * learnt them all. Texts of the base's own, rehearsed, kept little more than SFT there. */
const PULL = 0.3;

/** Where SFT, at a rate at which it forgets, learns all there is, methods that keep what it loses learn
 * it at a third of that rate too: the middle of the study's grid. */
const THIRD = 1 / 3;

/**
 * Which method fits, by rules in the order of `Reason`: plain SFT where it does no harm at a rate that
 * was tried; replay, or without prior rows L2-SP, where what is wanted is rare, since all that refuses
 * the improbable refuses it too; else ASFT, which costs least, where what is wanted is likely; else the
 * anchor of the least weight that adopts it, as long as it keeps what is to be kept; else as for the
 * rare.
 * @throws RangeError for features without an SFT, or epochs below 1
 * @example
 * const { family, settings } = recommend(featuresOf(diagnosis));
 */
export function recommend(features: Features, options: RecommendOptions = {}): Advice {
  expectKnown("recommend", options, ["epochs"]);
  const { epochs = 3 } = options;
  if (!(Number.isInteger(epochs) && epochs >= 1))
    throw new RangeError(`recommend: expected a positive integer of epochs, got ${epochs}`);
  const { sft, rare, adopt, weight, limit } = features;
  at(sft, 0);
  // A loss that has risen tells of a rate that is too large.
  if (weight === undefined) return plain("nothing learnt", features.gained < 0 ? THIRD : 1 / THIRD);
  const gentle = sft.find((one) => isHarmless(one, features));
  if (gentle) return plain("harmless", gentle.rate);
  if (rare > 1 - adopt) return holding(features, "rare");
  if (weight <= LIKELY)
    return {
      ...{ family: "asft", reason: "likely", rate: rateOf(features) },
      ...{ settings: { method: "asft", beta: BETA }, cost: 1 + READ / epochs },
    };
  if (weight <= limit.weight) return anchored(weight, limit.weight, epochs);
  return holding(features, "costly");
}

/** Share of what is to be kept that an SFT changes. */
export const changedBy = (tried: Tried, { unit }: Features): number =>
  unit === "answers" ? tried.answersChanged : tried.tokensChanged;

/** A forward pass in trainings of one epoch: 2·N of 6·N a token. */
const READ = 1 / 3;

/**
 * Where k of n such answers change, k + 1 of n + 1 do in expectation: it takes 99 to see that no more
 * than one in a hundred does.
 * @see https://arxiv.org/abs/2208.02814 (Angelopoulos et al., 2022), conformal risk control
 */
const isHarmless = (tried: Tried, features: Features): boolean =>
  1 - tried.learnt + (changedBy(tried, features) * features.units + 1) / (features.units + 1) <=
  NEARLY_NOTHING;

const plain = (reason: Reason, rate: number): Advice => ({
  ...{ family: "sft", reason, rate, settings: { method: "sft" }, cost: 1 },
});

/** A third of p_sft's rate, unless SFT was seen to learn less there. */
function rateOf({ sft, adopt }: Features): number {
  const gentle = sft.find(({ rate }) => rate <= 0.5);
  return gentle && gentle.learnt < adopt ? 1 : THIRD;
}

/** What takes the improbable over as SFT does: replay, or without prior rows a pull on the weights,
 * which asks of no token how likely it is. */
function holding(features: Features, reason: Reason): Advice {
  const about = { reason, rate: rateOf(features) };
  if (features.retained === "texts")
    return { ...about, family: "l2sp", settings: { method: "l2sp", beta: PULL }, cost: 1 };
  const settings = { method: "replay", replayShare: REPLAYED };
  return { ...about, family: "replay", settings, cost: 1 / (1 - REPLAYED) };
}

/** Two outer steps of as many epochs together as SFT has, towards p_sft as it was looked at. */
function anchored(least: number, limit: number, epochs: number): Advice {
  const outer = 2;
  const inner = Math.ceil(epochs / outer);
  const total = Math.min(1, Math.max(least, Math.min(limit, least + MARGIN)));
  return {
    ...{ family: "anchored", reason: "within reach", rate: 1 },
    settings: {
      method: "anchored",
      alpha: Math.ceil(100 * alphaFor(total, outer)) / 100,
      ...{ outer, inner },
    },
    cost: 1 + (outer * inner + READ * (outer + 1)) / epochs,
  };
}
