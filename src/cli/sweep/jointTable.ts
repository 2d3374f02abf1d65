import { baseOf } from "../../experiment/recipe.ts";
import { seedsText } from "../../experiment/summary/seeds.ts";
import { type JointRow, joinStudies, type Measured } from "../../experiment/summary/studies.ts";
import type { RowSummary, Spread } from "../../experiment/summary/summary.ts";
import { percent } from "../../report/format.ts";
import { reflow } from "../terminal/reflow.ts";
import { type ColumnGroup, foldedTable } from "../terminal/table.ts";

const none = "–";

const share = (spread: Spread | undefined): string => (spread ? percent(spread.mean) : none);

/** Target, gain and drop of a row in one study. */
function cellsOf(row: RowSummary | undefined, isBase: boolean): readonly string[] {
  if (!row) return [none, none, none];
  return [share(row.target), ...(isBase ? [none, none] : [share(row.gain), share(row.drop)])];
}

/** Columns from a line of cells for each row. */
const columnsOf = (
  head: readonly string[],
  lines: readonly (readonly string[])[],
): readonly (readonly string[])[] =>
  head.map((title, c) => [title, ...lines.map((cells) => cells[c] ?? none)]);

/**
 * Several studies of the same rows side by side, as many as 80 columns hold: target, gain and drop
 * in each, then the means of gain and drop.
 */
export function renderJointTable(studies: readonly Measured[]): string {
  const rows = joinStudies(studies);
  const base = studies[0] && baseOf(studies[0].recipe).id;
  const isBase = ({ id }: JointRow): boolean => id === base;
  const groups = studies.map(
    ({ recipe }, i): ColumnGroup => ({
      title: recipe.name,
      columns: columnsOf(
        ["target", "gain", "drop"],
        rows.map((row) => cellsOf(row.studies[i], isBase(row))),
      ),
    }),
  );
  const means: ColumnGroup = {
    title: "mean",
    columns: columnsOf(
      ["gain", "drop"],
      rows.map((row) => (isBase(row) ? [none, none] : [share(row.gain), share(row.drop)])),
    ),
  };
  const measured = rows.flatMap((row) => row.studies.flatMap((one) => one ?? []));
  return [
    foldedTable(["", ...rows.map(({ label }) => label)], [...groups, means], { gap: 2 }),
    "target: answered rightly, %, whatever signs the answer off.",
    reflow(
      `gain: share of the reference's way, %. drop: relative loss of the mean prior skill, %. Means over ${seedsText(measured)}.`,
    ),
  ].join("\n");
}
