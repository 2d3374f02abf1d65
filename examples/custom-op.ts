/** An operation of one's own: a function of other operations, whose gradient follows and is checked. */
import { checkGradient, createEngine, grad, ops, type Tensor, tensor } from "anchorgrad";

/** log(1 + eˣ), which never overflows: max(x, 0) + log(1 + e^−|x|). */
const softplus = (x: Tensor): Tensor =>
  ops.add(ops.maximum(x, 0), ops.log(ops.add(1, ops.exp(ops.neg(ops.abs(x))))));

/** x·tanh(softplus(x)). @see https://arxiv.org/abs/1908.08681 (Misra, 2019) */
const mish = (x: Tensor): Tensor => ops.mul(x, ops.tanh(softplus(x)));

// Central differences in float64, along random directions and at single numbers; it throws where they
// do not confirm the gradient.
const report = await checkGradient(mish, [tensor([-3, -1, 0.5, 2, 30])]);
console.log(`${report.coordinates} numbers, ${report.wrong} wrong`); // 5 numbers, 0 wrong

const engine = await createEngine({ backend: "wasm" });
const x = tensor([-1000, 0, 1, 1000]);
const [value, slope] = await engine.run((): [Tensor, Tensor] => [
  mish(x),
  grad((x: Tensor) => ops.sum(mish(x)))(x),
]);
console.log(Array.from(value.data, (y) => y.toFixed(3)).join(" ")); // 0.000 0.000 0.865 1000.000
console.log(Array.from(slope.data, (y) => y.toFixed(3)).join(" ")); // 0.000 0.600 1.049 1.000
await engine.close();
