import { around } from "../../../src/tensor/shapes.ts";
import type { Lowering } from "../kernel.ts";

/** The first of several largest numbers wins; a NaN is larger than any. */
export const argmax: Lowering<"argmax"> = ({ shapes: [x = []], attrs: { axis } }) => {
  const { outer, n: length, inner } = around(x, axis);
  return [
    {
      reads: [0],
      extent: [outer, inner],
      lanes: 1,
      body(cell, block = "0", i = "0") {
        const from = cell.declare(`${block} * ${length * inner} + ${i}`);
        const largest = cell.variable(cell.at(0, from));
        const place = cell.variable("0");
        cell.repeat(length, (k) => {
          const v = cell.at(0, `${from} + ${k} * ${inner}`);
          cell.when(`${cell.call("exceeds", v, largest)} == 1`, () => {
            cell.run(`${largest} = ${v};`);
            cell.run(`${place} = ${k};`);
          });
        });
        return [place];
      },
    },
  ];
};
