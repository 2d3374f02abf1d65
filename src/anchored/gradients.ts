/** Gradients that are more than a loss's own. */
import type { Params } from "../nn/config.ts";
import { globalNorm } from "../optim/clip.ts";
import { mapTensors } from "../optim/optimizer.ts";
import { valueAndGrad } from "../tensor/grad.ts";
import { add, div, less, mul, select, sub, sum } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";

/** The value of a loss, and what an optimizer is to follow. */
export type Gradient<Batch> = (params: Params, batch: Batch) => [value: Tensor, gradient: Params];

type Loss<Batch> = (params: Params, batch: Batch) => Tensor;

/** Keeps a division finite where a gradient vanishes. */
const SMALLEST = 1e-12;

/**
 * Sharpness-aware minimization: the gradient at θ + ρ·g/‖g‖, g that at θ. The value is the one at θ.
 * @param rho the radius ρ, a distance of all parameters together
 * @see https://arxiv.org/abs/2010.01412 (Foret et al., 2020), algorithm 1
 */
export function sharpnessAware<Batch>(loss: Loss<Batch>, rho: number): Gradient<Batch> {
  const both = valueAndGrad(loss);
  return (params, batch) => {
    const [value, gradient] = both(params, batch);
    const scale = div(rho, add(globalNorm(gradient), SMALLEST));
    const near = mapTensors((p, g) => add(p, mul(g, scale)), params, gradient);
    return [value, both(near, batch)[1]];
  };
}

/**
 * A-GEM: where the gradient g of a loss would undo what another one, r, asks for, g·r < 0, what does so
 * is taken out: g − (g·r/‖r‖²)·r.
 * @param loss what is learnt, whose value is told
 * @param kept what is to be kept, over prior examples
 * @see https://arxiv.org/abs/1812.00420 (Chaudhry et al., 2018), equation 11
 */
export function projected<Batch>(loss: Loss<Batch>, kept: Loss<Batch>): Gradient<Batch> {
  return (params, batch) => {
    const [value, g] = valueAndGrad(loss)(params, batch);
    const [, r] = valueAndGrad(kept)(params, batch);
    const along = dot(g, r);
    const factor = select(less(along, 0), div(along, add(dot(r, r), SMALLEST ** 2)), 0);
    return [value, mapTensors((x, y) => sub(x, mul(y, factor)), g, r)];
  };
}

/** Σ a·b over all parameters. */
function dot(a: Params, b: Params): Tensor {
  const products = mapTensors((x, y) => sum(mul(x, y)), a, b);
  return flatten<Tensor>(products).leaves.reduce((total, each) => add(total, each));
}
