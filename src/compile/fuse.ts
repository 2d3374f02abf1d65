import { at, sizeOf } from "../tensor/shapes.ts";
import { isStorageType } from "../tensor/storage/types.ts";
import type { Shape } from "../tensor/tensor.ts";
import { traits } from "../tensor/traits.ts";
import type { BufferPlan, Plan, Step, Value } from "./plan.ts";
import { type Block, QuotientGraph } from "./quotient.ts";

/** What one kernel may touch at once. */
export interface FusionLimits {
  /** Tensors that it reads. */
  readonly reads: number;
  /** Tensors that it makes. */
  readonly writes: number;
  /** Both together. */
  readonly operands: number;
  /** Whether it can repeat numbers. */
  readonly broadcasts: boolean;
}

/** Steps computed at once: one step of any kind, or elementwise steps of the same size. */
export interface Group {
  /** Positions in the plan, in the order of computation. */
  readonly positions: readonly number[];
  readonly steps: readonly Step[];
  /** What the steps read that none of them makes, a value for each buffer. */
  readonly inputs: readonly Value[];
  /** What the steps make that others read or the plan returns; the rest is never stored. */
  readonly outputs: readonly Value[];
  /** Temporary and donated buffers that no later group reads. */
  readonly frees: readonly number[];
}

/** A plan in groups. Outputs take over no donated memory: every donated buffer is freed. */
export interface FusedPlan extends Omit<Plan, "steps"> {
  readonly groups: readonly Group[];
}

/** Only broadcasts whose repetition is simple are computed within a group. */
const isFusable = ({ op, inputs, output }: Step, { broadcasts }: FusionLimits): boolean =>
  op === "broadcast"
    ? broadcasts && repetitionOf(at(inputs, 0).shape, output.shape) !== undefined
    : traits[op].elementwise && !isStorageType(output.dtype);

/** How a broadcast repeats numbers: the whole tensor over and over, or each number `inner` times. */
export interface Repetition {
  readonly kind: "whole" | "each";
  /** Numbers of the whole tensor, or times that each is repeated. */
  readonly inner: number;
}

/** How numbers repeat, unless repeated axes stand on both sides of others or between them. */
export function repetitionOf(from: Shape, to: Shape): Repetition | undefined {
  const spread = to.flatMap((length, axis) => (length === 1 ? [] : [from[axis] !== length]));
  const turns = spread.filter((s, i) => i > 0 && s !== spread[i - 1]).length;
  if (turns > 1 || sizeOf(to) === 0) return undefined;
  if (spread[0] && turns === 1) return { kind: "whole", inner: sizeOf(from) };
  return { kind: "each", inner: sizeOf(to) / sizeOf(from) };
}

/** Inputs that a step reads elsewhere than at the place of the number that it makes. */
const readsElsewhere = ({ op, inputs }: Step): readonly Value[] =>
  traits[op].whole.map((i) => at(inputs, i));

/**
 * Puts elementwise steps together with those that make what they read, so that what is between
 * them is never stored. Pure: the plan stays as it is.
 * @param regions steps that are to be a group of their own, where nothing between them prevents it
 */
export function fuse(
  plan: Plan,
  limits: FusionLimits,
  regions: readonly (readonly number[])[] = [],
): FusedPlan {
  const graph = graphOf(plan);
  const blocks = new QuotientGraph(graph.makers);
  const held = new Map<Block, readonly number[]>();
  for (const region of regions) {
    const block = region.length > 1 ? blocks.merge(region) : undefined;
    if (block) held.set(block, region);
  }
  const operandsOf = new Map<Block, Operands>();
  const known = (block: Block): Operands =>
    operandsOf.get(block) ?? ownOperands(graph, at(block.nodes, 0));
  plan.steps.forEach((step, i) => {
    if (!isFusable(step, limits) || step.op === "broadcast") return;
    for (const maker of at(graph.makers, i)) {
      const [own, other] = [blocks.blockOf(i), blocks.blockOf(maker)];
      if (own === other || held.has(own) || held.has(other)) continue;
      if (!isFusable(at(plan.steps, maker), limits)) continue;
      if (at(graph.sizes, maker) !== at(graph.sizes, i)) continue;
      const isInside = (x: number) => blocks.blockOf(x) === own || blocks.blockOf(x) === other;
      const both = together(graph, known(own), known(other), isInside);
      if (!both || !fits(both, limits)) continue;
      const block = blocks.merge([i, maker]);
      if (block) operandsOf.set(block, both);
    }
  });
  const positions = (block: Block) => held.get(block) ?? [...block.nodes].sort((a, b) => a - b);
  const groupOf = new Map<Block, readonly number[]>();
  const groups = plan.steps.map((_, i) => {
    const block = blocks.blockOf(i);
    const group = groupOf.get(block) ?? positions(block);
    groupOf.set(block, group);
    return group;
  });
  return finished(graph, groups);
}

