import { escapeHtml } from "../../report/escape.ts";
import { pageOf } from "../../report/page.ts";
import { acrossSections } from "./analysis/sections.ts";
import { type ReportedRun, reportedOf } from "./reported.ts";
import { studySections } from "./sections.ts";

/**
 * The report of one run or several, one HTML page that needs nothing else: figures, every number,
 * and what the runs were made with. An unfinished run gives a report of the rows that it has.
 */
export function reportPage(runs: readonly ReportedRun[], name?: string): string {
  const studies = runs.map(reportedOf);
  const [first] = studies;
  const title =
    studies.length === 1 && first
      ? `Anchored Learning, the ${first.recipe.name} study`
      : `Anchored Learning, ${name ?? "several studies"}`;
  const links = studies.map(
    ({ recipe }) => `<li><a href="#${escapeHtml(recipe.name)}">${escapeHtml(recipe.name)}</a></li>`,
  );
  const body = `${studies.length > 1 ? `<nav><ul>${links.join("")}</ul></nav>` : ""}
${studies.map((study) => studySections(study, studies.length > 1)).join("\n")}
${acrossSections(studies)}`;
  return pageOf({ title, body });
}
