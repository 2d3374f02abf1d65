import { buildPlan } from "../compile/build.ts";
import type { Plan } from "../compile/plan.ts";
import { topologicalOrder } from "../tensor/graph.ts";
import { asTensor } from "../tensor/ops.ts";
import { Tensor } from "../tensor/tensor.ts";
import * as tree from "../tensor/tree.ts";

/** Arguments and results of compiled functions: trees of tensors; numbers are float scalars. */
export type Leaf = Tensor | number;

/** A function traced for one set of shapes. */
export interface Trace {
  readonly plan: Plan;
  /** Resident tensors that the function uses without taking them as arguments: further inputs. */
  readonly captured: readonly Tensor[];
  /** Puts results together as the function did. */
  readonly structure: tree.Structure;
}

/** The leaves of an argument list as tensors, with the paths that messages name. */
export function leavesOf(
  args: readonly unknown[],
  caller: string,
): { leaves: Tensor[]; paths: string[]; argumentOf: number[]; signature: string } {
  const leaves: Tensor[] = [];
  const paths: string[] = [];
  const argumentOf: number[] = [];
  const structures = args.map((arg, index) => {
    for (const [path, leaf] of tree.entries<Leaf>(arg as tree.Tree<Leaf>)) {
      const at = `${caller}: argument ${index}${path && `, ${path}`}`;
      if (!(leaf instanceof Tensor) && typeof leaf !== "number")
        throw new TypeError(`${at}: expected a tensor or a number, got ${String(leaf)}`);
      leaves.push(asTensor(leaf));
      paths.push(at);
      argumentOf.push(index);
    }
    return tree.flatten(arg as tree.Tree<Leaf>).structure;
  });
  const shapes = leaves.map((x) => `${x.dtype}[${x.shape}]`).join(" ");
  return { leaves, paths, argumentOf, signature: `${JSON.stringify(structures)} ${shapes}` };
}

/** Runs a pure function on placeholders and plans what it described. */
export function trace(
  fn: (...args: never[]) => unknown,
  args: readonly unknown[],
  donatedLeaves: readonly number[],
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
  const captured = topologicalOrder(outputs).filter((x) => x.op === "resident");
  const plan = buildPlan(outputs, [...placeholders, ...captured], { donated: donatedLeaves });
  return { plan, captured, structure };
}
