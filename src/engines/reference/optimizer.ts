import { at, type Compute, elementwise, type Operand } from "./rows.ts";

export const ema: Compute<"ema"> = (out, inputs, { decay }, shape) =>
  elementwise((average = 0, x = 0) => decay * average + (1 - decay) * x)(out, inputs, {}, shape);

export const emaSquare: Compute<"emaSquare"> = (out, inputs, { decay }, shape) =>
  elementwise((average = 0, x = 0) => decay * average + (1 - decay) * x * x)(
    out,
    inputs,
    {},
    shape,
  );

export const adamwUpdate: Compute<"adamwUpdate"> = (out, inputs, attrs, shape) => {
  const { epsilon, weightDecay } = attrs;
  const [rate, c1, c2] = [0, 1, 2].map((i) => at((inputs[3] as Operand).data, i)) as [
    number,
    number,
    number,
  ];
  const update = (p = 0, m = 0, v = 0): number =>
    -rate * ((m * c1) / (Math.sqrt(v * c2) + epsilon) + weightDecay * p);
  elementwise(update)(out, inputs.slice(0, 3), {}, shape);
};
