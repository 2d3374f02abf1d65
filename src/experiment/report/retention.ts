import { escapeHtml } from "../../report/escape.ts";
import { percent } from "../../report/format.ts";
import { auditSentence, plannedSentences } from "../../report/retention.ts";
import type { Planned } from "../measurements.ts";
import { type DataTable, tableOf } from "./export/csv.ts";
import type { Reported } from "./reported.ts";
import { dataDetails } from "./tables.ts";

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
${dataDetails(retentionData(study), recipe.name)}`;
}

const lastAudit = ({ certificates }: Reported, { row, seed }: Planned) =>
  certificates.findLast((one) => one.row === row && one.seed === seed)?.retention;