/** A plan as a graph of step positions. */
interface Graph {
  readonly plan: Plan;
  /** Elements that each step makes. */
  readonly sizes: readonly number[];
  /** Steps that make what each step reads. */
  readonly makers: readonly (readonly number[])[];
  /** The step that makes a buffer. */
  makerOf(buffer: number): number | undefined;
  /** Whether a step's result is wanted by others than these steps. */
  escapes(step: number, isInside: (step: number) => boolean): boolean;
}

function graphOf(plan: Plan): Graph {
  const maker: (number | undefined)[] = [];
  const readers: (number[] | undefined)[] = [];
  const wanted: (true | undefined)[] = [];
  plan.steps.forEach(({ inputs, output }, i) => {
    maker[output.buffer] = i;
    for (const { buffer } of inputs) {
      const known = readers[buffer];
      if (known) known.push(i);
      else readers[buffer] = [i];
    }
  });
  for (const { buffer } of plan.outputs) wanted[buffer] = true;
  const makerOf = (buffer: number): number | undefined => maker[buffer];
  return {
    plan,
    makerOf,
    sizes: plan.steps.map(({ output }) => sizeOf(output.shape)),
    makers: plan.steps.map(({ inputs }) => inputs.flatMap(({ buffer }) => makerOf(buffer) ?? [])),
    escapes(step, isInside) {
      const { buffer } = at(plan.steps, step).output;
      return wanted[buffer] || (readers[buffer] ?? []).some((x) => !isInside(x));
    },
  };
}

/** What a group would touch. */
interface Operands {
  /** Buffers that it reads and does not make. */
  readonly reads: ReadonlySet<number>;
  /** Steps whose results others want. */
  readonly writes: readonly number[];
  /** Steps whose results it reads elsewhere than at the place of the number that it makes. */
  readonly elsewhere: readonly number[];
}

function ownOperands({ plan, makerOf, escapes }: Graph, position: number): Operands {
  const step = at(plan.steps, position);
  return {
    reads: new Set(step.inputs.map(({ buffer }) => buffer)),
    writes: escapes(position, (x) => x === position) ? [position] : [],
    elsewhere: readsElsewhere(step).flatMap(({ buffer }) => makerOf(buffer) ?? []),
  };
}

/** What two groups would touch as one; undefined where one reads elsewhere what the other makes. */
function together(
  { makerOf, escapes }: Graph,
  a: Operands,
  b: Operands,
  isInside: (step: number) => boolean,
): Operands | undefined {
  const elsewhere = a.elsewhere.concat(b.elsewhere);
  if (elsewhere.some(isInside)) return undefined;
  const reads = new Set<number>();
  const read = (buffer: number): void => {
    const maker = makerOf(buffer);
    if (maker === undefined || !isInside(maker)) reads.add(buffer);
  };
  a.reads.forEach(read);
  b.reads.forEach(read);
  const writes = a.writes.concat(b.writes).filter((step) => escapes(step, isInside));
  return { reads, writes, elsewhere };
}

const fits = ({ reads, writes }: Operands, limits: FusionLimits): boolean =>
  reads.size <= limits.reads &&
  writes.length <= limits.writes &&
  reads.size + writes.length <= limits.operands;

/** The groups, each after those it depends on, else by their last step. */
function ordered(
  { makers }: Graph,
  groupOf: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  const placed = new Set<readonly number[]>();
  function place(group: readonly number[]): void {
    if (placed.has(group)) return;
    for (const position of group)
      for (const maker of at(makers, position)) {
        const before = at(groupOf, maker);
        if (before !== group) place(before);
      }
    placed.add(group);
  }
  groupOf.forEach((group, i) => {
    if (group.at(-1) === i) place(group);
  });
  return [...placed];
}

function finished(graph: Graph, groupOf: readonly (readonly number[])[]): FusedPlan {
  const { buffers, donated, steps, ...rest } = graph.plan;
  const groups = ordered(graph, groupOf).map((positions) => {
    const isInside = (step: number): boolean => groupOf[step] === positions;
    const isMade = ({ buffer }: Value): boolean => {
      const maker = graph.makerOf(buffer);
      return maker !== undefined && isInside(maker);
    };
    const read = positions.flatMap((i) => at(steps, i).inputs.filter((x) => !isMade(x)));
    const written = positions.filter((i) => graph.escapes(i, isInside));
    return {
      positions,
      steps: positions.map((i) => at(steps, i)),
      inputs: [...new Map(read.map((x) => [x.buffer, x])).values()],
      outputs: written.map((i) => at(steps, i).output),
    };
  });
  const last = new Map<number, number>();
  groups.forEach(({ inputs, outputs }, i) => {
    for (const { buffer } of [...inputs, ...outputs]) last.set(buffer, i);
  });
  for (const buffer of donated) last.set(buffer, last.get(buffer) ?? groups.length - 1);
  const given = new Set(donated);
  const frees = groups.map((): number[] => []);
  for (const [buffer, i] of last)
    if (buffers[buffer]?.kind === "temporary" || given.has(buffer)) frees[i]?.push(buffer);
  return {
    ...rest,
    donated,
    buffers: buffers.map(({ kind, elements, dtype }): BufferPlan => ({ kind, elements, dtype })),
    groups: groups.map((group, i) => ({ ...group, frees: at(frees, i) })),
  };
}
