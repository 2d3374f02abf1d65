import { sizeOf } from "../../../src/tensor/shapes.ts";
import { type Lowering, lanesFor } from "../kernel.ts";

/** A number of one half mixes with its partner in the other half. */
export const rope: Lowering<"rope"> = ({ shape, attrs, wide }) => {
  const [T, D] = shape.slice(-2) as [number, number];
  const lanes = lanesFor(wide, D / 2);
  const groups = D / 2 / lanes;
  const [first, second] = attrs.inverse ? ["1", "-1"] : ["-1", "1"];
  return [
    {
      reads: [0, 1, 2],
      extent: [sizeOf(shape.slice(0, -2)), T, 2, groups],
      lanes,
      body(cell, _ = "0", t = "0", half = "0", group = "0") {
        const own = cell.load(0, cell.index, lanes);
        const other = cell.load(0, `${cell.index} + ${groups} - 2 * ${groups} * ${half}`, lanes);
        const cos = cell.load(1, `${t} * ${groups} + ${group}`, lanes);
        const sin = cell.load(2, `${t} * ${groups} + ${group}`, lanes);
        const sign = cell.declare(`${half} == 0 ? ${first} : ${second}`);
        return own.map((x, i) => `${x} * ${cos[i]} + ${sign} * ${other[i]} * ${sin[i]}`);
      },
    },
  ];
};
