import { escapeHtml } from "../../report/escape.ts";
import { percent } from "../../report/format.ts";
import { auditSentence, plannedSentences } from "../../report/retention.ts";
import { table } from "../../report/table.ts";
import type { Planned } from "../measurements.ts";
import { type Coverage, coverageData, coverageOf } from "./coverage.ts";
import { type DataTable, tableOf } from "./export/csv.ts";
import type { Reported } from "./reported.ts";
import { dataDetails, line } from "./tables.ts";

/** Each row with a risk and each seed: what was planned, and what the audits found. */
export const retentionData = ({ planned, certificates }: Reported): DataTable =>
  tableOf(
    "retention",
    planned.flatMap((plan) => {
      const { row, seed, risk, confidence, certified, alpha } = plan;
      const told = { row, seed, risk, confidence, certified, alpha };
      const audits = certificates.filter((one) => one.row === row && one.seed === seed);
      return audits.flatMap(({ outer, retention }) => {
        if (!retention) return [];
        const { prompts, lost, allowed, upper, passed, planned: exact } = retention;
        return [
          {
            ...{ ...told, outer, prompts, lost, allowed, upper, passed },
            ...{ weight: exact?.weight, exactLost: exact?.lost, exactPrompts: exact?.prompts },
            ...{ covered: exact?.covered, leastSlack: exact?.slack.least },
            ...{ tenthSlack: exact?.slack.tenth, medianSlack: exact?.slack.median },
          },
        ];
      });
    }),
  );

/** What rows with a risk planned, and what their audits came to: the first seed in words. */
export function retentionSection(study: Reported): string {
  const { planned, recipe } = study;
  if (planned.length === 0) return "";
  const rows = recipe.rows.flatMap(({ id, label }) => {
    const plans = planned.filter(({ row }) => row === id);
    return plans.length === 0 ? [] : [{ id, label, plans }];
  });
  const parts = rows.map(({ label, plans }) => {
    const audits = plans.flatMap((plan) => lastAudit(study, plan) ?? []);
    const passed = audits.filter((audit) => audit.passed).length;
    const lost = audits.map((audit) => audit.lost / audit.prompts);
    const over =
      audits.length > 1
        ? ` Of ${audits.length} seeds ${passed} passed every step; at their end ${percent(Math.min(...lost))} to ${percent(Math.max(...lost))} % of the audited answers were lost.`
        : "";
    const [first] = plans;
    const audit = first && lastAudit(study, first);
    const sentences = first
      ? [...plannedSentences(first), ...(audit ? [auditSentence(audit)] : [])]
      : [];
    return `<p><strong>${escapeHtml(label)}</strong>, seed ${first?.seed}: ${escapeHtml(`${sentences.join(" ")}${over}`)}</p>`;
  });
  return `<h3>Certified weights, and their audits</h3>
<p class="muted">The base's own greedy answers to questions of the prior skills, kept to the letter or lost. Some questions certify the weight before training; the student is counted on others, on which nothing else is measured.</p>
${parts.join("\n")}
${coverageTable(coverageOf(study))}
${dataDetails(coverageData(study), recipe.name)}
${dataDetails(retentionData(study), recipe.name)}`;
}

/** What came of all weights that were certified, on questions that are neither planned by nor audited. */
function coverageTable(coverages: readonly Coverage[]): string {
  if (coverages.length === 0) return "";
  const head = [
    ...["risk, %", "weights", "weight", "vacuous: 1, 0", "no slack somewhere"],
    ...["anchor above the risk", "students", "audit passed", "above the risk", "of these passed"],
  ];
  const rows = coverages.map((one) =>
    line([
      ...[percent(one.risk, 0), `${one.weights}`],
      `${one.median.toFixed(2)}<small>${one.least.toFixed(2)} to ${one.largest.toFixed(2)}</small>`,
      ...[`${one.whole}, ${one.none}`, `${one.withoutSlack}`, `${one.anchorOver}`],
      ...[`${one.students}`, `${one.passed}`, `${one.over}`, `${one.passedOver}`],
    ]),
  );
  return `${table(head, rows)}
<p class="muted">Of all seeds, those of tuning too. “Above the risk”: of the base's right answers to the evaluation's questions, on which nothing was certified or audited, a larger share was lost than the risk; of a few questions that may be chance. The certificate is about the exact anchor; a student is promised nothing until its audit.</p>`;
}

const lastAudit = ({ certificates }: Reported, { row, seed }: Planned) =>
  certificates.findLast((one) => one.row === row && one.seed === seed)?.retention;
