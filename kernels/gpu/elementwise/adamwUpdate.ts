import { at, sizeOf } from "../../../src/tensor/shapes.ts";
import { eachLane, type Lanes, type Lowering, literal } from "../kernel.ts";
import { scaled } from "./elementwise.ts";

export const adamwUpdate: Lowering<"adamwUpdate"> = ({ shape, wide, attrs }) => {
  const lanes: Lanes = wide ? 4 : 1;
  const epsilon = literal(attrs.epsilon);
  return [
    {
      reads: [0, 1, 2, 3],
      extent: [Math.ceil(sizeOf(shape) / lanes)],
      lanes,
      body(cell) {
        const [p = [], m, v] = [0, 1, 2].map((i) => cell.load(i, cell.index, lanes));
        const [rate, c1, c2] = ["0", "1", "2"].map((i) => cell.at(3, i));
        return eachLane(lanes, (lane) => {
          const root = cell.call("sqrt", `${v?.[lane]} * ${c2}`);
          const direction = `${m?.[lane]} * ${c1} / (${root} + ${epsilon})`;
          return `-${rate} * (${direction} + ${scaled(cell, attrs.weightDecay, at(p, lane))})`;
        });
      },
    },
  ];
};
