import type { Certified } from "../measurements.ts";
import { mean } from "./statistics.ts";

/** What a row's outer steps did, over all seeds; ratios of sums. */
export interface StepsSummary {
  readonly steps: number;
  /** Steps whose numbers break a theorem: they are wrong. */
  readonly broken: number;
  /** KL(p_t ‖ p_{t+1}) as a share of the linear bound α·KL(p_t ‖ p_sft), and what an exact step would
   * have made of it; undefined where the anchor has no such bound. */
  readonly ofBound: number | undefined;
  readonly exactOfBound: number | undefined;
  /** Share of the tokens that stay below the bound without δ, which nothing promises; as before. */
  readonly withoutDelta: number | undefined;
  /** δ as a share of KL(p_t ‖ p_{t+1}): how much of the way the inner loops' errors are. */
  readonly deltaOfStep: number;
  /** Means over the runs of what the last steps say; undefined where they say nothing. */
  readonly path: number | undefined;
  readonly inexactness: number | undefined;
  readonly audit: AuditSummary | undefined;
}

/** Audits of retained answers, at the end of each run. */
export interface AuditSummary {
  readonly runs: number;
  /** Runs whose every outer step passed. */
  readonly passed: number;
  /** Mean share of the audited answers that were lost. */
  readonly lost: number;
}

/** @param certified of one row @returns undefined for rows without outer steps */
export function stepsOf(certified: readonly Certified[]): StepsSummary | undefined {
  if (certified.length === 0) return undefined;
  const sum = (of: (step: Certified) => number, steps = certified): number =>
    steps.reduce((all, step) => all + of(step), 0);
  const linear = certified.filter((step) => step.linear);
  const share = (of: (step: Certified) => number): number | undefined =>
    linear.length === 0 ? undefined : sum(of, linear) / sum(({ bound }) => bound, linear);
  const lasts = [...new Map(certified.map((step) => [step.seed, step])).values()];
  const ledgers = lasts.flatMap(({ ledger }) => ledger ?? []);
  const audits = lasts.flatMap(({ retention }) => retention ?? []);
  const over = <T>(list: readonly T[], of: (one: T) => number): number | undefined =>
    list.length === 0 ? undefined : mean(list.map(of));
  return {
    steps: certified.length,
    broken: certified.filter(({ held }) => !held).length,
    ofBound: share(({ measured }) => measured),
    exactOfBound: share(({ anchorKl }) => anchorKl),
    withoutDelta:
      linear.length === 0
        ? undefined
        : sum((step) => step.withoutDelta, linear) / sum((step) => step.tokens, linear),
    deltaOfStep: sum(({ inexactness }) => inexactness) / sum(({ measured }) => measured),
    path: over(ledgers, ({ path }) => path),
    inexactness: over(ledgers, ({ inexactness }) => inexactness),
    audit:
      audits.length === 0
        ? undefined
        : {
            runs: audits.length,
            passed: audits.filter(({ passed }) => passed).length,
            lost: mean(audits.map(({ lost, prompts }) => lost / prompts)),
          },
  };
}
