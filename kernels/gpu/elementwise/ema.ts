import type { Lowering } from "../kernel.ts";
import { elementwise, scaled } from "./elementwise.ts";

export const ema: Lowering<"ema"> = (call) => {
  const { decay } = call.attrs;
  return elementwise(
    call,
    2,
    (cell, average, x) => `${scaled(cell, decay, average)} + ${scaled(cell, 1 - decay, x)}`,
  );
};

export const emaSquare: Lowering<"emaSquare"> = (call) => {
  const { decay } = call.attrs;
  return elementwise(
    call,
    2,
    (cell, average, x) => `${scaled(cell, decay, average)} + ${scaled(cell, 1 - decay, x)} * ${x}`,
  );
};
