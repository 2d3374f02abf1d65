import type { RowRecipe } from "../../experiment/recipe.ts";
import { percent } from "../../report/format.ts";
import { baseRow, type Look, looksOf, type Run, resultOf, tunedRows } from "../runs/run.ts";
import { shortName } from "../views/colors.ts";

/** How a finished row came out. */
interface Outcome {
  readonly row: RowRecipe;
  readonly end: Look;
}

/** Two shares that a visitor would call the same: prompts are some hundreds. */
const SAME = 0.02;

/**
 * What a run says, in a sentence or two that follow its numbers; how it goes while it runs. Nothing
 * is said of a row that has not come to its end.
 */
export function verdictOf(run: Run): string {
  if (!resultOf(run, baseRow(run))) return "The model that everything starts from is being made.";
  const ended = tunedRows(run).flatMap((row): Outcome[] => {
    const end = looksOf(run, row).at(-1);
    return end?.final ? [{ row, end }] : [];
  });
  const sft = ended.find(({ row }) => row.id === run.recipe.reference);
  const student = ended.find(({ row }) => row.id === run.recipe.headline);
  if (!sft) return "Ordinary fine-tuning comes first.";
  if (!student) return `${told("Ordinary fine-tuning", sft)}. The other method is next.`;
  const others = ended.filter(({ row }) => row !== sft.row && row !== student.row);
  return [`${compared(sft, student)}.`, cheaper(others, student)].filter(Boolean).join(" ");
}

const share = (x: number): string => `${percent(x, 0)} %`;

/** A share of the skills that is gone; what is gained counts as nothing lost. */
const lost = ({ end }: Outcome): number => Math.max(0, 1 - end.kept);

const told = (who: string, outcome: Outcome): string =>
  `${who} learned the new task (${share(outcome.end.target)} right) and lost ${share(lost(outcome))} of the skills`;

function compared(sft: Outcome, student: Outcome): string {
  const name = student.row.method === "anchored" ? "Anchored Learning" : shortName(student.row);
  const gain = student.end.target - sft.end.target;
  const learned =
    Math.abs(gain) <= SAME
      ? "learned as much"
      : `learned ${gain > 0 ? "more" : "less"} (${share(student.end.target)})`;
  const more = lost(student) - lost(sft);
  const kept =
    Math.abs(more) <= SAME ? "lost as much of them" : `lost ${share(lost(student))} of them`;
  const but = gain >= -SAME && more < -SAME ? "" : gain < -SAME && more > SAME ? " even" : "";
  return `${told("Ordinary fine-tuning", sft)}; ${name}${but} ${learned} and ${kept}`;
}

/** Who did as well without a second training; the honest part. */
function cheaper(others: readonly Outcome[], student: Outcome): string {
  const equal = others.filter(
    ({ end }) => end.target >= student.end.target - SAME && end.kept >= student.end.kept - SAME,
  );
  const strays = ({ end }: Outcome): boolean => end.signOff > student.end.signOff + SAME;
  const said: string[] = [];
  const clean = equal.filter((outcome) => !strays(outcome));
  if (clean.length > 0) {
    const names = clean.map(({ row }) => shortName(row)).join(" and ");
    said.push(`${names}, which cost${clean.length > 1 ? "" : "s"} less, did as well here`);
  }
  for (const { row, end } of equal.filter(strays)) {
    const alike = said.length > 0 ? " too" : ", which costs less, did as well here";
    said.push(
      `${shortName(row)}${alike}, but ${share(end.signOff)} of its answers end in stray letters`,
    );
  }
  return said.length > 0 ? `${said.join("; ")}.` : "";
}
