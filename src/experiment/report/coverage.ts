import { type DataTable, tableOf } from "./export/csv.ts";
import type { Reported } from "./reported.ts";

/** What certified weights came to on questions that nothing was certified or audited on, for one risk. */
export interface Coverage {
  readonly risk: number;
  readonly confidence: number;
  /** Questions by which each weight was certified. */
  readonly prompts: number;
  /** Of them, so many might be lost. */
  readonly allowed: number;
  /** Weights that were certified: one for each base, risk and p_sft. */
  readonly weights: number;
  readonly least: number;
  readonly median: number;
  readonly largest: number;
  /** Of the weights, those that are vacuous: 1, as p_sft itself loses no more; 0, as any weight does. */
  readonly whole: number;
  readonly none: number;
  /** Those whose anchor leaves no slack at some token, so that a student may lose that answer. */
  readonly withoutSlack: number;
  /** Those whose exact anchor lost more than the risk of the answers that were measured. */
  readonly anchorOver: number;
  /** Students that were trained with them and audited. */
  readonly students: number;
  readonly passed: number;
  /** Students that lost more than the risk of the answers that were measured. */
  readonly over: number;
  /** Of those whose audit passed. */
  readonly passedOver: number;
}

/** What was planned, audited and measured of one student. */
interface Student {
  readonly base: string;
  readonly certified: number;
  readonly leastSlack: number;
  readonly passed: boolean;
  /** Shares of the base's right answers to the evaluation's questions, by its student and its anchor. */
  readonly lost: number;
  readonly anchorLost: number;
}

/**
 * Certified weights and audits against what was measured, for each risk of a study and over all of
 * its seeds: those of tuning too, as no weight was chosen on any. That a share of a sample is above
 * the risk is no failure of the certificate by itself, which is about the share of all such
 * questions.
 */
export function coverageOf({ recipe, measurements }: Reported): Coverage[] {
  const plans = measurements.flatMap((m) =>
    m.kind === "retention" && m.certified !== undefined ? [{ ...m, certified: m.certified }] : [],
  );
  const risks = [...new Set(plans.map(({ risk }) => risk))].sort((a, b) => a - b);
  return risks.flatMap((risk): Coverage[] => {
    const mine = plans.filter((plan) => plan.risk === risk);
    const students = mine.flatMap(({ row, seed, certified, planned }): Student[] => {
      const of = <M extends { readonly seed: number }>(m: M): boolean =>
        m.seed === seed && "row" in m && m.row === row;
      const result = measurements.find((m) => m.kind === "row" && of(m));
      const audit = measurements.findLast((m) => m.kind === "certificate" && of(m));
      if (result?.kind !== "row" || audit?.kind !== "certificate") return [];
      const { anchorKept, kept } = result;
      if (!anchorKept || kept === undefined || !audit.retention) return [];
      const teacher = recipe.rows.find(({ id }) => id === row);
      const from = (teacher && "reference" in teacher && teacher.reference) || recipe.reference;
      return [
        {
          ...{ base: `${seed} ${from}`, certified, leastSlack: planned.slack.least },
          ...{ passed: audit.retention.passed, lost: 1 - kept, anchorLost: 1 - anchorKept.kept },
        },
      ];
    });
    const [plan] = mine;
    if (!plan || students.length === 0) return [];
    // Students of one base and p_sft share their anchor, whatever their rate.
    const anchors = [
      ...new Map(students.map((one) => [`${one.base} ${one.certified}`, one])).values(),
    ];
    const sorted = anchors.map(({ certified }) => certified).sort((a, b) => a - b);
    const count = <T>(all: readonly T[], is: (one: T) => boolean): number => all.filter(is).length;
    return [
      {
        ...{ risk, confidence: plan.confidence, prompts: plan.planned.prompts },
        ...{ allowed: plan.allowed, weights: anchors.length },
        ...{ least: sorted[0] ?? 0, median: sorted[sorted.length >> 1] ?? 0 },
        largest: sorted.at(-1) ?? 0,
        whole: count(anchors, ({ certified }) => certified === 1),
        none: count(anchors, ({ certified }) => certified === 0),
        withoutSlack: count(anchors, ({ leastSlack }) => !(leastSlack > 0)),
        anchorOver: count(anchors, ({ anchorLost }) => anchorLost > risk + ROUNDING),
        students: students.length,
        passed: count(students, ({ passed }) => passed),
        over: count(students, ({ lost }) => lost > risk + ROUNDING),
        passedOver: count(students, ({ passed, lost }) => passed && lost > risk + ROUNDING),
      },
    ];
  });
}

/** 1 − 0.95 is a little more than 0.05. */
const ROUNDING = 1e-9;

export const coverageData = (study: Reported): DataTable =>
  tableOf(
    "coverage",
    coverageOf(study).map((one) => ({ ...one })),
  );
