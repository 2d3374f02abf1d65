import type { Features, Tried } from "../../finetune/diagnosis/features.ts";
import { type Advice, changedBy, NEARLY_NOTHING } from "../../finetune/diagnosis/recommend.ts";
import { percent } from "../../report/format.ts";
import { at } from "../../tensor/shapes.ts";

const share = (x: number): string => `${percent(x, x > 0 && x < 0.1 ? 1 : 0)} %`;

/** `SFT`, `SFT at a third of the rate`. */
const named = ({ rate }: Pick<Tried, "rate">): string =>
  rate === 1 ? "SFT" : `SFT at ${Number(rate.toPrecision(2))} of the rate`;

const changes = (tried: Tried, features: Features): string =>
  `${named(tried)} changes ${share(changedBy(tried, features))} of the retained ${features.unit}`;

const trainings = (cost: number): string =>
  `${cost.toFixed(1)} trainings of SFT${cost > 2 ? ", p_sft's own among them" : ""}`;

/** What decided, in two sentences. */
export function whyOf(features: Features, advice: Advice): readonly [string, string] {
  const { shares, rare, adopt, weight = 1, limit, risk, unit, units, sft } = features;
  const whole = at(sft, 0);
  // A reader who sees no harm asks why plain SFT is not enough.
  const harm =
    units + 1 < 1 / NEARLY_NOTHING && changedBy(whole, features) < NEARLY_NOTHING
      ? `${units} retained ${unit} are too few to see whether SFT does harm`
      : changes(whole, features);
  const { cost } = advice;
  const reached = `an anchor that takes over ${share(adopt)} of what SFT has learnt needs a weight of ${weight.toFixed(2)}`;
  const most = (Math.floor(100 * limit.weight) / 100).toFixed(2);
  const kept = limit.isCertified
    ? `a weight of ${most} is certified to change at most ${share(risk)} of them`
    : `up to a weight of ${most} at most ${share(risk)} of these ${unit} change`;
  const hold =
    advice.family === "replay"
      ? `go over the retained rows beside the data, at ${trainings(cost)}`
      : "pull the weights back to the base's, which asks of no token how likely it is and costs no more than SFT; with rows of what the model was trained on (--retain), replay keeps more";
  switch (advice.reason) {
    case "nothing learnt":
      return [
        `SFT prefers no token of the data that the base does not, which says ${share(shares.known)} of them already.`,
        features.gained < 0
          ? "It finds the data less likely than the base does, so that its rate is too large."
          : "There is nothing yet that a method could take over or refuse: train SFT at a larger rate, or longer, and ask again.",
      ];
    case "harmless": {
      const gentle = sft.find(({ rate }) => rate === advice.rate) ?? whole;
      return [
        `${changes(gentle, features)} and learns ${share(gentle.learnt)} of what ${gentle === whole ? "there is to learn" : "it learns at the whole rate"}.`,
        "What another method could still win is less than a hundredth, and each of them costs more.",
      ];
    }
    case "rare":
      return [
        `${share(rare)} of what SFT has learnt is improbable to the base (below 1 %) and yet systematic, so presumably wanted: whatever refuses the improbable (filters, DFT, ASFT, averages and anchors of small weight) refuses it too.`,
        `${harm}, so ${hold}; if those tokens are not wanted, say --unwanted.`,
      ];
    case "likely":
      return [
        `${harm}, but what it has learnt is likely to the base: ${reached}, and ${kept}.`,
        `At such tokens ASFT, which weighs each by its own probability, learns the same and refuses the rest, at ${trainings(cost)}, where anchors take two.`,
      ];
    case "within reach":
      return [
        `${harm}; ${reached}, and ${kept}.`,
        `ASFT is slow at tokens that improbable, and the anchor is not: ${trainings(cost)}.`,
      ];
    case "costly":
      return [
        `${harm}, and ${reached}, where ${kept}.`,
        `An anchor brings too much along, and plain SFT too, so ${hold}.`,
      ];
  }
}
