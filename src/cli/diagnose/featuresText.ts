import { alphaFor } from "../../anchored/objectives/interpolations.ts";
import type { Features } from "../../finetune/diagnosis/features.ts";
import { nats, percent } from "../../report/format.ts";
import { at } from "../../tensor/shapes.ts";

export const share = (x: number | undefined): string =>
  x === undefined ? "–" : `${percent(x, 1)} %`;
export const weightText = (weight: number): string => weight.toFixed(weight < 0.995 ? 2 : 0);

/** The α that comes to a weight in so many outer steps, for each number of them. */
export const alphasText = (weight: number, steps: readonly number[]): string =>
  steps.map((T) => `T = ${T}: α = ${Number(alphaFor(weight, T).toPrecision(2))}`).join(", ");

export const line = (cells: readonly string[], widths: readonly number[]): string =>
  cells
    .map((cell, i) => (i === 0 ? cell.padEnd(at(widths, i)) : cell.padStart(at(widths, i))))
    .join("")
    .trimEnd();

/** What SFT at each rate that was tried has learnt, and what it takes along. */
export function triesLines({ sft }: Features): string[] {
  const widths = [14, 12, 18, 18, 12];
  return [
    line(["rate", "learnt", "answers changed", "tokens changed", "KL"], widths),
    ...sft.map(({ rate, learnt, answersChanged, tokensChanged, retainKl }) =>
      line(
        [
          rate === 1 ? "as p_sft" : `times ${rate.toPrecision(2)}`,
          ...[learnt, answersChanged, tokensChanged].map(share),
          nats(retainKl),
        ],
        widths,
      ),
    ),
  ];
}

/** From which weights on an anchor adopts what SFT has learnt. */
export function thresholdsLine({ thresholds, adopt, weight }: Features): string {
  if (!thresholds || weight === undefined) return "SFT has learnt nothing.";
  const { tenth, median, ninth } = thresholds;
  const deciles = [tenth, median, ninth].map(weightText);
  return `A weight of ${weightText(weight)} adopts ${share(adopt)} of what SFT has learnt (a tenth, half, nine tenths: ${deciles.join(", ")}).`;
}

const WIDTH = 80;

/** Sentences that numbers have made too long, on several lines. */
export function wrapped(text: string): string[] {
  if (text.length <= WIDTH) return [text];
  const end = text.lastIndexOf(" ", WIDTH);
  return end <= 0 ? [text] : [text.slice(0, end), ...wrapped(text.slice(end + 1))];
}
