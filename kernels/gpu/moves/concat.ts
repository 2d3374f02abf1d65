import { at, sizeOf } from "../../../src/tensor/shapes.ts";
import type { Shape } from "../../../src/tensor/tensor.ts";
import { type Cell, type Kernel, type Lowering, lanesFor, resultOf } from "../kernel.ts";

/** WebGPU kernels take at most seven tensors (eight storage buffers with the result). */
const AT_ONCE = 7;

export const concat: Lowering<"concat"> = ({ shapes, attrs: { axis }, wide }) => {
  const outer = sizeOf((shapes[0] ?? []).slice(0, axis));
  const all = shapes.map((shape: Shape) => sizeOf(shape.slice(axis)));
  const filled = [...all.keys()].filter((i) => at(all, i) > 0);
  const blocks = filled.map((i) => at(all, i));
  const kernels = [joined(wide, outer, blocks.slice(0, AT_ONCE), filled.slice(0, AT_ONCE))];
  for (let next = AT_ONCE; next < blocks.length; next += AT_ONCE - 1) {
    const done = blocks.slice(0, next).reduce((a, b) => a + b, 0);
    const more = blocks.slice(next, next + AT_ONCE - 1);
    const reads = [resultOf(kernels.length - 1), ...filled.slice(next, next + AT_ONCE - 1)];
    kernels.push(joined(wide, outer, [done, ...more], reads));
  }
  return kernels;
};

/** [outer, Σ blocks] from tensors [outer, block]. */
function joined(
  wide: boolean,
  outer: number,
  blocks: readonly number[],
  reads: readonly number[],
): Kernel {
  const lanes = lanesFor(wide, ...blocks);
  const groups = blocks.map((n) => n / lanes);
  const width = groups.reduce((a, b) => a + b, 0);
  return {
    reads: reads.slice(0, blocks.length),
    extent: [outer, width],
    lanes,
    body(cell, row = "0", column = "0") {
      const result = Array.from({ length: lanes }, () => cell.variable("0"));
      choose(
        cell,
        groups,
        0,
        0,
        (read, from) => {
          const place = `${row} * ${groups[read]} + ${column} - ${from}`;
          const numbers = cell.load(read, place, lanes);
          for (const [lane, name] of result.entries()) cell.run(`${name} = ${numbers[lane]};`);
        },
        column,
      );
      return result;
    },
  };
}

/** Branches on the block that `column` lies in. */
function choose(
  cell: Cell,
  groups: readonly number[],
  read: number,
  from: number,
  take: (read: number, from: number) => void,
  column: string,
): void {
  const end = from + at(groups, read);
  if (read === groups.length - 1) take(read, from);
  else
    cell.when(
      `${column} < ${end}`,
      () => take(read, from),
      () => choose(cell, groups, read + 1, end, take, column),
    );
}
