import { type Call, type Kernel, type Lowering, resultOf } from "../kernel.ts";
import {
  logSumExpParts,
  recordAt,
  recorded,
  records,
  rowSums,
  rowsOf,
  type Sharing,
} from "./rows.ts";

export const softmax: Lowering<"softmax"> = (call) => {
  const { shape, wide } = call;
  const rows = rowsOf(shape, wide);
  return recorded(call, rows, [
    records(wide, [0], rows.count, 2, (cell, row) => {
      const { max, sum } = logSumExpParts(cell, rows, row, 0);
      return [max, `1 / ${sum}`];
    }),
    {
      reads: [0, resultOf(0)],
      extent: [rows.count, rows.groups],
      lanes: rows.lanes,
      body(cell, row = "0") {
        const [max, scale] = recordAt(cell, 1, row, 2);
        return cell
          .load(0, cell.index, rows.lanes)
          .map((x) => `${cell.call("exp", `${x} - ${max}`)} * ${scale}`);
      },
    },
  ]);
};

export const softmaxGrad: Lowering<"softmaxGrad"> = (call) => throughSoftmax(call, 1);

type Softmaxes = Sharing & Pick<Call<"softmaxGrad">, "shape" | "wide">;

/** scale · y · (g − Σ g·y) over rows of (g, y). */
export function throughSoftmax(call: Softmaxes, scale: number): readonly Kernel[] {
  const { shape, wide } = call;
  const rows = rowsOf(shape, wide);
  return recorded(call, rows, [
    records(wide, [0, 1], rows.count, 1, (cell, row) => {
      return rowSums(cell, rows, row, { reads: [0, 1] }, ([dot], _, g = [], y = []) => {
        cell.run(`${dot} += ${g.map((v, lane) => `${v} * ${y[lane]}`).join(" + ")};`);
      });
    }),
    {
      reads: [0, 1, resultOf(0)],
      extent: [rows.count, rows.groups],
      lanes: rows.lanes,
      body(cell, row = "0") {
        const [dot] = recordAt(cell, 2, row, 1);
        const g = cell.load(0, cell.index, rows.lanes);
        const y = cell.load(1, cell.index, rows.lanes);
        return y.map((v, lane) => `${scale} * ${v} * (${g[lane]} - ${dot})`);
      },
    },
  ]);
}
