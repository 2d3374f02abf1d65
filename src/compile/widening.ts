import { at } from "../tensor/shapes.ts";
import { BLOCK } from "../tensor/storage/q8.ts";
import { isStorageType } from "../tensor/storage/types.ts";
import { type Attrs, isOp, type PrimitiveName, type Shape, type Tensor } from "../tensor/tensor.ts";
import { isPrimitive, traits } from "../tensor/traits.ts";

/**
 * Operations whose kernels widen an operand as they read it: the table of `gather`, the right operand of
 * `matmul`. A plan then gives them the stored numbers themselves, and there is no wide copy.
 */
export interface Widening {
  readonly gather?: boolean;
  readonly matmul?: boolean;
  /** Also the left operand of a `matmul` with rows of q8_0, where it is rounded to q8_0 itself: codes are
   * multiplied as integers. */
  readonly blocks?: boolean;
}

/** Where a widened operand lies: stored numbers, seen with a shape, perhaps transposed. */
interface Source {
  readonly stored: Tensor;
  readonly shape: Shape;
  readonly transposed: boolean;
}

/** An operand as a step reads it; `shape` where it is seen with another. */
export interface Operand {
  readonly node: Tensor;
  readonly shape: Shape;
}

/** What a step computes, and of what. */
export interface Computation {
  readonly attrs: Attrs<PrimitiveName>;
  readonly operands: readonly Operand[];
}

/** Whether a node is stored numbers widened, or a view or a transpose of that: cheap to make again. */
export function isWidened(node: Tensor): boolean {
  let x = node;
  while (x.op === "transpose" || (isPrimitive(x) && traits[x.op].view)) x = at(x.inputs, 0);
  return isOp(x, "cast") && isStorageType(x.attrs.from);
}

/** A node's computation, of stored numbers where its kernels widen them. */
export function computationOf(node: Tensor<PrimitiveName>, widening: Widening): Computation {
  const operands = node.inputs.map(asItIs);
  const position = node.op === "gather" ? 0 : 1;
  const wanted = (node.op === "gather" || node.op === "matmul") && widening[node.op] === true;
  const source = wanted ? sourceOf(at(node.inputs, position)) : undefined;
  if (source?.shape.length !== 2) return { attrs: node.attrs, operands };
  const { stored, shape, transposed } = source;
  const read = operands.with(position, { node: stored, shape });
  if (!isOp(node, "matmul")) return { attrs: node.attrs, operands: transposed ? operands : read };
  const transposeB = node.attrs.transposeB !== transposed;
  const attrs = { ...node.attrs, transposeB };
  const inRows = transposeB && !node.attrs.transposeA && stored.dtype === "q8_0";
  const blocks = inRows && widening.blocks === true ? sourceOf(at(node.inputs, 0)) : undefined;
  if (blocks?.stored.dtype !== "q8_0" || blocks.transposed) return { attrs, operands: read };
  return { attrs, operands: read.with(0, { node: blocks.stored, shape: blocks.shape }) };
}

const asItIs = (node: Tensor): Operand => ({ node, shape: node.shape });

/** The stored numbers behind a widened node, if it shows them as a matrix, or as one transposed. */
function sourceOf(node: Tensor): Source | undefined {
  if (isOp(node, "cast"))
    return isStorageType(node.attrs.from)
      ? { stored: at(node.inputs, 0), shape: node.shape, transposed: false }
      : undefined;
  if (!isPrimitive(node) || !(traits[node.op].view || node.op === "transpose")) return undefined;
  const source = sourceOf(at(node.inputs, 0));
  if (!source) return undefined;
  if (isOp(node, "transpose")) {
    const swaps = node.shape.length === 2 && node.attrs.permutation[0] === 1;
    return swaps ? { ...source, transposed: !source.transposed } : undefined;
  }
  if (!isOp(node, "reshape")) return source;
  const whole = source.stored.dtype !== "q8_0" || (node.shape.at(-1) ?? 1) % BLOCK === 0;
  return source.transposed || !whole ? undefined : { ...source, shape: node.shape };
}
