import { around } from "../../../src/tensor/shapes.ts";
import type { Cell, Kernel, Lowering } from "../kernel.ts";
import { byWorkgroups, overRow, type Rows, rowsOf } from "./rows.ts";

/** The first of several largest numbers wins; a NaN is larger than any. */
export const argmax: Lowering<"argmax"> = (call) => {
  const [x = []] = call.shapes;
  const { outer, n: length, inner } = around(x, call.attrs.axis);
  const rows = rowsOf(x, call.wide);
  const kernel: Kernel = {
    reads: [0],
    extent: [outer, inner],
    lanes: 1,
    body(cell, block = "0", i = "0") {
      if (cell.shared) return [ofShared(cell, rows, block)];
      const from = cell.declare(`${block} * ${length * inner} + ${i}`);
      const found = searchFrom(cell, from);
      cell.repeat(length, (k) => found.see(cell.at(0, `${from} + ${k} * ${inner}`), k));
      return [found.place];
    },
  };
  return inner === 1 ? byWorkgroups(call, rows, kernel) : [kernel];
};

/** The largest number so far, from one on, and its place. */
function searchFrom(cell: Cell, from: string) {
  const largest = cell.variable(cell.at(0, from));
  const place = cell.variable("0");
  return {
    ...{ largest, place },
    see(v: string, k: string): void {
      cell.when(`${cell.call("exceeds", v, largest)} == 1`, () => {
        cell.run(`${largest} = ${v};`);
        cell.run(`${place} = ${k};`);
      });
    },
  };
}

/**
 * Each cell has a place for its own largest number; those of others than the largest are taken past
 * the end.
 */
function ofShared(cell: Cell, rows: Rows, row: string): string {
  const length = rows.groups * rows.lanes;
  const { largest, place, see } = searchFrom(cell, `${row} * ${length}`);
  overRow(cell, rows, row, [0], (group, x = []) => {
    for (const [lane, v] of x.entries()) see(v, `${group} * ${rows.lanes} + ${lane}`);
  });
  const own = cell.declare(largest);
  cell.shared?.max(largest);
  cell.when(`${cell.call("exceeds", largest, own)} == 1`, () => cell.run(`${place} = ${length};`));
  cell.shared?.least(place);
  return place;
}
