import { type Lowering, literal } from "../kernel.ts";
import { elementwise } from "./elementwise.ts";

export const ema: Lowering<"ema"> = (call) => {
  const { decay } = call.attrs;
  return elementwise(
    call,
    2,
    (_, average, x) => `${literal(decay)} * ${average} + ${literal(1 - decay)} * ${x}`,
  );
};

export const emaSquare: Lowering<"emaSquare"> = (call) => {
  const { decay } = call.attrs;
  return elementwise(
    call,
    2,
    (_, average, x) => `${literal(decay)} * ${average} + ${literal(1 - decay)} * ${x} * ${x}`,
  );
};
