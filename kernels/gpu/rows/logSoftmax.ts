import { at } from "../../../src/tensor/shapes.ts";
import { type Lowering, resultOf } from "../kernel.ts";
import { logSumExpParts, recordAt, recorded, records, rowSums, rowsOf } from "./rows.ts";

export const logSoftmax: Lowering<"logSoftmax"> = (call) => {
  const { shape, wide } = call;
  const rows = rowsOf(shape, wide);
  return recorded(call, rows, [
    records(wide, [0], rows.count, 2, (cell, row) => {
      const { max, sum } = logSumExpParts(cell, rows, row, 0);
      return [max, cell.call("log", sum)];
    }),
    {
      reads: [0, resultOf(0)],
      extent: [rows.count, rows.groups],
      lanes: rows.lanes,
      body(cell, row = "0") {
        const [max, log] = recordAt(cell, 1, row, 2);
        return cell.load(0, cell.index, rows.lanes).map((x) => `(${x} - ${max}) - ${log}`);
      },
    },
  ]);
};

/** g − eʸ · Σ g over rows of (g, y). */
export const logSoftmaxGrad: Lowering<"logSoftmaxGrad"> = (call) => {
  const { shape, wide } = call;
  const rows = rowsOf(shape, wide);
  return recorded(call, rows, [
    records(wide, [0], rows.count, 1, (cell, row) => {
      return rowSums(cell, rows, row, { reads: [0] }, ([sum], _, g = []) =>
        cell.run(`${sum} += ${g.join(" + ")};`),
      );
    }),
    {
      reads: [0, 1, resultOf(0)],
      extent: [rows.count, rows.groups],
      lanes: rows.lanes,
      body(cell, row = "0") {
        const [sum] = recordAt(cell, 2, row, 1);
        const g = cell.load(0, cell.index, rows.lanes);
        const y = cell.load(1, cell.index, rows.lanes);
        return g.map((v, lane) => `${v} - ${cell.call("exp", at(y, lane))} * ${sum}`);
      },
    },
  ]);
};
