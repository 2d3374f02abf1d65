import { calculatorOf } from "../calculate.ts";
import { scoreAsBenchmark } from "./benchmark.ts";
import { scoreAsPaper } from "./paper.ts";
import type { Verdict } from "./verdict.ts";

/** Which original's verdict is wanted: that of the benchmark or that of the paper's authors. */
export type Scorer = "medcalc-bench" | "paper";

/** A response and the row that it answers; answer and bounds as the file has them. */
export interface Response {
  readonly text: string;
  readonly calculatorId: number;
  readonly groundTruth: string | number;
  readonly lower: string | number;
  readonly upper: string | number;
}

/**
 * Judges a response as an original scorer does, its oddities included. Linear in the text.
 * @returns what was read (null where the benchmark's finds nothing, `-1000000000` where the
 * paper's does), and whether it is right
 * @throws RangeError for an id that no calculator has; never for a text
 * @see Khandekar et al.: MedCalc-Bench. NeurIPS (2024); arXiv 2605.04468
 */
export function score(
  { text, calculatorId, groundTruth, lower, upper }: Response,
  scorer: Scorer,
): Verdict {
  const { output } = calculatorOf(calculatorId);
  const [truth, least, most] = [`${groundTruth}`, `${lower}`, `${upper}`];
  return scorer === "paper"
    ? scoreAsPaper(text, truth, least, most)
    : scoreAsBenchmark(text, output, truth, least, most);
}
