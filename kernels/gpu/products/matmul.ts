import { at, sizeOf } from "../../../src/tensor/shapes.ts";
import {
  type Call,
  type Cell,
  type Kernel,
  type Lanes,
  type Lowering,
  lanesFor,
  resultOf,
} from "../kernel.ts";
import { strided } from "../moves/strided.ts";
import { sumAxis } from "../rows/sum.ts";
import { storedAs } from "../stored.ts";
import { groupsOfRows, isOfRows, rowsMatmul } from "./rowsMatmul.ts";
import {
  type GroupedProduct,
  type GroupTile,
  groupsOf,
  tiledMatmul,
  tilingOf,
} from "./tiledMatmul.ts";

interface Product extends GroupedProduct {
  readonly wide: boolean;
  readonly tile: Tile;
}

/** Rows and columns that a cell computes, so that a number fetched is used several times. */
interface Tile {
  readonly rows: 1 | 4 | 8 | 16;
  readonly columns: 1 | 4 | 8;
}

/** The fewest steps worth a cell of its own. */
const FEW_STEPS = 16;
/** Products of fewer multiplications are one launch. */
const SMALL = 2 ** 16;

export const matmul: Lowering<"matmul"> = (call) => {
  const { shape, attrs, wide, scatters } = call;
  const [a = []] = call.shapes;
  const [m, n] = shape.slice(-2) as [number, number];
  const k = (attrs.transposeA ? a.at(-2) : a.at(-1)) as number;
  const batch = sizeOf(shape.slice(0, -2));
  const small = batch * m * k * n < SMALL;
  const product = { batch, m, k, n, stored: storedAs(call.dtypes[1], call), ...attrs };
  if (call.shares && !small && isOfRows(product)) return [ofRows(product, call)];
  const tiling = call.shares && !small ? tilingOf({ batch, m, k, n }) : undefined;
  if (tiling) return sharing({ ...product, halves: call.halves, parts: tiling.parts }, tiling.tile);
  const tile = small ? { rows: 1 as const, columns: lanesFor(wide, n) } : tileOf(call, batch, m, n);
  const cells = (batch * m * n) / tile.rows / tile.columns;
  const parts = small ? 1 : partsOf(call.cells, cells, k / depthOf(k));
  const own: Product = { ...product, wide, tile, parts };
  const multiplied = scatters ? scattered : joined;
  // Down a column of a wide matrix a cell of one row uses one number of each texel.
  const turns = attrs.transposeA && wide && tile.rows === 1 && k % 4 === 0 && n > 4;
  if (!turns) return multiplied(own, [0, 1], 0);
  const turned = strided(wide, [batch, m, k], [m * k, 1, m]);
  return [turned, ...multiplied({ ...own, transposeA: false }, [resultOf(0), 1], 1)];
};

/** A few rows by groups of cells that add up together; the body is that of cells which share nothing. */
function ofRows(shapes: Omit<GroupedProduct, "parts">, { features }: Call<"matmul">): Kernel {
  const tile = { rows: 1, columns: lanesFor(true, shapes.n) } as const;
  const apart = tiles({ ...shapes, parts: 1, wide: true, tile }, [0, 1]);
  const options = { subgroups: features.includes("subgroups") };
  const shader = { code: rowsMatmul(shapes, options), workgroups: groupsOfRows(shapes) };
  if (shapes.n % 4 !== 0) return { ...apart, shader };
  return {
    ...apart,
    shader: { ...shader, ended: (ending) => rowsMatmul(shapes, options, ending) },
  };
}

/** Groups of cells that share what they fetch; the body is that of cells which share nothing. */
function sharing(product: GroupedProduct, tile: GroupTile): Kernel[] {
  const { batch, m, n, parts } = product;
  const apart = tiles({ ...product, wide: true, tile: { rows: 1, columns: 4 } }, [0, 1]);
  const shader = {
    ...{ code: tiledMatmul(product, tile), workgroups: groupsOf(product, tile) },
    ended: (ending: string) => tiledMatmul(product, tile, ending),
  };
  const kernel = { ...apart, shader };
  return parts === 1 ? [kernel] : [kernel, sumAxis(true, 1, parts, batch * m * n, resultOf(0))];
}

/** Tiles of cells that write anywhere, the best first. */
const TILES: readonly Tile[] = [
  { rows: 16, columns: 8 },
  { rows: 8, columns: 8 },
  { rows: 8, columns: 4 },
];

/** The largest tile that fits and leaves cells enough. */
function tileOf(
  { wide, targets, scatters, cells, sums }: Call<"matmul">,
  batch: number,
  m: number,
  n: number,
): Tile {
  const columns = lanesFor(wide, n);
  if (columns === 1 || m % 4 !== 0 || (!scatters && targets < 4)) return { rows: 1, columns };
  const fits = (tile: Tile): boolean =>
    m % tile.rows === 0 &&
    n % tile.columns === 0 &&
    tile.rows * tile.columns <= Math.min(sums, (batch * m * n) / cells);
  return (scatters && TILES.find(fits)) || { rows: 4, columns };
}

