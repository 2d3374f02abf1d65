import type { BufferPlan, Plan, Step } from "../../compile/plan.ts";
import { sizeOf } from "../../tensor/shapes.ts";
import type { PrimitiveName } from "../../tensor/tensor.ts";
import { type Phase, phasesOf } from "./encode.ts";
import type { Instruction } from "./instruction.ts";
import type { Lowering } from "./kinds.ts";
import { rules } from "./lower.ts";
import { placeBuffers, type Storage } from "./storage.ts";
import { trianglesOf } from "./triangles.ts";

/** A plan as kernels to call and places for its buffers; pure data. */
export interface Program extends Storage {
  readonly buffers: readonly BufferPlan[];
  readonly instructions: readonly Instruction[];
  readonly phases: readonly Phase[];
}

const takesScalars: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>([
  ...(["add", "mul", "sub", "div", "maximum", "less", "select"] as const),
]);

/** Buffers that a broadcast of one number would fill, of which only elementwise kernels read: these
 * read the number itself. */
function scalarBuffers(plan: Plan): Map<number, number> {
  const scalars = new Map<number, number>();
  for (const { op, inputs, output } of plan.steps)
    if (op === "broadcast" && inputs[0] && sizeOf(inputs[0].shape) === 1)
      scalars.set(output.buffer, inputs[0].buffer);
  for (const { op, inputs } of plan.steps)
    if (!takesScalars.has(op)) for (const { buffer } of inputs) scalars.delete(buffer);
  for (const { buffer } of plan.outputs) scalars.delete(buffer);
  return scalars;
}

/** Chooses the kernels for a plan and lays out its memory. */
export function programOf(plan: Plan, threads: number): Program {
  const buffers: BufferPlan[] = [...plan.buffers];
  const scalars = scalarBuffers(plan);
  const lowering: Lowering = {
    threads,
    triangles: trianglesOf(plan),
    scalarBehind: (buffer) => scalars.get(buffer),
    workspace: (elements) => buffers.push({ kind: "temporary", elements, dtype: "float" }) - 1,
  };
  const instructions = plan.steps.flatMap((step) => {
    const rule = rules[step.op] as (step: Step, lowering: Lowering) => Instruction[];
    return rule(step, lowering).filter(({ tasks }) => tasks > 0);
  });
  const storage = placeBuffers(buffers, instructions);
  return {
    ...storage,
    buffers,
    instructions,
    phases: phasesOf(instructions, storage.places, threads),
  };
}
