import { chance, integer, pick, type Stream, sample } from "../../draw.ts";
import type { Chosen } from "./choose.ts";
import { halfNormal, softmaxPick } from "./random.ts";
import type { Graph } from "./structure.ts";

/** What an instance's sentence refers to. */
export interface Operands {
  readonly parents: readonly number[];
  /** Whether it also has a number of its own. */
  readonly number: boolean;
}

interface Order {
  /** Each after what it depends on; the last is asked for. */
  readonly order: readonly number[];
  /** The parameter that an instance needs so that all lead to the question. */
  readonly parent: ReadonlyMap<number, number>;
}

/** Orders the chosen parameters from the question backwards; nothing where that gets stuck. */
function drawOrder(next: Stream, graph: Graph, { nodes }: Chosen): Order | undefined {
  const [linking, preference] = [next(), halfNormal(next)];
  const remaining = new Set(nodes);
  const used = new Set<number>();
  const parent = new Map<number, number>();
  const dependents = new Map<number, number>(nodes.map((node) => [node, 0]));
  const needsOf = (node: number) => graph.needs[node] as readonly number[];
  const count = (node: number, by: number) =>
    dependents.set(node, (dependents.get(node) as number) + by);
  for (const node of nodes) for (const one of needsOf(node)) count(one, 1);
  const sinks = () => [...remaining].filter((node) => dependents.get(node) === 0);
  const backwards: number[] = [];
  for (let ready = [pick(next, sinks())]; ready.length > 0; ) {
    const node = pick(next, ready);
    remaining.delete(node);
    backwards.push(node);
    for (const one of needsOf(node)) {
      used.add(one);
      count(one, -1);
    }
    ready = sinks().filter((one) => used.has(one));
    const stuck = ready.length === 0;
    if (node < graph.instances && remaining.size > 0 && (stuck || chance(next, linking))) {
      const eager = (one: number) =>
        preference * (Number(one >= graph.instances) + Number(!used.has(one)));
      const linked = softmaxPick(next, stuck ? sinks() : [...remaining], eager);
      parent.set(node, linked);
      used.add(linked);
      if (dependents.get(linked) === 0 && !ready.includes(linked)) ready.push(linked);
    }
  }
  return remaining.size === 0 ? { order: backwards.toReversed(), parent } : undefined;
}

/** Spreads further operands over the sentences until the operations are as many as asked for. */
function drawExtra(
  next: Stream,
  graph: Graph,
  order: readonly number[],
  count: number,
  most: number,
): ReadonlyMap<number, number> | undefined {
  const extra = new Map<number, number>();
  const room = new Map(
    order.flatMap((node, i) =>
      node < graph.instances ? [[node, Math.min(i + 1, most) - 2] as const] : [],
    ),
  );
  for (let i = 0; i < count; i++) {
    const open = [...room].flatMap(([node, free]) => ((extra.get(node) ?? 0) < free ? [node] : []));
    if (open.length === 0) return undefined;
    const node = pick(next, open);
    extra.set(node, (extra.get(node) ?? 0) + 1);
  }
  return extra;
}

/** The necessary part of a problem: what the solution calculates, and from what. */
export interface Dependency {
  readonly order: readonly number[];
  readonly operands: ReadonlyMap<number, Operands>;
}

/** Nothing where the chosen parameters cannot be ordered, or cannot take `op` operations.
 * @param most operands of a sentence, its number among them */
export function drawDependency(
  next: Stream,
  graph: Graph,
  chosen: Chosen,
  op: number,
  most: number,
): Dependency | undefined {
  const drawn = drawOrder(next, graph, chosen);
  const extra = drawn && drawExtra(next, graph, drawn.order, op - chosen.op, most);
  if (!drawn || !extra) return undefined;
  const operands = new Map<number, Operands>();
  drawn.order.forEach((node, i) => {
    if (node >= graph.instances) return;
    const parent = drawn.parent.get(node);
    const given = parent === undefined ? [] : [parent];
    const wanted = (extra.get(node) ?? 0) + 2 - (extra.has(node) ? 0 : integer(next, 0, 1));
    const further = Math.max(Math.min(wanted, i + 1, most) - given.length, 0);
    const earlier = drawn.order.slice(0, i).filter((one) => one !== parent);
    operands.set(node, drawOperands(next, given, earlier, further));
  });
  return { order: drawn.order, operands };
}

/** `count` more operands: a number with probability ½, or where the parameters do not suffice. */
export function drawOperands(
  next: Stream,
  given: readonly number[],
  from: readonly number[],
  count: number,
): Operands {
  const number = count > 0 && (count > from.length || chance(next));
  const others = sample(next, from, Math.min(from.length, count - Number(number)));
  return { parents: [...given, ...others], number };
}
