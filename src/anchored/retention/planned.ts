import type { Engine } from "../../engines/engine.ts";
import { exp } from "../../tensor/portable.ts";
import { at } from "../../tensor/shapes.ts";
import type { PromptResponse } from "../../train/examples.ts";
import type { Interpolation } from "../objectives/interpolations.ts";
import { flipDivergence, flipThreshold } from "../targets/flips.ts";
import { expectedRatio, interpolateRow, logSoftmaxRow } from "../targets/hostRows.ts";
import type { AnchorSetting } from "../targets/responseRows.ts";
import { type Speaker, seenTokens } from "../targets/seenTokens.ts";
import type { PlannedRetention, Slack } from "./retain.ts";

/** What anchors do to the base's answers. */
export interface PlannedAnswers {
  /** The weight up to which the exact anchor keeps each answer whole; Infinity where it never loses it. */
  readonly thresholds: readonly number[];
  /** At a total weight. */
  at(weight: number): Promise<PlannedRetention>;
}

/**
 * Looks at base and p_sft along the base's answers, in float64 from the engine's logits.
 * @param path of the anchor, from the geometric to the arithmetic mean
 */
export async function planAnswers(
  engine: Engine,
  models: readonly [base: Speaker, reference: Speaker],
  answers: readonly PromptResponse[],
  { batchSize, ...path }: PathOptions,
): Promise<PlannedAnswers> {
  const { vocabSize } = models[0].model.config;
  const rows = async function* () {
    const [p, s] = [new Float64Array(vocabSize), new Float64Array(vocabSize)];
    for await (const seen of seenTokens(engine, models, answers, { batchSize })) {
      const { temperature } = path;
      logSoftmaxRow({ data: at(seen.logits, 0), temperature }, 0, p);
      logSoftmaxRow({ data: at(seen.logits, 1), temperature }, 0, s);
      yield { ...seen, p, s };
    }
  };
  const thresholds = answers.map(() => Infinity);
  const toLine = linesOf(path.interpolation);
  for await (const { example, label, p, s } of rows())
    thresholds[example] = Math.min(
      at(thresholds, example),
      leavesAt(p.map(toLine), s.map(toLine), label),
    );
  return {
    thresholds,
    async at(weight) {
      const mix = interpolateRow(path.interpolation, weight);
      const q = new Float64Array(vocabSize);
      const slack: number[] = [];
      const covered = answers.map(() => true);
      for await (const { example, p, s } of rows()) {
        mix(p, s, q);
        const left = flipDivergence(p) - expectedRatio(p, p, q);
        slack.push(left);
        if (!(left > 0)) covered[example] = false;
      }
      return {
        ...{ weight, prompts: answers.length },
        lost: thresholds.filter((c) => c < weight).length,
        covered: covered.filter(Boolean).length,
        slack: quantiles(slack),
      };
    },
  };
}

export interface PathOptions extends Omit<AnchorSetting, "alpha"> {
  readonly batchSize: number;
}

/** What a weight makes straight lines of: the logarithm, or a power, of probabilities. */
function linesOf(interpolation: Interpolation): (logP: number) => number {
  const power =
    interpolation === "logit" ? 0 : interpolation === "probability" ? 1 : interpolation.power;
  return power < 1e-12 ? (x) => x : (x) => exp(power * x);
}

/**
 * The weight above which an anchor, a line for each token of the vocabulary, prefers another token; 0
 * where it does from the start. An upper envelope of lines is left once.
 */
function leavesAt(p: Float64Array, s: Float64Array, token: number): number {
  let leaves = Infinity;
  for (let k = 0; k < p.length; k++) {
    if (k === token) continue;
    if (at(p, k) > at(p, token)) return 0;
    // What the base finds impossible no geometric mean finds possible, but p_sft itself may.
    const crossing =
      at(p, k) === -Infinity && at(s, k) > at(s, token)
        ? 1 - Number.EPSILON
        : flipThreshold(p, s, token, k);
    leaves = Math.min(leaves, crossing ?? Infinity);
  }
  return leaves;
}

/** The least, the lowest tenth and the middle of some numbers, of which there must be one. */
export function quantiles(values: readonly number[]): Slack {
  const sorted = values.toSorted((a, b) => a - b);
  const quantile = (share: number): number => at(sorted, Math.floor(share * (sorted.length - 1)));
  return { least: quantile(0), tenth: quantile(0.1), median: quantile(0.5) };
}
