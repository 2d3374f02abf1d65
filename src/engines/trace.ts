import { buildPlan, type PlanOptions } from "../compile/build.ts";
import type { Plan } from "../compile/plan.ts";
import { topologicalOrder } from "../tensor/graph.ts";
import { asTensor } from "../tensor/ops.ts";
import { Tensor } from "../tensor/tensor.ts";
import * as tree from "../tensor/tree.ts";
import { type IdFlow, idFlow } from "./idFlow.ts";

/** Arguments and results of compiled functions: trees of tensors; numbers are float scalars. */
export type Leaf = Tensor | number;

/** A function traced for one set of shapes. */
export interface Trace {
  readonly plan: Plan;
  /** What ids name, to be checked before a run. */
  readonly ids: IdFlow;
  /** Resident tensors that the function uses without taking them as arguments: further inputs. */
  readonly captured: readonly Tensor[];
  /** Puts results together as the function did. */
  readonly structure: tree.Structure;
}

/** An argument list, flat. */
export interface Leaves {
  readonly tensors: readonly Tensor[];
  /** The argument that each leaf belongs to. */
  readonly argumentOf: readonly number[];
  /** Equal for argument lists that one trace serves. */
  readonly signature: string;
  /** Names a leaf in a message. */
  pathOf(leaf: number): string;
}

/** Flattens an argument list. @throws TypeError for a leaf that is neither tensor nor number */
export function leavesOf(args: readonly unknown[], caller: string): Leaves {
  const pathOf = (leaf: number): string => {
    const paths = args.flatMap((arg, index) =>
      tree
        .entries<Leaf>(arg as tree.Tree<Leaf>)
        .map(([path]) => `${caller}: argument ${index}${path && `, ${path}`}`),
    );
    return paths[leaf] ?? `${caller}: a captured tensor`;
  };
  const flat = args.map((arg) => tree.flatten<Leaf>(arg as tree.Tree<Leaf>));
  const leaves = flat.flatMap((arg) => arg.leaves);
  const tensors = leaves.map((leaf, i) => {
    if (leaf instanceof Tensor || typeof leaf === "number") return asTensor(leaf);
    throw new TypeError(`${pathOf(i)}: expected a tensor or a number, got ${String(leaf)}`);
  });
  const shapes = tensors.map((x) => `${x.dtype}[${x.shape}]`).join(" ");
  return {
    tensors,
    argumentOf: flat.flatMap((arg, index) => arg.leaves.map(() => index)),
    signature: `${JSON.stringify(flat.map((arg) => arg.structure))} ${shapes}`,
    pathOf,
  };
}

/**
 * Runs a pure function on placeholders and plans what it described.
 * @param device what kernels it lacks, and which widen what they read
 */
export function trace(
  fn: (...args: never[]) => unknown,
  args: readonly unknown[],
  donatedLeaves: readonly number[],
  { lacking = [], widening = {} }: Pick<PlanOptions, "lacking" | "widening"> = {},
): Trace {
  let index = 0;
  const placeholders: Tensor[] = [];
  const stand = (leaf: Leaf): Tensor => {
    const { shape, dtype } = asTensor(leaf);
    const x = new Tensor("placeholder", shape, dtype, [], { index: index++ });
    placeholders.push(x);
    return x;
  };
  const inputs = args.map((arg) => tree.map<unknown, Leaf, Tensor>(stand, arg as tree.Tree<Leaf>));
  const { leaves, structure } = tree.flatten<Leaf>(fn(...(inputs as never[])) as tree.Tree<Leaf>);
  const outputs = leaves.map((leaf) => {
    if (leaf instanceof Tensor || typeof leaf === "number") return asTensor(leaf);
    throw new TypeError(`compile: expected a function that returns tensors, got ${String(leaf)}`);
  });
  const order = topologicalOrder(outputs);
  const captured = order.filter((x) => x.op === "resident");
  const all = [...placeholders, ...captured];
  const plan = buildPlan(outputs, all, { donated: donatedLeaves, lacking, widening }, order);
  return { plan, ids: idFlow(outputs, all, order), captured, structure };
}
