import { escapeMarkdown } from "../../report/escape.ts";
import { percent } from "../../report/format.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import { tableText } from "./markdown.ts";
import type { Reported } from "./reported.ts";

/**
 * Certified weights against what was measured on other questions, a line for each study and risk.
 * @returns undefined where no study has any
 */
export function coverageMarkdown(studies: readonly Reported[]): string | undefined {
  const lines = studies.flatMap((study) =>
    coverageOf(study).map((one) => lineOf(study.recipe.name, one)),
  );
  if (lines.length === 0) return undefined;
  const head = [
    ...["study", "risk, %", "weights", "weight, median (range)", "vacuous", "without slack"],
    ...["anchor above", "students", "above", "audit passed", "of these above"],
  ];
  return `${tableText(head, 1, lines)}

Of all seeds. Weights certified before training, one for each base and p_sft, and the students of all rates that were trained with them. Above: more than the risk was lost of the base's right answers to the evaluation's questions, by which nothing was certified or audited; in a sample of them that may be chance. Vacuous: a weight of 0 or 1. Without slack: at some token the anchor leaves a student no room.
`;
}

const lineOf = (study: string, one: Coverage): string[] => [
  ...[escapeMarkdown(study), percent(one.risk, 0), `${one.weights}`],
  `${one.median.toFixed(2)} (${one.least.toFixed(2)}–${one.largest.toFixed(2)})`,
  ...[`${one.whole + one.none}`, `${one.withoutSlack}`, `${one.anchorOver}`, `${one.students}`],
  ...[`${one.over}`, `${one.passed}`, `${one.passedOver}`],
];
