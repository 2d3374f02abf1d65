import { DataError } from "../../tensor/errors.ts";
import { expectKnown } from "../../tensor/options.ts";
import { calculate, calculatorOf } from "./calculate.ts";
import type { Row } from "./data/row.ts";
import { roundFive } from "./rounding.ts";
import type { Answer, Output, Variant } from "./types.ts";

/** A row whose label the formula does not confirm. */
export interface Disagreement {
  readonly row: Row;
  /** What the formula gives. */
  readonly recomputed: string;
}

/** A row that cannot be recomputed. */
export interface Unchecked {
  readonly row: Row;
  readonly reason: string;
}

/** How the labels of a file compare with the formulas. */
export interface Audit {
  readonly rows: number;
  readonly agree: number;
  readonly outside: readonly Disagreement[];
  readonly unchecked: readonly Unchecked[];
  /** Rows, and those outside, of each calculator that has any. */
  readonly calculators: readonly {
    readonly id: number;
    readonly name: string;
    readonly rows: number;
    readonly outside: number;
    readonly unchecked: number;
  }[];
}

/** An answer as the files write it. */
const showAnswer = (answer: Answer): string =>
  Array.isArray(answer)
    ? `('${answer[0]}', '${answer[1]}')`
    : `${typeof answer === "number" ? roundFive(answer) : answer}`;

const digits = (text: string): string => (text.match(/\d+/g) ?? []).map(Number).join(" ");

const between = (answer: Answer, { lower, upper }: Row): boolean =>
  Number(lower) <= Number(answer) && Number(answer) <= Number(upper);

const same = (answer: Answer, { groundTruth }: Row): boolean =>
  digits(showAnswer(answer)) === digits(groundTruth);

/** Whether the file's own bounds take an answer in. */
const within: Readonly<Record<Output, (answer: Answer, row: Row) => boolean>> = {
  decimal: between,
  integer: between,
  date: same,
  duration: same,
};

type Finding = { row: Row; answer: Answer } | Unchecked;

function recompute(row: Row, variant: Variant): Finding {
  if (row.entities === null) return { row, reason: "the file has no entities" };
  try {
    return { row, answer: calculate(row.calculatorId, row.entities, { variant }) };
  } catch (error) {
    if (error instanceof DataError) return { row, reason: error.message };
    throw error;
  }
}

/**
 * Recomputes the labels of rows: a report on the file's quality. It changes no label: a file's own
 * answers and bounds stay what responses are judged by.
 */
export function audit(rows: readonly Row[], options: { readonly variant?: Variant } = {}): Audit {
  expectKnown("medcalc.audit", options, ["variant"]);
  const { variant = "published" } = options;
  const outside: Disagreement[] = [];
  const unchecked: Unchecked[] = [];
  for (const row of rows) {
    const finding = recompute(row, variant);
    if ("reason" in finding) unchecked.push(finding);
    else if (!within[calculatorOf(row.calculatorId).output](finding.answer, row))
      outside.push({ row, recomputed: showAnswer(finding.answer) });
  }
  const count = (of: readonly { row: Row }[], id: number): number =>
    of.filter(({ row }) => row.calculatorId === id).length;
  const ids = [...new Set(rows.map(({ calculatorId }) => calculatorId))].sort((a, b) => a - b);
  return {
    rows: rows.length,
    agree: rows.length - outside.length - unchecked.length,
    outside,
    unchecked,
    calculators: ids.map((id) => ({
      id,
      name: calculatorOf(id).name,
      rows: rows.filter(({ calculatorId }) => calculatorId === id).length,
      outside: count(outside, id),
      unchecked: count(unchecked, id),
    })),
  };
}

/** The report as text: the totals, then each calculator with doubts, then each doubtful row. */
export function describeAudit({ rows, agree, outside, unchecked, calculators }: Audit): string {
  const share = ((100 * agree) / Math.max(1, rows)).toFixed(1);
  return [
    `${rows} rows: ${agree} confirmed (${share} %), ${outside.length} outside their bounds, ${unchecked.length} not computable`,
    ...calculators
      .filter((each) => each.outside + each.unchecked > 0)
      .map(
        (each) =>
          `${each.id} ${each.name}: ${each.outside} of ${each.rows} outside, ${each.unchecked} not computable`,
      ),
    ...outside.map(
      ({ row, recomputed }) =>
        `row ${row.id} (calculator ${row.calculatorId}): ${row.groundTruth} in [${row.lower}, ${row.upper}], recomputed ${recomputed}`,
    ),
    ...unchecked.map(
      ({ row, reason }) => `row ${row.id} (calculator ${row.calculatorId}): ${reason}`,
    ),
  ].join("\n");
}
