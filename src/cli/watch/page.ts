import { escapeHtml } from "../../report/escape.ts";
import { duration, percent } from "../../report/format.ts";
import { pageOf } from "../../report/page.ts";

/** How far one run of a sweep has come. */
export interface Standing {
  readonly name: string;
  readonly done: number;
  readonly rows: number;
  readonly failures: number;
  /** When it began; ISO 8601. */
  readonly started: string;
  /** When something was last written to it, ms since 1970. */
  readonly changed: number;
}

const ownStyle = "\nprogress { width: 100%; min-width: 6rem; }\n";

/** Seconds after which the page asks anew. */
const EVERY = 5;

/**
 * A page that shows how far runs have come, and loads itself anew.
 * @param now ms since 1970
 */
export function standingPage(name: string, runs: readonly Standing[], now: number): string {
  const done = runs.reduce((sum, run) => sum + run.done, 0);
  const rows = runs.reduce((sum, run) => sum + run.rows, 0);
  const title = `${name}: ${done} of ${rows} rows`;
  const body = `<p>${done === rows ? "All rows have ended." : `It loads itself anew every ${EVERY} s.`} <a href="/report">The report so far</a></p>
<div class="scroll" tabindex="0"><table>
<thead><tr><th>run</th><th>rows</th><th></th><th>failed</th><th>since</th><th>last row</th></tr></thead>
<tbody>
${runs.map((run) => line(run, now)).join("\n")}
</tbody></table></div>`;
  return pageOf({ title, body, style: ownStyle, refresh: EVERY });
}

function line({ name, done, rows, failures, started, changed }: Standing, now: number): string {
  const ago = (time: number): string =>
    Number.isFinite(time) ? `${duration(Math.max(0, now - time) / 1000)} ago` : "–";
  const share = rows === 0 ? 1 : done / rows;
  return `<tr><th scope="row">${escapeHtml(name)}</th><td>${done}/${rows}</td><td><progress max="1" value="${share}" aria-label="${escapeHtml(name)}: ${percent(share, 0)} %"></progress></td><td>${failures}</td><td>${ago(Date.parse(started))}</td><td>${ago(changed)}</td></tr>`;
}