/** Numbers along k that a step takes. */
const depthOf = (k: number): Lanes => (k % 4 === 0 ? 4 : 1);

function partsOf(wanted: number, cells: number, steps: number): number {
  let parts = 1;
  while (cells * parts < wanted && steps % (2 * parts) === 0 && steps / parts >= 2 * FEW_STEPS)
    parts *= 2;
  return parts;
}

/** Each cell puts its tile where it belongs. @param before results of earlier kernels */
function scattered(product: Product, reads: readonly number[], before: number): Kernel[] {
  const { wide, batch, m, n, tile, parts } = product;
  const { rows, columns } = tile;
  const lanes = lanesFor(wide, n);
  const across = columns / lanes;
  const placed: Pick<Kernel, "places"> = {
    places: (cell, part = "0", block = "0", row = "0", column = "0") =>
      times(rows * across, (i) => {
        const line = `((${part} * ${batch} + ${block}) * ${m} + ${row} * ${rows} + ${Math.floor(i / across)})`;
        return cell.declare(`${line} * ${n / lanes} + ${column} * ${across} + ${i % across}`);
      }),
  };
  const kernel: Kernel = { ...tiles(product, reads), ...(rows * across > 1 ? placed : {}) };
  const size = batch * m * n;
  return parts === 1 ? [kernel] : [kernel, sumAxis(wide, 1, parts, size, resultOf(before))];
}

/** Tiles of `parts` products, each row of them in a result of its own unless it has a place. */
function tiles(product: Product, reads: readonly number[]): Kernel {
  const { wide, batch, m, k, n, parts } = product;
  const { rows, columns } = product.tile;
  const lanes = lanesFor(wide, n);
  const steps = k / depthOf(k) / parts;
  return {
    reads,
    extent: [parts, batch, m / rows, n / columns],
    lanes,
    rows: (rows * columns) / lanes,
    body(cell, part = "0", block = "0", row = "0", column = "0") {
      const totals = grid(rows, columns, () => cell.variable("0"));
      const left = leftOf(cell, product, block, row);
      const right = rightOf(cell, product, lanes, block, column);
      const first = cell.declare(`${part} * ${steps}`);
      cell.repeat(steps, (i) => {
        const step = cell.declare(`${first} + ${i}`);
        const a = left(step);
        const b = right(step);
        for (const [r, line] of totals.entries())
          for (const [c, total] of line.entries()) {
            const terms = a[r]?.map((x, d) => `${x} * ${b[d]?.[c]}`);
            cell.run(`${total} += ${terms?.join(" + ")};`);
          }
      });
      return totals.flat();
    },
  };
}

/** Sums the parts, and puts the rows in their places. @param before results of earlier kernels */
function joined(product: Product, reads: readonly number[], before: number): Kernel[] {
  const { wide, batch, m, n, parts } = product;
  const { rows } = product.tile;
  const lanes = lanesFor(wide, n);
  const kernel = tiles(product, reads);
  if (rows * parts === 1) return [kernel];
  const groups = n / lanes;
  const size = (batch * m * groups) / rows;
  const join: Kernel = {
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
  return [kernel, join];
}

/** Reads the numbers of the left factor for one step: a line for each row of the tile. */
function leftOf(
  cell: Cell,
  { wide, m, k, transposeA, tile: { rows } }: Product,
  block: string,
  row: string,
): (step: string) => readonly (readonly string[])[] {
  const depth = depthOf(k);
  if (transposeA && rows > 1) {
    const across = rows / 4;
    const from = cell.declare(`${block} * ${(m * k) / 4} + ${row} * ${across}`);
    return (step) =>
      transposed(
        times(depth, (d) => {
          const line = cell.declare(`${from} + (${step} * ${depth} + ${d}) * ${m / 4}`);
          return times(across, (i) => cell.load(0, `${line} + ${i}`, 4)).flat();
        }),
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

/** Reads the numbers of the right factor for one step: a line of the tile for each of depth. */
function rightOf(
  cell: Cell,
  { wide, k, n, transposeB, tile: { columns } }: Product,
  lanes: Lanes,
  block: string,
  column: string,
): (step: string) => readonly (readonly string[])[] {
  const depth = depthOf(k);
  if (!transposeB) {
    const across = columns / lanes;
    const from = cell.declare(`${block} * ${(k * n) / lanes} + ${column} * ${across}`);
    return (step) =>
      times(depth, (d) => {
        const line = cell.declare(`${from} + (${step} * ${depth} + ${d}) * ${n / lanes}`);
        return times(across, (i) => cell.load(1, `${line} + ${i}`, lanes)).flat();
      });
  }
  const starts = times(columns, (c) =>
    cell.declare(`(${block} * ${n} + ${column} * ${columns} + ${c}) * ${k / lanesFor(wide, k)}`),
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
  times(lines[0]?.length ?? 0, (i) => lines.map((line) => at(line, i)));
