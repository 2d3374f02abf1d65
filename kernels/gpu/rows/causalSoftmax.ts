import { last } from "../../../src/tensor/shapes.ts";
import { type Cell, type Lowering, literal, resultOf } from "../kernel.ts";
import { eachGroup } from "../sharedRows.ts";
import { type Rows, recordAt, recorded, records, rowsOf } from "./rows.ts";
import { throughSoftmax } from "./softmax.ts";

/** Rows of [..., T, T]: row i sees the numbers j ≤ i. */
export const causalSoftmax: Lowering<"causalSoftmax"> = (call) => {
  const { shape, attrs, wide } = call;
  const rows = rowsOf(shape, wide);
  const T = last(shape);
  const scale = literal(attrs.scale);
  return recorded(call, rows, [
    {
      ...records(wide, [0], rows.count, 2, (cell, row) => {
        const [, i] = cell.divide(row, T, rows.count);
        const first = cell.at(0, `${row} * ${T}`);
        const max = cell.variable(`${scale} * ${first}`);
        overPast(cell, rows, row, i, (x, past) => {
          cell.run(`if (${past}) { ${max} = Math.max(${max}, ${scale} * ${x}); }`);
        });
        cell.shared?.max(max);
        const sum = cell.variable("0");
        overPast(cell, rows, row, i, (x, past) => {
          cell.run(`if (${past}) { ${sum} += ${cell.call("exp", `${scale} * ${x} - ${max}`)}; }`);
        });
        cell.shared?.sum(sum);
        return [max, `1 / ${sum}`];
      }),
    },
    {
      reads: [0, resultOf(0)],
      extent: [rows.count / T, T, rows.groups],
      lanes: rows.lanes,
      body(cell, block = "0", i = "0", group = "0") {
        const [max, over] = recordAt(cell, 1, `${block} * ${T} + ${i}`, 2);
        return cell.load(0, cell.index, rows.lanes).map((x, lane) => {
          const weight = `${cell.call("exp", `${scale} * ${x} - ${max}`)} * ${over}`;
          return `${group} * ${rows.lanes} + ${lane} > ${i} ? 0 : ${weight}`;
        });
      },
    },
  ]);
};

/** Visits the numbers of a row up to its own place, and tells for each whether it is in the past. */
function overPast(
  cell: Cell,
  { groups, lanes }: Rows,
  row: string,
  i: string,
  visit: (x: string, past: string) => void,
): void {
  const first = cell.declare(`${row} * ${groups}`);
  eachGroup(cell, groups, (group) => {
    cell.run(`if (${group} * ${lanes} > ${i}) { break; }`);
    const numbers = cell.load(0, `${first} + ${group}`, lanes);
    for (const [lane, x] of numbers.entries()) visit(x, `${group} * ${lanes} + ${lane} <= ${i}`);
  });
}

export const causalSoftmaxGrad: Lowering<"causalSoftmaxGrad"> = (call) =>
  throughSoftmax(call, call.attrs.scale);
