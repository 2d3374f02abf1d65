import { last, sizeOf } from "../../../src/tensor/shapes.ts";
import { type Cell, type Kernel, type Lowering, lanesFor, resultOf } from "../kernel.ts";

/** Finds for each row the last place of its id, then takes the row from there or from x. */
export const scatterRows: Lowering<"scatterRows"> = ({ shapes, wide }) => {
  const [x = [], ids = []] = shapes;
  const [V, C, R] = [last(x, 2), last(x), last(ids)];
  const matrices = sizeOf(x.slice(0, -2));
  const lanes = lanesFor(wide, C);
  const groups = C / lanes;
  const places: Kernel = {
    reads: [1],
    extent: [matrices, V],
    lanes: 1,
    body: (cell, matrix = "0", row = "0") => [lastPlace(cell, R, matrix, row)],
  };
  const rows = (reads: readonly number[], place: (cell: Cell, at: string[]) => string): Kernel => ({
    reads,
    extent: [matrices, V, groups],
    lanes,
    body(cell, matrix = "0", row = "0", group = "0") {
      const result = Array.from({ length: lanes }, () => cell.variable("0"));
      const take = (read: number, at: string) =>
        cell.load(read, at, lanes).forEach((number, lane) => {
          cell.run(`${result[lane]} = ${number};`);
        });
      const from = cell.whole(place(cell, [matrix, row]));
      cell.when(
        `${from} < 0`,
        () => take(0, cell.index),
        () => take(1, `(${matrix} * ${R} + ${from}) * ${groups} + ${group}`),
      );
      return result;
    },
  });
  if (R > 1)
    return [
      places,
      rows([0, 2, resultOf(0)], (cell, [matrix, row]) => cell.at(2, `${matrix} * ${V} + ${row}`)),
    ];
  return [
    rows([0, 2, 1], (cell, [matrix = "0", row]) =>
      R === 0 ? "-1" : `${cell.at(2, matrix)} == ${row} ? 0 : -1`,
    ),
  ];
};

/** The last of R places whose id is that of the row; −1 where there is none. */
function lastPlace(cell: Cell, R: number, matrix: string, row: string): string {
  const found = cell.variable("-1");
  cell.repeat(R, (place) => {
    const id = cell.at(0, `${matrix} * ${R} + ${place}`);
    cell.when(`${id} == ${row}`, () => cell.run(`${found} = ${place};`));
  });
  return found;
}
