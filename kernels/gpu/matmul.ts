import { sizeOf } from "../../src/tensor/shapes.ts";
import { type Cell, type Kernel, type Lanes, type Lowering, lanesFor, resultOf } from "./kernel.ts";
import { strided } from "./strided.ts";

interface Product {
  readonly wide: boolean;
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Rows that a cell computes: four on WebGL 2, so that a number fetched is used four times. */
  readonly rows: 1 | 4;
  /** Parts that the sum over k is cut into, so that small products have cells enough. */
  readonly parts: number;
}

/** Cells that keep a GPU busy, and the fewest steps worth a cell of its own. */
const MANY_CELLS = 4096;
const FEW_STEPS = 16;
/** Products of fewer multiplications are one launch. */
const SMALL = 2 ** 16;

export const matmul: Lowering<"matmul"> = ({ shapes: [a = []], shape, attrs, wide, targets }) => {
  const [m, n] = shape.slice(-2) as [number, number];
  const k = (attrs.transposeA ? a.at(-2) : a.at(-1)) as number;
  const batch = sizeOf(shape.slice(0, -2));
  const small = batch * m * k * n < SMALL;
  const rows = wide && targets >= 4 && !small && m % 4 === 0 && n % 4 === 0 ? 4 : 1;
  const cells = (batch * m * n) / rows / lanesFor(wide, n);
  const parts = small ? 1 : partsOf(cells, k / depthOf(k));
  const product: Product = { wide, batch, m, k, n, rows, parts, ...attrs };
  // Down a column of a wide matrix a cell of one row uses one number of each texel.
  const turns = attrs.transposeA && wide && rows === 1 && k % 4 === 0 && n > 4;
  if (!turns) return multiplied(product, [0, 1], 0);
  const turned = strided(wide, [batch, m, k], [m * k, 1, m]);
  return [turned, ...multiplied({ ...product, transposeA: false }, [resultOf(0), 1], 1)];
};

const depthOf = (k: number): Lanes => (k % 4 === 0 ? 4 : 1);

function partsOf(cells: number, steps: number): number {
  let parts = 1;
  while (cells * parts < MANY_CELLS && steps % (2 * parts) === 0 && steps / parts >= 2 * FEW_STEPS)
    parts *= 2;
  return parts;
}

/** @param before results of earlier kernels */
function multiplied(product: Product, reads: readonly number[], before: number): Kernel[] {
  const { wide, batch, m, k, n, rows, parts } = product;
  const lanes = lanesFor(wide, n);
  const steps = k / depthOf(k) / parts;
  const kernel: Kernel = {
    reads,
    extent: [parts, batch, m / rows, n / lanes],
    lanes,
    rows,
    body(cell, part = "0", block = "0", row = "0", column = "0") {
      const totals = grid(rows, lanes, () => cell.variable("0"));
      const left = leftOf(cell, product, block, row);
      const right = rightOf(cell, product, lanes, block, column);
      const first = cell.declare(`${part} * ${steps}`);
      cell.repeat(steps, (i) => {
        const step = cell.declare(`${first} + ${i}`);
        const a = left(step);
        const b = right(step);
        for (const [r, line] of totals.entries())
          for (const [lane, total] of line.entries()) {
            const terms = a[r]?.map((x, d) => `${x} * ${b[d]?.[lane]}`);
            cell.run(`${total} += ${terms?.join(" + ")};`);
          }
      });
      return totals.flat();
    },
  };
  return rows * parts === 1 ? [kernel] : [kernel, joined(product, lanes, before)];
}

/** Sums the parts, and puts the rows in their places. */
function joined({ batch, m, n, rows, parts }: Product, lanes: Lanes, before: number): Kernel {
  const groups = n / lanes;
  const size = (batch * m * groups) / rows;
  return {
    reads: Array.from({ length: rows }, (_, row) => resultOf(before + row)),
    extent: [(batch * m) / rows, rows, groups],
    lanes,
    body(cell, block = "0", row = "0", group = "0") {
      const totals = Array.from({ length: lanes }, () => cell.variable("0"));
      const place = cell.declare(`${block} * ${groups} + ${group}`);
      const sum = (read: number): void =>
        cell.repeat(parts, (part) => {
          const terms = cell.load(read, `${place} + ${part} * ${size}`, lanes);
          for (const [lane, total] of totals.entries()) cell.run(`${total} += ${terms[lane]};`);
        });
      const choose = (read: number): void => {
        if (read === rows - 1) sum(read);
        else
          cell.when(
            `${row} == ${read}`,
            () => sum(read),
            () => choose(read + 1),
          );
      };
      choose(0);
      return totals;
    },
  };
}

/** Reads the numbers of the left factor for one step: a line for each row of the cell. */
function leftOf(
  cell: Cell,
  { wide, m, k, transposeA, rows }: Product,
  block: string,
  row: string,
): (step: string) => readonly (readonly string[])[] {
  const depth = depthOf(k);
  if (transposeA && rows === 4) {
    const from = cell.declare(`${block} * ${(m * k) / 4} + ${row}`);
    return (step) =>
      transposed(
        times(depth, (d) => cell.load(0, `${from} + (${step} * ${depth} + ${d}) * ${m / 4}`, 4)),
      );
  }
  if (transposeA) {
    const from = cell.declare(`${block} * ${m * k} + ${row}`);
    return (step) => [
      times(depth, (d) => cell.at(0, `${from} + (${step} * ${depth} + ${d}) * ${m}`)),
    ];
  }
  const starts = times(rows, (r) =>
    cell.declare(`(${block} * ${m} + ${row} * ${rows} + ${r}) * ${k / lanesFor(wide, k)}`),
  );
  return (step) => starts.map((start) => along(cell, 0, start, step, wide, depth));
}

/** Reads the numbers of the right factor for one step: a line of lanes for each number of depth. */
function rightOf(
  cell: Cell,
  { wide, k, n, transposeB }: Product,
  lanes: Lanes,
  block: string,
  column: string,
): (step: string) => readonly (readonly string[])[] {
  const depth = depthOf(k);
  if (!transposeB) {
    const from = cell.declare(`${block} * ${(k * n) / lanes} + ${column}`);
    return (step) =>
      times(depth, (d) =>
        cell.load(1, `${from} + (${step} * ${depth} + ${d}) * ${n / lanes}`, lanes),
      );
  }
  const starts = times(lanes, (lane) =>
    cell.declare(`(${block} * ${n} + ${column} * ${lanes} + ${lane}) * ${k / lanesFor(wide, k)}`),
  );
  return (step) => transposed(starts.map((start) => along(cell, 1, start, step, wide, depth)));
}

/** `depth` numbers of a line along k. */
function along(
  cell: Cell,
  read: number,
  start: string,
  step: string,
  wide: boolean,
  depth: Lanes,
): readonly string[] {
  if (wide && depth === 4) return cell.load(read, `${start} + ${step}`, 4);
  return times(depth, (d) => cell.at(read, `${start} + ${step} * ${depth} + ${d}`));
}

const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

const grid = <T>(rows: number, columns: number, make: () => T): T[][] =>
  times(rows, () => times(columns, make));

const transposed = (lines: readonly (readonly string[])[]): string[][] =>
  times(lines[0]?.length ?? 0, (i) => lines.map((line) => line[i] as string));
