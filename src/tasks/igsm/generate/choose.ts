import { pick, type Stream } from "../../draw.ts";
import { shuffled } from "./random.ts";
import type { Sizes } from "./sizes.ts";
import type { Graph } from "./structure.ts";

/** The parameters that the solution is to use, and the operations that they take. */
export interface Chosen {
  readonly nodes: readonly number[];
  readonly op: number;
}

/** Operations of one parameter, while sentences have up to two operands. */
const cost = ({ needs }: Graph, node: number): number =>
  Math.max(1, (needs[node] as readonly number[]).length - 1);

/** A parameter and what it is calculated from, as far as it is not yet chosen. */
function missing({ needs }: Graph, node: number, chosen: ReadonlySet<number>): number[] {
  const found = new Set<number>();
  const visit = (one: number): void => {
    if (chosen.has(one) || found.has(one)) return;
    found.add(one);
    (needs[one] as readonly number[]).forEach(visit);
  };
  visit(node);
  return [...found];
}

/**
 * Abstract parameters while the operations set apart for them last, each time the farthest-reaching
 * that does; then instances, up to the number of operations to choose.
 */
export function chooseParameters(next: Stream, graph: Graph, sizes: Sizes): Chosen {
  const chosen = new Set<number>();
  let op = 0;
  for (;;) {
    const added = drawAbstract(next, graph, chosen, sizes.abstract - op);
    if (added.length === 0) break;
    for (const node of added) chosen.add(node);
    op += total(graph, added);
  }
  const instances = Array.from({ length: graph.instances }, (_, node) => node);
  for (const node of shuffled(
    next,
    instances.filter((one) => !chosen.has(one)),
  )) {
    if (op >= sizes.chosen) break;
    chosen.add(node);
    op++;
  }
  return { nodes: [...chosen], op };
}

const total = (graph: Graph, nodes: readonly number[]): number =>
  nodes.reduce((sum, node) => sum + cost(graph, node), 0);

/** The farthest-reaching of one random abstract parameter a reach, as long as they are affordable. */
function drawAbstract(
  next: Stream,
  graph: Graph,
  chosen: ReadonlySet<number>,
  budget: number,
): number[] {
  let best: number[] = [];
  for (let reach = 1; reach <= Math.max(...graph.reach); reach++) {
    const nodes = graph.ids.flatMap((_, n) =>
      graph.reach[n] === reach && !chosen.has(n) ? [n] : [],
    );
    if (nodes.length === 0) continue;
    const added = missing(graph, pick(next, nodes), chosen);
    if (total(graph, added) > budget) break;
    best = added;
  }
  return best;
}
