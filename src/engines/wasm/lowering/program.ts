import { type FusionLimits, fuse, type Group } from "../../../compile/fuse.ts";
import type { BufferPlan, Plan, Step } from "../../../compile/plan.ts";
import { at, sizeOf } from "../../../tensor/shapes.ts";
import { traits } from "../../../tensor/traits.ts";
import { chain } from "./chain.ts";
import { type Phase, phasesOf } from "./encode.ts";
import type { Instruction } from "./instruction.ts";
import type { Lowering } from "./kinds.ts";
import { product } from "./matmul.ts";
import { regionsOf } from "./region.ts";
import { blocksOf, inRowBlocks, type LowerStep } from "./rowBlocks.ts";
import { rules } from "./rules.ts";
import { squaresInstruction, sumsOfSquares } from "./squares.ts";
import { placeBuffers, type Storage } from "./storage.ts";
import { trianglesOf } from "./triangles.ts";
import { ofWhole, type Window } from "./windows.ts";

/** A plan as kernels to call and places for its buffers; pure data. */
export interface Program extends Storage {
  readonly buffers: readonly BufferPlan[];
  readonly instructions: readonly Instruction[];
  readonly windows: readonly Window[];
  /** For each instruction the steps of the plan that it computes, or helps to compute. */
  readonly steps: readonly (readonly number[])[];
  readonly phases: readonly Phase[];
}

/** Buffers that a broadcast of one number would fill, of which only elementwise kernels read: these
 * read the number itself. */
function scalarBuffers(plan: Plan): Map<number, number> {
  const scalars = new Map<number, number>();
  for (const { op, inputs, output } of plan.steps)
    if (op === "broadcast" && inputs[0] && sizeOf(inputs[0].shape) === 1)
      scalars.set(output.buffer, inputs[0].buffer);
  for (const { op, inputs } of plan.steps)
    if (!traits[op].scalars) for (const { buffer } of inputs) scalars.delete(buffer);
  for (const { buffer } of plan.outputs) scalars.delete(buffer);
  return scalars;
}

/** What a chain may touch: a block of each operand stays in the nearest cache. */
const LIMITS: FusionLimits = { reads: 15, writes: 15, operands: 16, broadcasts: false };

interface Lowered {
  readonly instruction: Instruction;
  readonly steps: readonly number[];
}

const hasWork = ({ tasks }: Instruction): boolean => tasks > 0;

function lowerStep(step: Step, lowering: Lowering, onto = false): Instruction[] {
  const rule = rules[step.op] as (step: Step, lowering: Lowering) => Instruction[];
  const instructions = onto
    ? product(step as unknown as Parameters<typeof product>[0], lowering, onto)
    : rule(step, lowering);
  return instructions.every(hasWork) ? instructions : instructions.filter(hasWork);
}

function lower({ steps, positions, outputs }: Group, lowering: Lowering): Lowered[] {
  const apart: Lowered[] = [];
  for (let i = 0; i < steps.length; i++) {
    const own = steps.length === 1 ? positions : [at(positions, i)];
    for (const instruction of lowerStep(at(steps, i), lowering))
      apart.push({ instruction, steps: own });
  }
  if (steps.length === 1 || apart.length === 0) return apart;
  const links = apart.map(({ instruction }) => instruction);
  const kept = new Set(outputs.map(({ buffer }) => buffer));
  const instruction = chain(links, kept, lowering.threads);
  return instruction ? [{ instruction, steps: positions }] : apart;
}

/** Chooses the kernels for a plan and lays out its memory. */
export function programOf(plan: Plan, threads: number): Program {
  const buffers: BufferPlan[] = [...plan.buffers];
  const scalars = scalarBuffers(plan);
  const windows = new Map<number, Window>();
  const returned = new Set(plan.outputs.map(({ buffer }) => buffer));
  const lowering: Lowering = {
    threads,
    triangles: trianglesOf(plan),
    scalarBehind: (buffer) => scalars.get(buffer),
    workspace: (elements) => buffers.push({ kind: "temporary", elements, dtype: "float" }) - 1,
    view(name, of, offset) {
      if (returned.has(name)) return false;
      const under = windows.get(of);
      windows.set(name, { name, of: under?.of ?? of, offset: offset + (under?.offset ?? 0) });
      return true;
    },
    viewed: (buffer) => windows.get(buffer),
  };
  const windowOf = (of: number, offset: number): number => {
    const name = lowering.workspace(0);
    lowering.view(name, of, offset);
    return name;
  };
  const regions = regionsOf(plan, (buffer) => scalars.has(buffer)).filter((x) => blocksOf(x) > 1);
  const byRows = new Set(regions.flatMap(({ positions }) => positions));
  const squares = sumsOfSquares(plan, lowering.scalarBehind).filter(
    ({ positions }) => !positions.some((i) => byRows.has(i)),
  );
  const { groups } = fuse(
    plan,
    LIMITS,
    [...regions, ...squares].map(({ positions }) => positions),
  );
  const regionOf = new Map(regions.map((region) => [region.positions, region]));
  const sumOf = new Map(squares.map((sum) => [sum.positions, sum]));
  const inBlock: LowerStep = (step, onto) => lowerStep(step, lowering, onto);
  const lowered: Lowered[] = [];
  for (const group of groups) {
    const region = regionOf.get(group.positions);
    const sum = sumOf.get(group.positions);
    const made = region
      ? inRowBlocks(group, region, lowering, inBlock, windowOf)
      : sum
        ? [{ instruction: squaresInstruction(sum, threads), steps: group.positions }]
        : lower(group, lowering);
    for (const one of made) lowered.push(one);
  }
  const instructions = lowered.map(({ instruction }) => ofWhole(instruction, windows));
  const storage = placeBuffers(buffers, instructions);
  return {
    ...storage,
    buffers,
    instructions,
    windows: [...windows.values()],
    steps: lowered.map(({ steps }) => steps),
    phases: phasesOf(instructions, storage.places, threads),
  };
}
