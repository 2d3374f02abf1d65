import { at } from "../../tensor/shapes.ts";
import { COLUMNS } from "./reflow.ts";

/** Columns of a table that stay side by side; the cells of each from the head down. */
export interface ColumnGroup {
  /** Above all of them. */
  readonly title?: string;
  /** Whether they begin a table of their own. */
  readonly apart?: boolean;
  readonly columns: readonly (readonly string[])[];
}

export interface TableOptions {
  /** Between two columns. */
  readonly gap?: number;
  readonly width?: number;
  /** What becomes of a line: `line` 0 is the head. */
  readonly style?: (text: string, line: number) => string;
  readonly rule?: (text: string) => string;
}

/**
 * A table that fits a terminal: groups that have no room follow below, beside the labels again.
 * @param labels the first column, from the head down
 */
export function foldedTable(
  labels: readonly string[],
  groups: readonly ColumnGroup[],
  options: TableOptions = {},
): string {
  const { gap = 1, width = COLUMNS } = options;
  const label = widest(labels);
  const blocks: ColumnGroup[][] = [];
  let left = 0;
  for (const group of groups) {
    const needed = widthOf(group, gap);
    const block = blocks.at(-1);
    const joins = block !== undefined && group.apart !== true && needed <= left;
    if (joins) block.push(group);
    else blocks.push([group]);
    left = (joins ? left : width - label) - needed;
  }
  return blocks.map((block) => blockOf(labels, block, options)).join("\n\n");
}

const widest = (cells: readonly string[]): number => Math.max(...cells.map(({ length }) => length));

/** How many columns of a terminal a group takes, with the gaps before it. */
const widthOf = ({ title = "", columns }: ColumnGroup, gap: number): number =>
  Math.max(
    title === "" ? 0 : title.length + gap,
    columns.reduce((sum, cells) => sum + widest(cells) + gap, 0),
  );

function blockOf(
  labels: readonly string[],
  block: readonly ColumnGroup[],
  { gap = 1, style = (text) => text, rule = (text) => text }: TableOptions,
): string {
  const label = widest(labels);
  const lines = labels.map((name, l) => {
    const cells = block.map((group) =>
      group.columns
        .map((column) => " ".repeat(gap) + at(column, l).padStart(widest(column)))
        .join("")
        .padStart(widthOf(group, gap)),
    );
    return style(`${name.padEnd(label)}${cells.join("")}`.trimEnd(), l);
  });
  const titles = block.map((group) => (group.title ?? "").padStart(widthOf(group, gap))).join("");
  const above = titles.trim() === "" ? [] : [style(`${" ".repeat(label)}${titles}`, 0)];
  const total = label + block.reduce((sum, group) => sum + widthOf(group, gap), 0);
  const line = rule("─".repeat(total));
  const [head = "", ...body] = lines;
  return [...above, head, line, ...body, line].join("\n");
}
