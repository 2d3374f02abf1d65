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
  /** Whether a step that is not elementwise can be computed with elementwise ones after it: a number of
   * its result is known where theirs are made. None by default. */
  readonly leads?: (step: Step) => boolean;
}

/** Steps computed at once: one step of any kind, or elementwise steps of the same size, with one other
 * before them where `FusionLimits.leads` says so. */
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
  traits[op].whole.length === 0 ? NOTHING : traits[op].whole.map((i) => at(inputs, i));

const NOTHING: readonly never[] = [];

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
  const { makers, sizes } = graph;
  const blocks = new QuotientGraph(makers);
  const held = new Map<Block, readonly number[]>();
  for (const region of regions) {
    const block = region.length > 1 ? blocks.merge(region) : undefined;
    if (block) held.set(block, region);
  }
  const operandsOf = new Map<Block, Operands>();
  const fusable = plan.steps.map((step) => isFusable(step, limits));
  const leads = plan.steps.map((step, i) => !fusable[i] && limits.leads?.(step) === true);
  const known = (block: Block): Operands =>
    operandsOf.get(block) ?? ownOperands(graph, at(block.nodes, 0), leads);
  plan.steps.forEach(({ op }, i) => {
    if (!fusable[i] || op === "broadcast") return;
    for (const maker of at(makers, i)) {
      if (!(fusable[maker] || leads[maker]) || sizes[maker] !== sizes[i]) continue;
      const [own, other] = [blocks.blockOf(i), blocks.blockOf(maker)];
      if (own === other || held.has(own) || held.has(other)) continue;
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
    if (block.nodes.length === 1) return block.nodes;
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
  const { buffers, outputs, steps } = plan;
  const maker = new Array<number | undefined>(buffers.length).fill(undefined);
  const readers = new Array<number[] | undefined>(buffers.length).fill(undefined);
  const wanted = new Array<boolean>(buffers.length).fill(false);
  const makers = steps.map(({ inputs, output }, i) => {
    const made: number[] = [];
    for (const { buffer } of inputs) {
      const known = readers[buffer];
      if (known) known.push(i);
      else readers[buffer] = [i];
      const by = maker[buffer];
      if (by !== undefined) made.push(by);
    }
    maker[output.buffer] = i;
    return made;
  });
  for (const { buffer } of outputs) wanted[buffer] = true;
  return {
    plan,
    makerOf: (buffer) => maker[buffer],
    sizes: steps.map(({ output }) => sizeOf(output.shape)),
    makers,
    escapes(step, isInside) {
      const { buffer } = at(steps, step).output;
      if (wanted[buffer]) return true;
      for (const x of readers[buffer] ?? []) if (!isInside(x)) return true;
      return false;
    },
  };
}

/** What a group would touch. */
interface Operands {
  /** Buffers that it reads and does not make, each once. */
  readonly reads: readonly number[];
  /** Steps whose results others want. */
  readonly writes: readonly number[];
  /** Steps whose results it reads elsewhere than at the place of the number that it makes. */
  readonly elsewhere: readonly number[];
  /** Steps that are not elementwise; what one of them makes on the way may be read, too. */
  readonly leaders: number;
}

function ownOperands(
  { plan, makerOf, escapes }: Graph,
  position: number,
  leads: readonly boolean[],
): Operands {
  const isLeader = at(leads, position);
  const step = at(plan.steps, position);
  const reads: number[] = [];
  for (const { buffer } of step.inputs) if (!reads.includes(buffer)) reads.push(buffer);
  const elsewhere = isLeader ? step.inputs : readsElsewhere(step);
  return {
    leaders: isLeader ? 1 : 0,
    reads,
    writes: escapes(position, (x) => x === position) ? [position] : NOTHING,
    elsewhere:
      elsewhere.length === 0 ? NOTHING : elsewhere.flatMap(({ buffer }) => makerOf(buffer) ?? []),
  };
}

/** What two groups would touch as one; undefined where one reads elsewhere what the other makes. */
function together(
  { makerOf, escapes }: Graph,
  a: Operands,
  b: Operands,
  isInside: (step: number) => boolean,
): Operands | undefined {
  const leaders = a.leaders + b.leaders;
  if (leaders > 1) return undefined;
  const elsewhere = joined(a.elsewhere, b.elsewhere);
  for (const step of elsewhere) if (isInside(step)) return undefined;
  const reads: number[] = [];
  for (const buffer of joined(a.reads, b.reads)) {
    const maker = makerOf(buffer);
    if ((maker === undefined || !isInside(maker)) && !reads.includes(buffer)) reads.push(buffer);
  }
  const writes: number[] = [];
  for (const step of joined(a.writes, b.writes)) if (escapes(step, isInside)) writes.push(step);
  return { reads, writes, elsewhere, leaders };
}

/** Most groups have little to add. */
const joined = (a: readonly number[], b: readonly number[]): readonly number[] => {
  if (b.length === 0) return a;
  return a.length === 0 ? b : a.concat(b);
};

const fits = ({ reads, writes, leaders }: Operands, limits: FusionLimits): boolean =>
  leaders + reads.length <= limits.reads &&
  writes.length <= limits.writes &&
  leaders + reads.length + writes.length <= limits.operands;

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
  const groups = ordered(graph, groupOf).map((positions) => groupAt(graph, positions, groupOf));
  /** The last group that touches each buffer, and the buffers in the order in which they are met. */
  const last = new Int32Array(buffers.length).fill(-1);
  const met: number[] = [];
  const touch = (buffer: number, group: number): void => {
    if (last[buffer] === -1) met.push(buffer);
    last[buffer] = group;
  };
  groups.forEach(({ inputs, outputs }, i) => {
    for (const { buffer } of inputs) touch(buffer, i);
    for (const { buffer } of outputs) touch(buffer, i);
  });
  for (const buffer of donated) if (last[buffer] === -1) touch(buffer, groups.length - 1);
  const given = new Set(donated);
  for (const buffer of met)
    if (buffers[buffer]?.kind === "temporary" || given.has(buffer))
      groups[at(last, buffer)]?.frees.push(buffer);
  return {
    ...rest,
    donated,
    buffers: buffers.map((buffer): BufferPlan => {
      const { kind, elements, dtype } = buffer;
      return buffer.reuses === undefined ? buffer : { kind, elements, dtype };
    }),
    groups,
  };
}

/** A group but for what it frees. */
function groupAt(
  { plan: { steps }, makerOf, escapes }: Graph,
  positions: readonly number[],
  groupOf: readonly (readonly number[])[],
): Group & { readonly frees: number[] } {
  const isInside = (step: number): boolean => groupOf[step] === positions;
  const inputs: Value[] = [];
  const outputs: Value[] = [];
  const all: Step[] = [];
  for (const i of positions) {
    const step = at(steps, i);
    all.push(step);
    for (const x of step.inputs) {
      const maker = makerOf(x.buffer);
      if (maker !== undefined && isInside(maker)) continue;
      const known = inputs.findIndex(({ buffer }) => buffer === x.buffer);
      if (known < 0) inputs.push(x);
      else inputs[known] = x;
    }
    if (escapes(i, isInside)) outputs.push(step.output);
  }
  return { positions, steps: all, inputs, outputs, frees: [] };
}
