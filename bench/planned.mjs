// A traced training step on a device, without the engine around it: what is measured is the plan's.
import { tree } from "../dist/src/index.js";

/** Positions of the leaves of the arguments that a program consumes. */
export function donatedLeaves(args, donate) {
  const argumentOf = args.flatMap((arg, i) => tree.flatten(arg).leaves.map(() => i));
  return argumentOf.flatMap((argument, leaf) => (donate.includes(argument) ? [leaf] : []));
}

/**
 * Uploads the arguments of a training step, (params, state, …data) → [loss, params, state]; each call
 * of what it returns trains once and resolves to the loss.
 */
export function openPlan(device, executable, args) {
  const { leaves } = tree.flatten(args);
  let inputs = leaves.map((x) => device.upload(x.attrs.data, x.shape, x.dtype));
  return async function run() {
    const [loss, ...next] = await executable.run(inputs);
    const [value] = await device.read(loss, [], "float");
    device.free(loss);
    inputs = [...next, ...inputs.slice(next.length)];
    return value;
  };
}
