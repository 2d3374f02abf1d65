import { targetOf } from "../../anchored/objectives/kinds.ts";
import { quantiles } from "../../anchored/retention/planned.ts";
import { flipDivergence, likeliestOf } from "../../anchored/targets/flips.ts";
import { expectedRatio } from "../../anchored/targets/hostRows.ts";
import { exp } from "../../tensor/portable.ts";
import { at } from "../../tensor/shapes.ts";
import type { PromptResponse } from "../../train/examples.ts";
import type { AnchorKept, ByClass, TokenClass } from "../measurements.ts";
import type { RowRecipe } from "../recipe.ts";
import { anchorOf, type LogProbRows, rowOf } from "./closeness.ts";

/** Examples with what models say at their response tokens. */
export interface Asked {
  readonly examples: readonly PromptResponse[];
  readonly student: LogProbRows;
  readonly base: LogProbRows;
}

const labelsOf = ({ examples }: Pick<Asked, "examples">): number[] =>
  examples.flatMap(({ response }) => response);

/** Mean of −log p(right token) over all tokens of all parts, nats. */
export function lossOver(parts: readonly Omit<Asked, "base">[]): number {
  let [sum, tokens] = [0, 0];
  for (const part of parts)
    for (const [token, label] of labelsOf(part).entries()) {
      sum -= at(rowOf(part.student, token), label);
      tokens++;
    }
  return sum / tokens;
}

/** Mean over the examples of the log-probability of the response's least likely token, nats. */
export function rarestOver({ examples, student }: Omit<Asked, "base">): number {
  const least = examples.map(({ response }, i) =>
    Math.min(...response.map((id, t) => at(rowOf(student, at(student.starts, i) + t), id))),
  );
  return least.reduce((sum, x) => sum + x, 0) / least.length;
}

const BINS = 10;

/**
 * Expected calibration error of the likeliest token: the mean difference between how likely the
 * student finds it and how often it is right, over bins of equally many tokens.
 * @see https://arxiv.org/abs/1909.10155 (Kumar et al., 2019) for bins of equal mass
 */
export function calibrationError(parts: readonly Omit<Asked, "base">[]): number {
  const said = parts.flatMap((part) =>
    labelsOf(part).map((label, token) => {
      const row = rowOf(part.student, token);
      const choice = likeliestOf(row);
      return { confidence: exp(at(row, choice)), right: Number(choice === label) };
    }),
  );
  const sorted = said.toSorted((a, b) => a.confidence - b.confidence);
  let error = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const [from, to] = [bin, bin + 1].map((i) => Math.round((i * sorted.length) / BINS));
    const gap = sorted
      .slice(from, to)
      .reduce((sum, { confidence, right }) => sum + confidence - right, 0);
    error += Math.abs(gap) / sorted.length;
  }
  return error;
}

/** Whether a model's likeliest tokens are an example's whole response. */
const says = (rows: LogProbRows, { response }: PromptResponse, start: number): boolean =>
  response.every((label, t) => likeliestOf(rowOf(rows, start + t)) === label);

/** The examples that the base answers rightly, with where their tokens begin. */
const rightIn = ({ examples, base }: Omit<Asked, "student">) =>
  examples.flatMap((example, i) => {
    const start = at(base.starts, i);
    return says(base, example, start) ? [{ example, start }] : [];
  });

/** Share of the base's right answers that stay to the letter; NaN where it has none. */
export function keptOver(parts: readonly Asked[]): number {
  let [kept, all] = [0, 0];
  for (const part of parts)
    for (const { example, start } of rightIn(part)) {
      all++;
      kept += Number(says(part.student, example, start));
    }
  return kept / all;
}

/** Anchors whose outer steps make one anchor of a larger weight, so that theirs can be told. */
export const hasWeight = (row: RowRecipe): boolean =>
  targetOf(row.method) === "anchor" &&
  row.method !== "base" &&
  row.method !== "merge" &&
  typeof row.interpolation !== "object" &&
  (row.temperature ?? 1) === 1;

/**
 * What the exact anchor of a weight keeps of the base's right answers, and what it leaves a student
 * to do: it speaks about the anchor, before any training.
 * @param reference p_sft at the same examples, part by part
 * @returns undefined where the base has no right answer
 */
export function anchorKept(
  row: RowRecipe,
  weight: number,
  parts: readonly Omit<Asked, "student">[],
  reference: readonly LogProbRows[],
): AnchorKept | undefined {
  const slack: number[] = [];
  const [answers, kept, certified] = [[], [], []] as [boolean[], boolean[], boolean[]];
  for (const [i, part] of parts.entries()) {
    const anchor = anchorOf(row, weight, part.base, at(reference, i));
    for (const { example, start } of rightIn(part)) {
      const left = example.response.map((_, t) => {
        const [p, q] = [part.base, anchor].map((rows) => rowOf(rows, start + t));
        return p && q ? flipDivergence(p) - expectedRatio(p, p, q) : NaN;
      });
      slack.push(...left);
      answers.push(true);
      kept.push(says(anchor, example, start));
      certified.push(left.every((nats) => nats > 0));
    }
  }
  if (answers.length === 0) return undefined;
  const shareOf = (list: readonly boolean[]): number => list.filter(Boolean).length / list.length;
  return {
    ...{ weight, kept: shareOf(kept), certified: shareOf(certified) },
    slack: quantiles(slack),
  };
}

/** What a token of a target's response is: where the style is decided, the rest of the answer, the
 * marker, or the end. */
const classOf = (position: number, length: number, marker: number): TokenClass => {
  if (position === length - 1) return "end";
  if (position >= length - 1 - marker) return "rare";
  return position === 0 ? "style" : "content";
};

/** Divergences at the tokens of a target's responses, by what they are.
 * @param marker how many tokens end each answer, before the end token */
export function divergenceByClass({ examples, student, base }: Asked, marker: number): ByClass {
  const classes = examples.flatMap(({ response }) =>
    response.map((_, t) => classOf(t, response.length, marker)),
  );
  const all: readonly TokenClass[] = ["style", "content", "rare", "end"];
  return Object.fromEntries(
    all.flatMap((kind) => {
      const tokens = classes.flatMap((one, token) => (one === kind ? [token] : []));
      return tokens.length === 0
        ? []
        : [
            [
              kind,
              {
                klFromBase: meanOver(tokens, (i) => klAt(base, student, i)),
                klToBase: meanOver(tokens, (i) => klAt(student, base, i)),
              },
            ] as const,
          ];
    }),
  );
}

const meanOver = (tokens: readonly number[], value: (token: number) => number): number =>
  tokens.reduce((sum, token) => sum + value(token), 0) / tokens.length;

/** KL(p ‖ q) at a token, nats. */
function klAt(p: LogProbRows, q: LogProbRows, token: number): number {
  const row = rowOf(p, token);
  return expectedRatio(row, row, rowOf(q, token));
}
