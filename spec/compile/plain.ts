import type { FusionLimits } from "../../src/compile/fuse.ts";
import { repetitionOf } from "../../src/compile/fuse.ts";
import type { Plan, Step } from "../../src/compile/plan.ts";
import { at, sizeOf } from "../../src/tensor/shapes.ts";
import { traits } from "../../src/tensor/traits.ts";

/** Nodes that each node depends on. */
export type Edges = readonly (readonly number[])[];

/** Whether some blocks would be one without a cycle: by all ways back from them, to the very start. */
export function isConvex(edges: Edges, groupOf: Edges, members: readonly number[]): boolean {
  const inside = new Set(members);
  const seen = new Set<number>();
  const waiting = members.flatMap((i) => at(edges, i)).filter((i) => !inside.has(i));
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue;
    const group = at(groupOf, node);
    for (const member of group) seen.add(member);
    const before = group.flatMap((i) => at(edges, i)).filter((i) => !group.includes(i));
    if (before.some((i) => inside.has(i))) return false;
    waiting.push(...before);
  }
  return true;
}

/** The groups of `fuse` by its rules alone, step by step, with everything found anew each time. */
export function plainGroups(
  { steps, outputs }: Plan,
  limits: FusionLimits,
  regions: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  const makers = steps.map(({ inputs }) =>
    inputs.map((x) => steps.findIndex((step) => step.output.buffer === x.buffer)),
  );
  const edges = makers.map((all) => all.filter((i) => i >= 0));
  const isFusable = ({ op, inputs, output }: Step): boolean =>
    op === "broadcast"
      ? limits.broadcasts && repetitionOf(at(inputs, 0).shape, output.shape) !== undefined
      : traits[op].elementwise;
  const isLeader = (step: Step): boolean => !isFusable(step) && limits.leads?.(step) === true;
  const fits = (members: readonly number[]): boolean => {
    const inside = new Set(members);
    const isMade = (buffer: number): boolean =>
      members.some((i) => at(steps, i).output.buffer === buffer);
    const elsewhere = members.flatMap((i) => {
      const { op, inputs } = at(steps, i);
      const whole = isLeader(at(steps, i)) ? inputs.keys() : traits[op].whole;
      return [...whole].map((input) => at(inputs, input).buffer);
    });
    const leaders = members.filter((i) => isLeader(at(steps, i))).length;
    const read = members.flatMap((i) => at(steps, i).inputs.map((x) => x.buffer));
    const reads = new Set(read.filter((buffer) => !isMade(buffer))).size;
    const writes = members.filter((i) => {
      const { buffer } = at(steps, i).output;
      const isRead = steps.some(
        (s, j) => !inside.has(j) && s.inputs.some((x) => x.buffer === buffer),
      );
      return isRead || outputs.some((y) => y.buffer === buffer);
    }).length;
    const room = leaders + reads <= limits.reads && writes <= limits.writes && leaders < 2;
    return room && leaders + reads + writes <= limits.operands && !elsewhere.some(isMade);
  };
  const groupOf: (readonly number[])[] = steps.map((_, i) => [i]);
  for (const region of regions)
    if (isConvex(edges, groupOf, region)) for (const member of region) groupOf[member] = region;
  const held = groupOf.map((group) => group.length > 1);
  steps.forEach((step, i) => {
    if (held[i] || !isFusable(step) || step.op === "broadcast") return;
    for (const maker of at(edges, i)) {
      const [own, other] = [at(groupOf, i), at(groupOf, maker)];
      const [a, b] = [at(steps, maker), step];
      if (own === other || held[maker] || !(isFusable(a) || isLeader(a))) continue;
      if (sizeOf(a.output.shape) !== sizeOf(b.output.shape)) continue;
      const both = [...own, ...other].sort((x, y) => x - y);
      if (fits(both) && isConvex(edges, groupOf, both))
        for (const member of both) groupOf[member] = both;
    }
  });
  return groupOf;
}
