import { at, sizeOf } from "../../tensor/shapes.ts";
import { isStorageType } from "../../tensor/storage/types.ts";
import type { BufferPlan, Plan, Step, Value } from "../plan.ts";

/** Whether a product sums over the rows of its left factor, and its right one is stored. */
const isStoredSum = ({ op, attrs, inputs }: Step): boolean =>
  op === "matmul" &&
  (attrs as Step<"matmul">["attrs"]).transposeA &&
  isStorageType(at(inputs, 1).dtype);

/**
 * The plan with stored numbers widened before such products: in parts, these go through copies of
 * some rows or columns of the right factor, which there are none of codes.
 */
export function widenedBefore(plan: Plan): Plan {
  if (!plan.steps.some(isStoredSum)) return plan;
  const buffers: BufferPlan[] = [...plan.buffers];
  const steps = plan.steps.flatMap((step): Step[] => {
    if (!isStoredSum(step)) return [step];
    const [left, right] = step.inputs as readonly [Value, Value];
    buffers.push({ kind: "temporary", elements: sizeOf(right.shape), dtype: "float" });
    const output: Value = { ...right, buffer: buffers.length - 1, dtype: "float" };
    const attrs = { from: right.dtype, to: "float" } as const;
    const cast: Step = { op: "cast", attrs, inputs: [right], output, frees: [] };
    return [cast, { ...step, inputs: [left, output] }];
  });
  return { ...plan, buffers, steps };
}
