import { at, sizeOf } from "../tensor/shapes.ts";
import type { Shape } from "../tensor/tensor.ts";
import { traits } from "../tensor/traits.ts";
import type { BufferPlan, Plan, Step, Value } from "./plan.ts";

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
    : traits[op].elementwise;

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
  const groupOf: (readonly number[])[] = plan.steps.map((_, i) => [i]);
  for (const region of regions)
    if (isConvex(graph, groupOf, region)) for (const member of region) groupOf[member] = region;
  const held = new Set(groupOf.flatMap((group) => (group.length > 1 ? group : [])));
  plan.steps.forEach((step, i) => {
    if (held.has(i) || !isFusable(step, limits) || step.op === "broadcast") return;
    for (const maker of graph.makersOf(i)) {
      const [own, other] = [groupOf[i], groupOf[maker]] as [readonly number[], readonly number[]];
      if (own === other || held.has(maker) || !isFusable(at(plan.steps, maker), limits)) continue;
      if (graph.size(maker) !== graph.size(i)) continue;
      const both = [...own, ...other].sort((a, b) => a - b);
      if (fits(graph, both, limits) && isConvex(graph, groupOf, both))
        for (const member of both) groupOf[member] = both;
    }
  });
  return finished(graph, ordered(graph, groupOf));
}

/** A plan as a graph of step positions. */
interface Graph {
  readonly plan: Plan;
  size(step: number): number;
  /** Steps that make what a step reads. */
  makersOf(step: number): readonly number[];
  makerOf(value: Value): number | undefined;
  /** Whether a step's result is wanted by others than these steps. */
  escapes(step: number, members: ReadonlySet<number>): boolean;
}

function graphOf(plan: Plan): Graph {
  const maker = new Map(plan.steps.map(({ output }, i) => [output.buffer, i]));
  const readers = new Map<number, number[]>();
  plan.steps.forEach(({ inputs }, i) => {
    for (const { buffer } of inputs) readers.set(buffer, [...(readers.get(buffer) ?? []), i]);
  });
  const returned = new Set(plan.outputs.map(({ buffer }) => buffer));
  const step = (i: number): Step => at(plan.steps, i);
  const makerOf = ({ buffer }: Value): number | undefined => maker.get(buffer);
  return {
    plan,
    makerOf,
    size: (i) => sizeOf(step(i).output.shape),
    makersOf: (i) => step(i).inputs.flatMap((x) => makerOf(x) ?? []),
    escapes: (i, members) =>
      returned.has(step(i).output.buffer) ||
      (readers.get(step(i).output.buffer) ?? []).some((reader) => !members.has(reader)),
  };
}

function inputsOf({ plan, makerOf }: Graph, members: readonly number[]): Value[] {
  const inside = new Set(members);
  const values = members.flatMap((i) => at(plan.steps, i).inputs);
  const outside = values.filter((x) => !inside.has(makerOf(x) ?? -1));
  return [...new Map(outside.map((x) => [x.buffer, x])).values()];
}

function outputsOf({ plan, escapes }: Graph, members: readonly number[]): Value[] {
  const inside = new Set(members);
  return members.filter((i) => escapes(i, inside)).map((i) => at(plan.steps, i).output);
}

function fits(graph: Graph, members: readonly number[], limits: FusionLimits): boolean {
  const inside = new Set(members);
  const elsewhere = members.flatMap((i) => readsElsewhere(at(graph.plan.steps, i)));
  if (elsewhere.some((x) => inside.has(graph.makerOf(x) ?? -1))) return false;
  const reads = inputsOf(graph, members).length;
  const writes = outputsOf(graph, members).length;
  return reads <= limits.reads && writes <= limits.writes && reads + writes <= limits.operands;
}

/** Whether nothing outside depends on a member and has a member depend on it. */
function isConvex(
  graph: Graph,
  groupOf: readonly (readonly number[])[],
  members: readonly number[],
): boolean {
  const inside = new Set(members);
  const seen = new Set<number>();
  const waiting = members.flatMap(graph.makersOf).filter((i) => !inside.has(i));
  for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
    const group = at(groupOf, step);
    // A group may depend on a member though all its steps come before: by way of one that spans it.
    if (seen.has(step)) continue;
    for (const member of group) seen.add(member);
    const makers = group.flatMap(graph.makersOf).filter((i) => !group.includes(i));
    if (makers.some((i) => inside.has(i))) return false;
    waiting.push(...makers);
  }
  return true;
}

/** The groups, each after those it depends on, else by their last step. */
function ordered(
  graph: Graph,
  groupOf: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  const placed = new Set<readonly number[]>();
  function place(group: readonly number[]): void {
    if (placed.has(group)) return;
    for (const maker of group.flatMap(graph.makersOf)) {
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

function finished(graph: Graph, order: readonly (readonly number[])[]): FusedPlan {
  const { buffers, donated, steps, ...rest } = graph.plan;
  const groups = order.map((positions) => ({
    positions,
    steps: positions.map((i) => at(steps, i)),
    inputs: inputsOf(graph, positions),
    outputs: outputsOf(graph, positions),
  }));
  const last = new Map<number, number>();
  groups.forEach(({ inputs, outputs }, i) => {
    for (const { buffer } of [...inputs, ...outputs]) last.set(buffer, i);
  });
  for (const buffer of donated) last.set(buffer, last.get(buffer) ?? groups.length - 1);
  const frees = groups.map((): number[] => []);
  for (const [buffer, i] of last)
    if (buffers[buffer]?.kind === "temporary" || donated.includes(buffer)) frees[i]?.push(buffer);
  return {
    ...rest,
    donated,
    buffers: buffers.map(({ kind, elements, dtype }): BufferPlan => ({ kind, elements, dtype })),
    groups: groups.map((group, i) => ({ ...group, frees: at(frees, i) })),
  };
}
