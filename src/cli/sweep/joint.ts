import { join } from "node:path";
import { jointPage } from "../../experiment/report/joint.ts";
import { reportedPart } from "../../experiment/report/reported.ts";
import type { RunConfig, RunDirectory } from "../../experiment/runs/run.ts";
import { writeWhole } from "../../weights/files.ts";
import { renderJointTable } from "./jointTable.ts";

/**
 * Shows studies of several targets as one table, and writes it as a page.
 * @returns what to print; undefined where the runs are no such studies
 */
export async function showTargets(
  name: string,
  path: string,
  runs: readonly RunDirectory[],
): Promise<string | undefined> {
  const targets = new Set(runs.map(({ config }) => config.recipe.target));
  const isJoint = runs.length > 1 && targets.size === runs.length && !targets.has(undefined);
  const studies = runs.map(reportedPart);
  if (!isJoint || studies.every(({ measurements }) => measurements.length === 0)) return undefined;
  const page = join(path, "targets.html");
  await writeWhole(page, jointPage(name, runs[0]?.config as RunConfig, studies));
  return `\n${renderJointTable(studies)}\n\ntable   ${page}\n`;
}
