import { last } from "../../../src/tensor/shapes.ts";
import type { Shape } from "../../../src/tensor/tensor.ts";
import { type Cell, type Kernel, type Lowering, literal, resultOf } from "../kernel.ts";
import { overRow, type Rows, recordAt, recorded, records, rowsOf } from "./rows.ts";
import { columnSums } from "./sum.ts";

export const rmsNorm: Lowering<"rmsNorm"> = (call) => {
  const { shape, attrs, wide } = call;
  const rows = rowsOf(shape, wide);
  return recorded(call, rows, [
    reciprocalRms(rows, shape, attrs.epsilon, wide, 0),
    {
      reads: [0, 1, resultOf(0)],
      extent: [rows.count, rows.groups],
      lanes: rows.lanes,
      body(cell, row = "0", group = "0") {
        const [r] = recordAt(cell, 2, row, 1);
        const gain = cell.load(1, group, rows.lanes);
        return cell.load(0, cell.index, rows.lanes).map((x, lane) => `${x} * ${r} * ${gain[lane]}`);
      },
    },
  ]);
};

/** One number a row: 1 / √(mean(x²) + epsilon). */
const reciprocalRms = (
  rows: Rows,
  shape: Shape,
  epsilon: number,
  wide: boolean,
  x: number,
): Kernel =>
  records(wide, [x], rows.count, 1, (cell, row) => {
    const squares = cell.variable("0");
    overRow(cell, rows, row, [0], (_, v = []) => {
      cell.run(`${squares} += ${v.map((n) => `${n} * ${n}`).join(" + ")};`);
    });
    cell.shared?.sum(squares);
    return [reciprocal(cell, squares, shape, epsilon)];
  });

const reciprocal = (cell: Cell, squares: string, shape: Shape, epsilon: number): string =>
  cell.declare(`1 / ${cell.call("sqrt", `${squares} / ${shape.at(-1)} + ${literal(epsilon)}`)}`);

/** (g·gain − n · mean(g·gain·n)) · r, with r the reciprocal root mean square and n = x·r. */
export const rmsNormGradX: Lowering<"rmsNormGradX"> = (call) => {
  const { shape, attrs, wide } = call;
  const rows = rowsOf(shape, wide);
  return recorded(call, rows, [
    records(wide, [0, 1, 2], rows.count, 2, (cell, row) => {
      const squares = cell.variable("0");
      const dot = cell.variable("0");
      overRow(cell, rows, row, [0, 1], (group, g = [], x = []) => {
        const gain = cell.load(2, group, rows.lanes);
        cell.run(`${squares} += ${x.map((v) => `${v} * ${v}`).join(" + ")};`);
        cell.run(`${dot} += ${x.map((v, i) => `${g[i]} * ${gain[i]} * ${v}`).join(" + ")};`);
      });
      for (const total of [squares, dot]) cell.shared?.sum(total);
      const r = reciprocal(cell, squares, shape, attrs.epsilon);
      return [r, `${dot} * ${r} / ${shape.at(-1)}`];
    }),
    {
      reads: [0, 1, 2, resultOf(0)],
      extent: [rows.count, rows.groups],
      lanes: rows.lanes,
      body(cell, row = "0", group = "0") {
        const [r, mean] = recordAt(cell, 3, row, 2);
        const g = cell.load(0, cell.index, rows.lanes);
        const x = cell.load(1, cell.index, rows.lanes);
        const gain = cell.load(2, group, rows.lanes);
        // In a row of one number all but epsilon cancels, and infinities leave NaN.
        if (shape.at(-1) === 1) {
          const none = cell.call("nothing", `${g[0]} * ${gain[0]} * ${x[0]} * ${r}`);
          return [
            `${literal(attrs.epsilon)} * ${g[0]} * ${gain[0]} * ${r} * ${r} * ${r} + ${none}`,
          ];
        }
        return x.map((v, i) => `(${g[i]} * ${gain[i]} - ${v} * ${r} * ${mean}) * ${r}`);
      },
    },
  ]);
};

export const rmsNormGradGain: Lowering<"rmsNormGradGain"> = (call) => {
  const { attrs, wide } = call;
  const shape = call.shapes[0] ?? [];
  const rows = rowsOf(shape, wide);
  return [
    reciprocalRms(rows, shape, attrs.epsilon, wide, 1),
    ...columnSums(call, rows.count, last(shape), {
      reads: [0, 1, resultOf(0)],
      before: 1,
      term(cell, row, place, lanes) {
        const [r] = recordAt(cell, 2, row, 1);
        const x = cell.load(1, place, lanes);
        return cell.load(0, place, lanes).map((g, lane) => `${g} * ${x[lane]} * ${r}`);
      },
    }),
  ];
};
