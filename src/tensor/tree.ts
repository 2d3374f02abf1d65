import { at } from "./shapes.ts";

/** A leaf, or arrays and plain objects of trees. */
export type Tree<Leaf> = Leaf | readonly Tree<Leaf>[] | { readonly [name: string]: Tree<Leaf> };

/** A tree, or an object whose type is an interface: those have no index, and are not seen to be trees. */
export type TreeLike<Leaf> = Tree<Leaf> | object;

/** The same structure with other leaves. */
export type MapTree<T, From, To> = T extends From
  ? To
  : T extends readonly unknown[]
    ? { [I in keyof T]: MapTree<T[I], From, To> }
    : T extends object
      ? { [N in keyof T]: MapTree<T[N], From, To> }
      : To;

/** How a tree was put together: rebuilds it around other leaves. */
export type Structure =
  | { readonly kind: "leaf" }
  | { readonly kind: "array"; readonly children: readonly Structure[] }
  | {
      readonly kind: "object";
      readonly names: readonly string[];
      readonly children: readonly Structure[];
    };

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/**
 * Splits a tree into its leaves (depth first, object names in their own order) and its structure.
 * Whatever is neither an array nor a plain object is a leaf.
 */
export function flatten<Leaf>(tree: TreeLike<Leaf>): { leaves: Leaf[]; structure: Structure } {
  const leaves: Leaf[] = [];
  const walk = (node: Tree<Leaf>): Structure => {
    if (Array.isArray(node)) return { kind: "array", children: node.map(walk) };
    if (typeof node === "object" && node !== null && isPlain(node)) {
      const entries: [string, Tree<Leaf>][] = Object.entries(node);
      return {
        kind: "object",
        names: entries.map(([name]) => name),
        children: entries.map(([, child]) => walk(child)),
      };
    }
    leaves.push(node as Leaf);
    return { kind: "leaf" };
  };
  return { structure: walk(tree as Tree<Leaf>), leaves };
}

/** The inverse of `flatten`. */
export function unflatten<Leaf>(structure: Structure, leaves: readonly Leaf[]): Tree<Leaf> {
  let next = 0;
  const build = (node: Structure): Tree<Leaf> => {
    if (node.kind === "leaf") return at(leaves, next++);
    const children = node.children.map(build);
    if (node.kind === "array") return children;
    return Object.fromEntries(node.names.map((name, i) => [name, at(children, i)]));
  };
  return build(structure);
}

/** Leaves with their paths, e.g. `["layers.0.weight", leaf]`. */
export function entries<Leaf>(tree: TreeLike<Leaf>): [path: string, leaf: Leaf][] {
  const { leaves, structure } = flatten(tree);
  const paths: string[] = [];
  const walk = (node: Structure, path: readonly string[]): void => {
    if (node.kind === "leaf") paths.push(path.join("."));
    else
      node.children.forEach((child, i) => {
        walk(child, [...path, node.kind === "object" ? at(node.names, i) : String(i)]);
      });
  };
  walk(structure, []);
  return leaves.map((leaf, i) => [at(paths, i), leaf]);
}

/**
 * Applies a function to the leaves of trees of one structure.
 * @throws TypeError where the structures differ
 */
export function map<T, Leaf, To>(
  f: (leaf: Leaf, ...others: Leaf[]) => To,
  tree: T & TreeLike<Leaf>,
  ...others: (T & TreeLike<Leaf>)[]
): MapTree<T, Leaf, To> {
  const first = flatten<Leaf>(tree);
  const rest = others.map((other) => {
    const flat = flatten<Leaf>(other);
    if (JSON.stringify(flat.structure) !== JSON.stringify(first.structure))
      throw new TypeError("tree.map: expected trees of one structure");
    return flat.leaves;
  });
  const leaves = first.leaves.map((leaf, i) => f(leaf, ...rest.map((r) => at(r, i))));
  return unflatten(first.structure, leaves) as MapTree<T, Leaf, To>;
}
