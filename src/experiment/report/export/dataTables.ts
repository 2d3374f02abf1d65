import { lawData } from "../analysis/divergence.ts";
import { contrastData, familyData } from "../analysis/lines.ts";
import { coverageData } from "../coverage.ts";
import {
  attemptData,
  certificateData,
  choiceData,
  differenceData,
  priorData,
  resultData,
  seedData,
} from "../data.ts";
import { distributionData } from "../distributions.ts";
import { type ReportedRun, reportedOf } from "../reported.ts";
import { retentionData } from "../retention.ts";
import { trajectoryData } from "../trajectories.ts";
import type { DataTable } from "./csv.ts";

/** All tables of a run. */
export function dataTables(run: ReportedRun): DataTable[] {
  const reported = reportedOf(run);
  const makers = [
    ...[resultData, seedData, priorData, certificateData, differenceData, choiceData],
    ...[retentionData, coverageData],
    ...[trajectoryData, distributionData, familyData, contrastData, lawData, attemptData],
  ];
  return makers.map((make) => make(reported)).filter(({ rows }) => rows.length > 0);
}
