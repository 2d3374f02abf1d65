import { chance, pick, type Stream } from "../../draw.ts";
import { type Dependency, drawOperands, type Operands } from "./dependency.ts";
import type { Graph } from "./structure.ts";

/**
 * Sentences for the instances that the solution does not use, in the order in which they follow
 * from each other. Half of them refer to other unused parameters only.
 */
export function drawDistractors(
  next: Stream,
  graph: Graph,
  { order }: Dependency,
  most: number,
): ReadonlyMap<number, Operands> {
  const operands = new Map<number, Operands>();
  const known = new Set(order);
  const unused: number[] = [];
  const learn = (): void => {
    const follows = graph.ids.flatMap((_, node) =>
      node >= graph.instances &&
      !known.has(node) &&
      graph.needs[node]?.every((one) => known.has(one))
        ? [node]
        : [],
    );
    for (const node of follows) {
      known.add(node);
      unused.push(node);
    }
    if (follows.length > 0) learn();
  };
  const open = Array.from({ length: graph.instances }, (_, node) => node).filter(
    (node) => !known.has(node),
  );
  while (open.length > 0) {
    const [node] = open.splice(open.indexOf(pick(next, open)), 1) as [number];
    const from = chance(next) ? unused : [...known];
    let count = 1;
    while (count < Math.min(from.length + 1, most) && chance(next)) count++;
    operands.set(node, drawOperands(next, [], from, count));
    known.add(node);
    unused.push(node);
    learn();
  }
  return operands;
}
