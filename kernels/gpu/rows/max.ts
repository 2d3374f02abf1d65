import { around, at } from "../../../src/tensor/shapes.ts";
import { type Lowering, lanesFor } from "../kernel.ts";

export const max: Lowering<"max"> = ({ shapes: [x = []], attrs: { axis }, wide }) => {
  const { outer, n: length, inner } = around(x, axis);
  const lanes = lanesFor(wide, inner);
  const groups = inner / lanes;
  return [
    {
      reads: [0],
      extent: [outer, groups],
      lanes,
      body(cell, block = "0", group = "0") {
        const from = cell.declare(`${block} * ${length * groups} + ${group}`);
        const largest = cell.load(0, from, lanes).map((v) => cell.variable(v));
        cell.repeat(length, (k) => {
          const numbers = cell.load(0, `${from} + ${k} * ${groups}`, lanes);
          for (const [lane, m] of largest.entries())
            cell.run(`${m} = ${cell.call("maximum", m, at(numbers, lane))};`);
        });
        return largest;
      },
    },
  ];
};
