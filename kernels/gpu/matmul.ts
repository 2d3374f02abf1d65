import { sizeOf } from "../../src/tensor/shapes.ts";
import {
  type Cell,
  eachLane,
  type Kernel,
  type Lanes,
  type Lowering,
  lanesFor,
  resultOf,
} from "./kernel.ts";
import { strided } from "./strided.ts";

interface Product {
  readonly packed: boolean;
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

export const matmul: Lowering<"matmul"> = ({ shapes: [a = []], shape, attrs, packed }) => {
  const [m, n] = shape.slice(-2) as [number, number];
  const k = (attrs.transposeA ? a.at(-2) : a.at(-1)) as number;
  const product = { packed, batch: sizeOf(shape.slice(0, -2)), m, k, n, ...attrs };
  // Down a column of a packed matrix every texel gives one number of four: turning it first
  // costs k · m fetches and saves most of k · m · n / 4.
  if (attrs.transposeA && packed && k % 4 === 0 && n > 4)
    return [turned(product), multiplied({ ...product, transposeA: false }, [resultOf(0), 1])];
  return [multiplied(product, [0, 1])];
};

/** [batch, k, m] → [batch, m, k]. */
const turned = ({ packed, batch, m, k }: Product): Kernel =>
  strided(packed, [batch, m, k], [m * k, 1, m]);

function multiplied(product: Product, reads: readonly number[]): Kernel {
  const { packed, batch, m, k, n } = product;
  const lanes = lanesFor(packed, n);
  const depth = k % 4 === 0 ? 4 : 1;
  return {
    reads,
    extent: [batch, m, n / lanes],
    lanes,
    body(cell, block = "0", row = "0", column = "0") {
      const totals = Array.from({ length: lanes }, () => cell.variable("0"));
      const left = leftOf(cell, product, depth, block, row);
      const right = rightOf(cell, product, depth, lanes, block, column);
      cell.repeat(k / depth, (step) => {
        const a = left(step);
        const b = right(step);
        for (const [lane, total] of totals.entries())
          cell.run(`${total} += ${a.map((x, i) => `${x} * ${b[i]?.[lane]}`).join(" + ")};`);
      });
      return totals;
    },
  };
}

/** Reads `depth` numbers of a row of the left factor. */
function leftOf(
  cell: Cell,
  { packed, m, k, transposeA }: Product,
  depth: Lanes,
  block: string,
  row: string,
): (step: string) => readonly string[] {
  if (transposeA) {
    const from = cell.declare(`${block} * ${m * k} + ${row}`);
    return (step) =>
      steps(depth, (i) => cell.at(0, `${from} + (${step} * ${depth} + ${i}) * ${m}`));
  }
  const lanes = lanesFor(packed, k);
  const from = cell.declare(`(${block} * ${m} + ${row}) * ${k / lanes}`);
  if (lanes === depth) return (step) => cell.load(0, `${from} + ${step}`, lanes);
  return (step) => steps(depth, (i) => cell.at(0, `${from} + ${step} * ${depth} + ${i}`));
}

/** Reads `depth` rows of `lanes` neighbouring columns of the right factor. */
function rightOf(
  cell: Cell,
  { packed, k, n, transposeB }: Product,
  depth: Lanes,
  lanes: Lanes,
  block: string,
  column: string,
): (step: string) => readonly (readonly string[])[] {
  if (!transposeB) {
    const from = cell.declare(`${block} * ${(k * n) / lanes} + ${column}`);
    const width = n / lanes;
    return (step) =>
      steps(depth, (i) => cell.load(1, `${from} + (${step} * ${depth} + ${i}) * ${width}`, lanes));
  }
  const deep = lanesFor(packed, k);
  const from = eachLane(lanes, (lane) =>
    cell.declare(`(${block} * ${n} + ${column} * ${lanes} + ${lane}) * ${k / deep}`),
  );
  const along = (start: string, step: string): readonly string[] =>
    deep === depth
      ? cell.load(1, `${start} + ${step}`, deep)
      : steps(depth, (i) => cell.at(1, `${start} + ${step} * ${depth} + ${i}`));
  return (step) => {
    const columns = from.map((start) => along(start, step));
    return steps(depth, (i) => columns.map((numbers) => numbers[i] as string));
  };
}

const steps = <T>(depth: number, make: (i: number) => T): T[] =>
  Array.from({ length: depth }, (_, i) => make(i));
