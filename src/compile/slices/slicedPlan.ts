import { located, showShape } from "../../tensor/errors.ts";
import type { Plan, Step } from "../plan.ts";
import { heldBy } from "./attention.ts";
import { builderOf } from "./builder.ts";
import { cutOf } from "./cuts.ts";
import { inParts } from "./steps.ts";
import { widenedBefore } from "./sums.ts";

/**
 * The same program for a device whose kernels reach no more than `most` numbers of a tensor. Larger
 * ones are cut into parts by rows (`partSizes`), each a tensor of its own, an input or an output
 * too. Steps that go row by row follow each other for one part at a time: a head over a large
 * vocabulary and its loss never hold all logits. Ids become floats where their table is cut, which
 * a device must take.
 * @returns the plan itself where nothing is that large
 * @throws RangeError that names a step which cannot go through parts
 */
export function slicedPlan(whole: Plan, most: number): Plan {
  const isHeld = (step: Step): boolean => heldBy(step) <= most;
  if (whole.buffers.every(({ elements }) => elements <= most) && whole.steps.every(isHeld))
    return whole;
  const plan = widenedBefore(whole);
  const builder = builderOf(plan, most);
  for (const step of plan.steps) {
    const { op, attrs, inputs, output } = step;
    const write = (): void => {
      const isLarge =
        !isHeld(step) ||
        inputs.some((x) => builder.cut(x)) ||
        cutOf(output.shape, most) !== undefined;
      if (!isLarge) {
        builder.settle(inputs);
        builder.emit(op, attrs, inputs.map(builder.whole), output.shape, output);
      } else if (!inParts(builder, step))
        throw new RangeError(
          `expected tensors of at most ${most} numbers, which the device gives a kernel at once, got ` +
            `${inputs.map(({ shape }) => showShape(shape)).join(" and ")}; ` +
            "shorter or fewer sequences at a time are smaller",
        );
    };
    located(`${op} ${showShape(output.shape)}`, write, RangeError);
  }
  return builder.finished();
}
