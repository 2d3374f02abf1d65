import { type Cell, type Lowering, resultOf } from "../kernel.ts";
import {
  numberOfRow,
  type Rows,
  recordAt,
  recorded,
  records,
  rowMax,
  rowSums,
  rowsOf,
} from "./rows.ts";

/** What a row's label and its other tokens weigh, relative to the largest number. */
function weights(
  cell: Cell,
  rows: Rows,
  row: string,
  logits: number,
  label: string,
): { readonly max: string; readonly own: string; readonly others: string } {
  const max = rowMax(cell, rows, row, logits);
  const sums = { reads: [logits], count: 2 };
  const [own = "", others = ""] = rowSums(cell, rows, row, sums, ([own, others], group, x = []) => {
    for (const [lane, v] of x.entries()) {
      const weight = cell.declare(cell.call("exp", `${v} - ${max}`));
      const add = (to: string | undefined) => () => cell.run(`${to} += ${weight};`);
      cell.when(isLabel(rows, group, lane, label), add(own), add(others));
    }
  });
  return { max, own, others };
}

const isLabel = (rows: Rows, group: string, lane: number, label: string): string =>
  `${group} * ${rows.lanes} + ${lane} == ${label}`;

/** log Σ eˣ − x[label], a row at a time. */
export const crossEntropy: Lowering<"crossEntropy"> = (call) =>
  numberOfRow(call, (cell, rows, row) => {
    const label = cell.at(1, row);
    const { max, own, others } = weights(cell, rows, row, 0, label);
    const picked = cell.at(0, `${row} * ${rows.groups * rows.lanes} + ${cell.whole(label)}`);
    // A label that has almost all the weight costs others / own, which log Σ would lose.
    const sure = cell.declare(cell.call("logOnePlus", others));
    const log = cell.declare(cell.call("log", `${own} + ${others}`));
    const none = cell.declare(cell.call("nothing", own));
    return [`${picked} == ${max} ? ${sure} + ${none} : ${log} + (${max} - ${picked})`];
  });

/**
 * (g, logits, labels) → g · (softmax − one-hot). At the label that is −g times the weight of the
 * others, which keeps its digits where the label has almost all.
 */
export const crossEntropyGrad: Lowering<"crossEntropyGrad"> = (call) => {
  const { shape, wide } = call;
  const rows = rowsOf(shape, wide);
  return recorded(call, rows, [
    records(wide, [1, 2], rows.count, 3, (cell, row) => {
      const label = cell.at(1, row);
      const { max, own, others } = weights(cell, rows, row, 0, label);
      const over = cell.declare(`1 / (${own} + ${others})`);
      return [max, over, `${others} * ${over}`];
    }),
    {
      reads: [0, 1, 2, resultOf(0)],
      extent: [rows.count, rows.groups],
      lanes: rows.lanes,
      body(cell, row = "0", group = "0") {
        const [max, over, others] = recordAt(cell, 3, row, 3);
        const g = cell.at(0, row);
        const label = cell.at(2, row);
        const none = cell.declare(cell.call("nothing", g));
        return cell.load(1, cell.index, rows.lanes).map((x, lane) => {
          const weight = `${cell.call("exp", `${x} - ${max}`)} * ${over}`;
          return `${isLabel(rows, group, lane, label)} ? ${none} - ${g} * ${others} : ${g} * ${weight}`;
        });
      },
    },
  ]);
};
