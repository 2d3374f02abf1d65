import { expect } from "vitest";
import type { BufferPlan, Plan, Step, Value } from "../../src/compile/plan.ts";
import { partSizes } from "../../src/compile/slices/cuts.ts";
import { slicedPlan } from "../../src/compile/slices/slicedPlan.ts";
import type { Widening } from "../../src/compile/widening.ts";
import { createReferenceDevice } from "../../src/engines/reference/device.ts";
import { trace } from "../../src/engines/trace.ts";
import { constant } from "../../src/tensor/apply.ts";
import { optional } from "../../src/tensor/definitions.ts";
import { shapeRules } from "../../src/tensor/shapeRules.ts";
import { at, sizeOf } from "../../src/tensor/shapes.ts";
import { isStorageType, lengthOf } from "../../src/tensor/storage/types.ts";
import type { Shape, Tensor } from "../../src/tensor/tensor.ts";

const numbers = (n: number, seed: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(i * 0.7 + seed));
export const matrix = (shape: Shape, seed: number): Tensor<"constant"> =>
  constant(numbers(sizeOf(shape), seed), shape);

/** Attention in basic primitives, as GPUs have it. */
export const planOf = (
  fn: (...args: never[]) => unknown,
  args: readonly Tensor[],
  widening: Widening = {},
): Plan => trace(fn, args, [], { lacking: optional, widening }).plan;

/** A plan whose steps widen what they read, for a device whose kernels do not. */
function widened(plan: Plan): Plan {
  const buffers: BufferPlan[] = [...plan.buffers];
  const steps = plan.steps.flatMap((step): Step[] => {
    const casts: Step[] = [];
    const inputs = step.inputs.map((x): Value => {
      if (!isStorageType(x.dtype) || !(step.op === "matmul" || step.op === "gather")) return x;
      buffers.push({ kind: "temporary", elements: sizeOf(x.shape), dtype: "float" });
      const output: Value = { ...x, dtype: "float", buffer: buffers.length - 1 };
      const attrs = { from: x.dtype, to: "float" } as const;
      casts.push({ op: "cast", attrs, inputs: [x], output, frees: [] });
      return output;
    });
    return [...casts, { ...step, inputs }];
  });
  return { ...plan, buffers, steps };
}

/** Runs a plan; inputs and outputs that are in parts are cut up and put together. */
async function run(plan: Plan, args: readonly Tensor[], most: number): Promise<Float64Array[]> {
  const device = createReferenceDevice();
  const executable = await device.prepare(widened(plan));
  const inputs = args.flatMap((x) => {
    const { data } = x as Tensor<"constant">;
    let from = 0;
    return partSizes(x.shape, most).map((size) => {
      const length = lengthOf(x.dtype, [size]);
      const part = data.slice(from, from + length);
      from += length;
      return device.upload(part, [size], x.dtype);
    });
  });
  const outputs = await executable.run(inputs);
  return Promise.all(
    outputs.map(async (buffer, i) => {
      const { shape, dtype } = plan.outputs[i] as Value;
      return Float64Array.from(await device.read(buffer, shape, dtype));
    }),
  );
}

/** Expects each step to make what the rules of shapes say of what it is given, and to free no result. */
function isWellFormed({ steps, outputs }: Plan): void {
  const freed = new Set(steps.flatMap(({ frees }) => frees));
  expect(outputs.filter(({ buffer }) => freed.has(buffer))).toEqual([]);
  for (const { op, inputs, attrs, output } of steps) {
    const rule: object = shapeRules[op];
    const shape = (rule as (inputs: readonly Value[], attrs: unknown) => Shape)(inputs, attrs);
    expect(shape, op).toEqual(output.shape);
  }
}

/**
 * Expects a function to compute the same in parts, and no tensor to be larger than `most`.
 * @param widening what kernels are to widen as they read
 * @param bound of errors over the largest number of a result; 0 where no sum is in another order
 */
export async function agreesInParts(
  fn: (...args: never[]) => unknown,
  args: readonly Tensor[],
  most: number,
  widening?: Widening,
  bound = 1e-12,
): Promise<Plan> {
  const plan = planOf(fn, args, widening);
  const parts = slicedPlan(plan, most);
  for (const { elements } of parts.buffers) expect(elements).toBeLessThanOrEqual(most);
  isWellFormed(parts);
  const [wanted, pieces] = [await run(plan, args, Infinity), await run(parts, args, most)];
  for (const [i, { shape }] of plan.outputs.entries()) {
    const own = pieces.splice(0, partSizes(shape, most).length).flatMap((x) => Array.from(x));
    const want = at(wanted, i);
    expect(own).toHaveLength(want.length);
    const scale = want.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-9);
    const worst = want.reduce((m, x, j) => Math.max(m, Math.abs(x - at(own, j))), 0);
    expect(worst / scale, `output ${i}`).toBeLessThanOrEqual(bound);
  }
  expect(pieces).toHaveLength(0);
  return parts;
}
