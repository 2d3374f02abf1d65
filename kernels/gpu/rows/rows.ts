import { at, sizeOf } from "../../../src/tensor/shapes.ts";
import type { PrimitiveName, Shape } from "../../../src/tensor/tensor.ts";
import { type Call, type Cell, type Kernel, type Lanes, lanesFor } from "../kernel.ts";
import { eachGroup, groupsOfSharedRows, type SharedRows, sharedRows } from "../sharedRows.ts";

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

/** Visits the numbers of a row of several tensors, group by group; where cells share a row, their own. */
export function overRow(
  cell: Cell,
  { groups, lanes }: Rows,
  row: string,
  reads: readonly number[],
  visit: (group: string, ...numbers: (readonly string[])[]) => void,
): void {
  const first = cell.declare(`${row} * ${groups}`);
  eachGroup(cell, groups, (group) => {
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
  if (rows.groups <= PART * (cell.shared?.threads ?? 1)) {
    overRow(cell, rows, row, reads, (group, ...numbers) => visit(totals, group, ...numbers));
    for (const total of totals) cell.shared?.sum(total);
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
  for (const total of totals) cell.shared?.sum(total);
  return totals;
}

/** Largest number of a row, where a NaN may count or not: exponentials make it known. */
export function rowMax(cell: Cell, rows: Rows, row: string, read: number): string {
  const first = cell.load(read, `${row} * ${rows.groups}`, rows.lanes)[0] as string;
  const max = cell.variable(first);
  overRow(cell, rows, row, [read], (_, x) => {
    for (const v of x) cell.run(`${max} = Math.max(${max}, ${v});`);
  });
  cell.shared?.max(max);
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

/** Groups of a row below which cells do not share it. */
const FEW = 8;

/** Whether workgroups go through such rows. */
const areShared = ({ shares }: Sharing, { lanes, groups }: Rows): boolean =>
  shares && lanes === 4 && groups >= FEW;

/** Cells that share a row. */
const threadsFor = (groups: number): number => (groups >= 512 ? 256 : groups >= 128 ? 64 : 32);

export type Sharing = Pick<Call<PrimitiveName>, "shares" | "shapes" | "features">;

/** Rows of a call by the tensors that are read and what is known of a row. */
const sharedRowsOf = (
  { shapes, features }: Sharing,
  { count, groups }: Rows,
  reads: readonly number[],
  record: SharedRows["record"],
): SharedRows => ({
  sizes: reads.map((read) => sizeOf(at(shapes, read))),
  ...{ count, threads: threadsFor(groups), record },
  subgroups: features.includes("subgroups"),
});

/**
 * A kernel that makes a record of each row, and one that makes a row of its record, as one that workgroups
 * go through where cells can share. The record is the second kernel's last tensor.
 */
export function recorded(
  call: Sharing,
  rows: Rows,
  [record, output]: readonly [Kernel, Kernel],
): readonly Kernel[] {
  if (!areShared(call, rows)) return [record, output];
  const reads = [...new Set([...record.reads, ...output.reads.slice(0, -1)])];
  const led = (cell: Cell, own: readonly number[]): Cell => ({
    ...cell,
    load: (read, ...args) => cell.load(reads.indexOf(at(own, read)), ...args),
    at: (read, place) => cell.at(reads.indexOf(at(own, read)), place),
  });
  const recordOf = (cell: Cell, row: string) => record.body(led(cell, record.reads), row);
  const rowOf = (cell: Cell, row: string, group: string, known: readonly string[]) => {
    const own = led(cell, output.reads);
    const last = output.reads.length - 1;
    const load: Cell["load"] = (read, ...args) => (read === last ? known : own.load(read, ...args));
    // The row as the kernel's axes have it.
    return output.body({ ...own, load }, ...axesOf(cell, output, row, group));
  };
  const shared: SharedRows = {
    ...sharedRowsOf(call, rows, reads, recordOf),
    output: { groups: rows.groups, body: rowOf },
  };
  const kernel: Kernel = {
    reads,
    extent: [rows.count, rows.groups],
    lanes: 4,
    body: (cell, row = "0", group = "0") =>
      rowOf(cell, row, group, recordOf(cell, row).map(cell.declare)),
    shader: {
      code: sharedRows(shared),
      workgroups: groupsOfSharedRows(shared),
      ended: (ending) => sharedRows(shared, ending),
    },
  };
  return [kernel];
}

/** What a kernel's body is told of a group's place. */
function axesOf(cell: Cell, { extent }: Kernel, row: string, group: string): string[] {
  if (extent.length === 2) return [row, group];
  const [, length = 1] = extent;
  const [block, i] = cell.divide(row, length, sizeOf(extent.slice(0, 2)));
  return [block, i, group];
}

/** A kernel that makes a number of each row of its first tensor and of what the second has for it. */
export function numberOfRow(
  call: Sharing & Pick<Call<PrimitiveName>, "wide">,
  body: (cell: Cell, rows: Rows, row: string) => readonly string[],
): readonly Kernel[] {
  const rows = rowsOf(at(call.shapes, 0), call.wide);
  return byWorkgroups(call, rows, {
    reads: [0, 1],
    extent: [rows.count],
    lanes: 1,
    body: (cell, row = "0") => body(cell, rows, row),
  });
}

/** A kernel whose cells make a number of a row each, by workgroups where cells can share. */
export function byWorkgroups(call: Sharing, rows: Rows, kernel: Kernel): readonly Kernel[] {
  if (!areShared(call, rows)) return [kernel];
  const shared = sharedRowsOf(call, rows, kernel.reads, kernel.body);
  const shader = { code: sharedRows(shared), workgroups: groupsOfSharedRows(shared) };
  return [{ ...kernel, shader }];
}
