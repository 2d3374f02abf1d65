import { expectOneOf } from "../../../tensor/options.ts";
import { calculatorOf } from "../calculate.ts";
import { scoreAsBenchmark } from "./benchmark.ts";
import { scoreAsPaper } from "./paper.ts";
import { scoreTolerantly } from "./tolerant.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Whose verdict is wanted: that of the benchmark's program, that of the paper authors' program, or
 * that of a reader who takes any usual notation, spelling and prose.
 */
export type Scorer = (typeof SCORERS)[number];

const SCORERS = ["medcalc-bench", "paper", "tolerant"] as const;

/** A response and the row that it answers; answer and bounds as the file has them. */
export interface Response {
  readonly text: string;
  readonly calculatorId: number;
  readonly groundTruth: string | number;
  readonly lower: string | number;
  readonly upper: string | number;
}

/**
 * Judges a response as an original scorer does, its oddities included, or tolerantly. Linear in
 * the text.
 * @returns what was read (null where the benchmark's and the tolerant one find nothing,
 * `-1000000000` where the paper's does), and whether it is right
 * @throws RangeError for an id that no calculator has, and for an unknown scorer; never for a text
 * @see Khandekar et al.: MedCalc-Bench. NeurIPS (2024); arXiv 2605.04468
 */
export function score(
  { text, calculatorId, groundTruth, lower, upper }: Response,
  scorer: Scorer,
): Verdict {
  const { output } = calculatorOf(calculatorId);
  const [truth, least, most] = [`${groundTruth}`, `${lower}`, `${upper}`];
  expectOneOf("medcalc.score: scorer", scorer, SCORERS);
  if (scorer === "paper") return scoreAsPaper(text, truth, least, most);
  const judge = scorer === "tolerant" ? scoreTolerantly : scoreAsBenchmark;
  return judge(text, output, truth, least, most);
}
