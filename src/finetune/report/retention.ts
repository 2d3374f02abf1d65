import { escapeHtml } from "../../report/escape.ts";
import { percent } from "../../report/format.ts";
import { auditSentence, plannedSentences } from "../../report/retention.ts";
import { table } from "../../report/table.ts";
import { digits, line } from "./html.ts";
import type { AuditLine } from "./lines.ts";
import type { FineTuned } from "./run.ts";

type Audit = AuditLine & { readonly outer: number };

/** The audits of a run, outer step by outer step. */
const auditsOf = ({ certificates }: Pick<FineTuned, "certificates">): Audit[] =>
  certificates.flatMap(({ outer, retention }) => (retention ? [{ outer, ...retention }] : []));

/** What was planned and what the audits found, in words. */
export function retentionSentences(run: FineTuned): readonly string[] {
  const last = auditsOf(run).at(-1);
  return [
    ...(run.retention ? plannedSentences(run.retention) : []),
    ...(last ? [auditSentence(last)] : []),
  ];
}

/** A line for each outer step. */
function auditTable(run: FineTuned): string {
  const audits = auditsOf(run);
  if (audits.length === 0) return "";
  const head = [
    ...["outer step", "lost of audited", "may be lost", "at most, %", "audit"],
    ...[
      "total weight",
      "exact anchor lost",
      "slack at all tokens",
      "slack: least",
      "a tenth",
      "half",
    ],
  ];
  const lines = audits.map(({ outer, lost, prompts, allowed, upper, passed, planned }) =>
    line([
      ...[`${outer + 1}`, `${lost} / ${prompts}`, `${allowed}`, percent(upper)],
      passed ? "passed" : "not passed",
      ...(planned
        ? [
            ...[digits(planned.weight), `${planned.lost} / ${planned.prompts}`],
            `${planned.covered} / ${planned.prompts}`,
            ...[planned.slack.least, planned.slack.tenth, planned.slack.median].map(digits),
          ]
        : Array<string>(6).fill("–")),
    ]),
  );
  return table(head, lines);
}

/** Retained answers: what was planned, and what was kept. */
export function retained(run: FineTuned): string {
  const said = retentionSentences(run);
  return said.length === 0
    ? ""
    : `${said.map((sentence) => `<p>${escapeHtml(sentence)}</p>`).join("\n")}\n${auditTable(run)}`;
}
