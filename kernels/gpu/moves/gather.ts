import { at, sizeOf } from "../../../src/tensor/shapes.ts";
import { type Lowering, lanesFor } from "../kernel.ts";

export const gather: Lowering<"gather"> = ({ shapes: [table = [], ids = []], wide }) => {
  const width = at(table, 1);
  const lanes = lanesFor(wide, width);
  const groups = width / lanes;
  return [
    {
      reads: [0, 1],
      extent: [sizeOf(ids), groups],
      lanes,
      body(cell, i = "0", group = "0") {
        const id = cell.whole(cell.at(1, i));
        return cell.load(0, `${id} * ${groups} + ${group}`, lanes);
      },
    },
  ];
};
