import { at } from "../../../src/tensor/shapes.ts";
import { type Cell, type Lowering, resultOf } from "../kernel.ts";
import {
  logSumExpParts,
  numberOfRow,
  recordAt,
  recorded,
  records,
  rowSums,
  rowsOf,
} from "./rows.ts";

/** Σ eᵃ · (a − log softmax(x)) over rows of (anchor log-probabilities a, logits x). */
export const anchoredKl: Lowering<"anchoredKl"> = (call) =>
  numberOfRow(call, (cell, rows, row) => {
    const { max, sum } = logSumExpParts(cell, rows, row, 1);
    const log = cell.declare(cell.call("log", sum));
    return rowSums(cell, rows, row, { reads: [0, 1] }, ([total], _, anchor = [], x = []) => {
      const terms = anchor.map((a, lane) => {
        const q = cell.declare(cell.call("exp", a));
        // An anchor that rules a token out has −∞ there.
        return `(${q} == 0 ? 0 : ${q} * (${a} - ((${x[lane]} - ${max}) - ${log})))`;
      });
      cell.run(`${total} += ${terms.join(" + ")};`);
    });
  });

/** Rounded alike in both kernels, so that it cancels where one token has all the mass. */
const probability = (cell: Cell, a: string): string => `Math.fround(${cell.call("exp", a)})`;

/** (g, anchor, logits) → g · (softmax(logits) · Σ eᵃ − eᵃ). */
export const anchoredKlGrad: Lowering<"anchoredKlGrad"> = (call) => {
  const { shape, wide } = call;
  const rows = rowsOf(shape, wide);
  return recorded(call, rows, [
    records(wide, [1, 2], rows.count, 2, (cell, row) => {
      const { max, sum } = logSumExpParts(cell, rows, row, 1);
      const [mass] = rowSums(cell, rows, row, { reads: [0] }, ([mass], _, anchor = []) => {
        cell.run(`${mass} += ${anchor.map((a) => probability(cell, a)).join(" + ")};`);
      });
      return [max, `${mass} / ${sum}`];
    }),
    {
      reads: [0, 1, 2, resultOf(0)],
      extent: [rows.count, rows.groups],
      lanes: rows.lanes,
      body(cell, row = "0") {
        const [max, scale] = recordAt(cell, 3, row, 2);
        const g = cell.at(0, row);
        const anchor = cell.load(1, cell.index, rows.lanes);
        return cell
          .load(2, cell.index, rows.lanes)
          .map(
            (x, i) =>
              `${g} * (${cell.call("exp", `${x} - ${max}`)} * ${scale} - ${probability(cell, at(anchor, i))})`,
          );
      },
    },
  ]);
};
