import { sizeOf } from "../../../src/tensor/shapes.ts";
import type { Shape } from "../../../src/tensor/tensor.ts";
import { type Cell, type Kernel, type Lanes, lanesFor } from "../kernel.ts";

/** A tensor as rows of its last axis, read `lanes` numbers at a time. */
export interface Rows {
  readonly count: number;
  readonly lanes: Lanes;
  /** Groups of `lanes` numbers in a row. */
  readonly groups: number;
}

export function rowsOf(shape: Shape, wide: boolean): Rows {
  const length = shape.at(-1) ?? 1;
  const lanes = lanesFor(wide, length);
  return { count: sizeOf(shape.slice(0, -1)), lanes, groups: length / lanes };
}

/** Visits the numbers of a row of several tensors, group by group. */
export function overRow(
  cell: Cell,
  { groups, lanes }: Rows,
  row: string,
  reads: readonly number[],
  visit: (group: string, ...numbers: (readonly string[])[]) => void,
): void {
  const first = cell.declare(`${row} * ${groups}`);
  cell.repeat(groups, (group) => {
    const place = cell.declare(`${first} + ${group}`);
    visit(group, ...reads.map((read) => cell.load(read, place, lanes)));
  });
}

/** Groups of a row that are added up on their own where it has more. */
const PART = 256;

/**
 * Sums over a row. Of a long one they are made part by part: a vocabulary's small numbers, one by one,
 * would be lost beside a large one.
 * @param visit adds what a group of numbers gives to each of the sums
 */
export function rowSums(
  cell: Cell,
  rows: Rows,
  row: string,
  { reads, count = 1 }: { readonly reads: readonly number[]; readonly count?: number },
  visit: (sums: readonly string[], group: string, ...numbers: (readonly string[])[]) => void,
): readonly string[] {
  const zeros = () => Array.from({ length: count }, () => cell.variable("0"));
  const totals = zeros();
  if (rows.groups <= PART) {
    overRow(cell, rows, row, reads, (group, ...numbers) => visit(totals, group, ...numbers));
    return totals;
  }
  const [parts, length] = [zeros(), cell.variable("0")];
  const close = () => {
    for (const [i, part] of parts.entries()) cell.run(`${totals[i]} += ${part};`);
  };
  overRow(cell, rows, row, reads, (group, ...numbers) => {
    visit(parts, group, ...numbers);
    cell.run(`${length} += 1;`);
    cell.when(`${length} == ${PART}`, () => {
      close();
      for (const name of [...parts, length]) cell.run(`${name} = 0;`);
    });
  });
  close();
  return totals;
}

/** Largest number of a row, where a NaN may count or not: exponentials make it known. */
export function rowMax(cell: Cell, rows: Rows, row: string, read: number): string {
  const first = cell.load(read, `${row} * ${rows.groups}`, rows.lanes)[0] as string;
  const max = cell.variable(first);
  overRow(cell, rows, row, [read], (_, x) => {
    for (const v of x) cell.run(`${max} = Math.max(${max}, ${v});`);
  });
  return max;
}

/** Largest number of a row as `rowMax` finds it, and the sum of e to the number less the largest. */
export function logSumExpParts(
  cell: Cell,
  rows: Rows,
  row: string,
  read: number,
): { readonly max: string; readonly sum: string } {
  const max = rowMax(cell, rows, row, read);
  const [sum = ""] = rowSums(cell, rows, row, { reads: [read] }, ([sum], _, x = []) => {
    cell.run(`${sum} += ${x.map((v) => cell.call("exp", `${v} - ${max}`)).join(" + ")};`);
  });
  return { max, sum };
}

/**
 * A few numbers for each of `count` rows, for the kernel that reads them with `recordAt`. On a
 * wide device a record is four neighbouring numbers, elsewhere `width`.
 */
export function records(
  wide: boolean,
  reads: readonly number[],
  count: number,
  width: 1 | 2 | 3,
  body: (cell: Cell, row: string) => readonly string[],
): Kernel {
  if (wide)
    return {
      reads,
      extent: [count],
      lanes: 4,
      body: (cell, row = "0") => [...body(cell, row), "0", "0", "0"].slice(0, 4),
    };
  return {
    reads,
    extent: [count, width],
    lanes: 1,
    body(cell, row = "0", column = "0") {
      const [a = "0", b = a, c = b] = body(cell, row);
      return [width === 1 ? a : `${column} == 0 ? ${a} : (${column} == 1 ? ${b} : ${c})`];
    },
  };
}

/** The numbers of one record. */
export function recordAt(
  cell: Cell,
  read: number,
  row: string,
  width: 1 | 2 | 3,
): readonly string[] {
  if (cell.wide) return cell.load(read, row, 4).slice(0, width);
  return Array.from({ length: width }, (_, i) => cell.at(read, `(${row}) * ${width} + ${i}`));
}
