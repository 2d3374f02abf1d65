import { type Compute, elementwise, read } from "./rows.ts";

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
  const [p, m, v, { data }] = inputs;
  const [rate, c1, c2] = [read(data, 0), read(data, 1), read(data, 2)];
  const update = (p = 0, m = 0, v = 0): number =>
    -rate * ((m * c1) / (Math.sqrt(v * c2) + epsilon) + weightDecay * p);
  elementwise(update)(out, [p, m, v], {}, shape);
};
