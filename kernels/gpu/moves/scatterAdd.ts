import { last, sizeOf } from "../../../src/tensor/shapes.ts";
import { type Cell, type Lowering, lanesFor, resultOf } from "../kernel.ts";

/**
 * Gathers, since a GPU.js cell writes its own number only. The places of equal ids form a chain,
 * so that a row of the table reads its own updates and no others.
 */
export const scatterAdd: Lowering<"scatterAdd"> = ({ shapes, attrs: { rows }, wide }) => {
  const [ids = [], updates = []] = shapes;
  const count = sizeOf(ids);
  const width = last(updates);
  const lanes = lanesFor(wide, width);
  const groups = width / lanes;
  return [
    {
      // The next place with the same id, or −1.
      reads: [0],
      extent: [count],
      lanes: 1,
      body: (cell, i = "0") => [firstPlace(cell, count, wide, cell.at(0, i), i)],
    },
    {
      // The first place of each id, or −1.
      reads: [0],
      extent: [rows],
      lanes: 1,
      body: (cell, row = "0") => [firstPlace(cell, count, wide, row, "-1")],
    },
    {
      reads: [1, resultOf(0), resultOf(1)],
      extent: [rows, groups],
      lanes,
      body(cell, row = "0", group = "0") {
        const totals = Array.from({ length: lanes }, () => cell.variable("0"));
        const place = cell.variable(cell.at(2, row));
        cell.repeat(count, () => {
          cell.run(`if (${place} < 0) { break; }`);
          const from = cell.whole(place);
          const update = cell.load(0, `${from} * ${groups} + ${group}`, lanes);
          for (const [lane, total] of totals.entries()) cell.run(`${total} += ${update[lane]};`);
          cell.run(`${place} = ${cell.at(1, place)};`);
        });
        return totals;
      },
    },
  ];
};

/** The first place after `after` where the ids are `id`. */
function firstPlace(cell: Cell, count: number, wide: boolean, id: string, after: string): string {
  const lanes = lanesFor(wide, count);
  const found = cell.variable("-1");
  cell.repeat(count / lanes, (group) => {
    cell.load(0, group, lanes).forEach((v, lane) => {
      const place = cell.declare(`${group} * ${lanes} + ${lane}`);
      cell.when(`${found} < 0 && ${place} > ${after} && ${v} == ${id}`, () =>
        cell.run(`${found} = ${place};`),
      );
    });
  });
  return found;
}
