import { escapeMarkdown } from "../../report/escape.ts";
import { expectRuns, readFailures, reopenRun } from "../runs/directory.ts";
import { againstMarkdown, type Comparison } from "./against.ts";
import { familyMarkdown } from "./analysis/markdown.ts";
import { sideBySideMarkdown } from "./analysis/sideBySide.ts";
import { coverageMarkdown } from "./coverageMarkdown.ts";
import { jointMarkdownTable, markdownTable } from "./markdown.ts";
import { type Reported, type ReportedRun, reportedOf, reportedPart } from "./reported.ts";

export { reportPage } from "./page.ts";
export type { ReportedRun } from "./reported.ts";

/**
 * Runs as reports read them; those that have not ended as far as they are.
 * @param folder a run's, with config.json and metrics.jsonl, or one of several runs, as a sweep's
 * @throws DataError where there is no run, or a file cannot be read
 * @example await writeFile("report.html", reportPage(await readRuns("runs/study")))
 */
export async function readRuns(folder: string): Promise<ReportedRun[]> {
  return Promise.all(
    (await expectRuns(folder)).map(async (path) => {
      const { config, measurements } = await reopenRun(path);
      return { config, measurements, failures: await readFailures(path) };
    }),
  );
}

/**
 * Tables of each run in Markdown, and one for what several have in common.
 * @param comparison in place of them, rows of each run against one of its own
 * @throws DataError for a comparison with what a run has not measured
 */
export function reportMarkdown(runs: readonly ReportedRun[], comparison?: Comparison): string {
  const studies = runs.map(reportedOf);
  const tablesOf = (study: Reported): string[] =>
    comparison ? [againstMarkdown(study, comparison)] : resultsOf(study);
  const coverage = comparison ? undefined : coverageMarkdown(studies);
  const certified =
    coverage === undefined ? [] : [`### Certified weights, and their audits\n\n${coverage}`];
  const [only] = studies;
  if (only && studies.length === 1) return [...tablesOf(only), ...certified].join("\n");
  const joint = comparison ? undefined : jointMarkdownTable(runs.map(reportedPart));
  const families = comparison ? undefined : sideBySideMarkdown(studies);
  return [
    ...studies.map(
      (one) => `### ${escapeMarkdown(one.recipe.name)}\n\n${tablesOf(one).join("\n")}`,
    ),
    ...(joint === undefined ? [] : [`### Side by side\n\n${joint}`]),
    ...(families === undefined ? [] : [`### Families side by side\n\n${families}`]),
    ...certified,
  ].join("\n");
}

/** All rows, and the families where their rows were chosen. */
function resultsOf(study: Reported): string[] {
  const families = familyMarkdown(study);
  return [markdownTable(study), ...(families === undefined ? [] : [families])];
}
