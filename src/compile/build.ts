import { shallowFirst, topologicalOrder } from "../tensor/graph.ts";
import { at, sameShape, sizeOf } from "../tensor/shapes.ts";
import {
  type Attrs,
  type DType,
  type FusedName,
  isConstant,
  isOp,
  type PrimitiveName,
  type Shape,
  type Tensor,
  type TypedArray,
} from "../tensor/tensor.ts";
import { isPrimitive, traits } from "../tensor/traits.ts";
import { expanded } from "./expand.ts";
import { type DraftStep, finish, type MutableBuffer } from "./lifetimes.ts";
import type { Plan, Value } from "./plan.ts";
import { computationOf, isWidened, type Operand, type Widening } from "./widening.ts";

export interface PlanOptions {
  /** Positions of inputs whose buffers the program may reuse. */
  readonly donated?: readonly number[];
  /** Fused primitives that are replaced by their definitions. */
  readonly lacking?: readonly FusedName[];
  /** Operands that are read in their storage type, without the wide copy. */
  readonly widening?: Widening;
}

/**
 * Turns a graph into a straight-line program: drops identities, turns reshapes into views,
 * computes equal expressions once, and finds where each buffer dies.
 * @param inputs leaves whose numbers are given at each run: placeholders and resident tensors
 * @param order all that the outputs depend on, inputs before users, where that is known
 */
export function buildPlan(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  { donated = [], lacking = [], widening = {} }: PlanOptions = {},
  order: readonly Tensor[] = topologicalOrder(outputs),
): Plan {
  const graph = expanded({ roots: outputs, order }, new Set(lacking));
  const builder = new Builder(widening);
  for (const x of inputs) builder.bind(x, builder.buffer("input", x.shape, x.dtype));
  const inputValues = inputs.map((x) => builder.valueOf(x));
  for (const node of shallowFirst(graph.roots, graph.order)) builder.visit(node);
  const results = graph.roots.map((y) => builder.output(builder.valueOf(y)));
  return finish({
    buffers: builder.buffers,
    inputs: inputValues,
    donated,
    constants: builder.constants,
    steps: builder.steps,
    outputs: results,
  });
}

/** The one place where a plan under construction is changed. */
class Builder {
  readonly buffers: MutableBuffer[] = [];
  readonly steps: DraftStep[] = [];
  readonly constants: { value: Value; data: TypedArray }[] = [];
  readonly #values = new Map<Tensor, Value>();
  /** Those that buffers were made with. */
  readonly #shapes: Shape[] = [];
  readonly #constantOf = new Map<TypedArray | string | number, Value>();
  readonly #computed = new Map<string, Value>();
  readonly #attrIds = new Map<string, string>();
  /** Which computation a view belongs to, where the same is computed again. */
  readonly #rounds = new Map<Tensor, number>();
  readonly #segments = new Map<object, number>();
  readonly #widening: Widening;
  /** Nodes that have been visited and are widened: there is no value of them. */
  readonly #widened = new Set<Tensor>();

  constructor(widening: Widening) {
    this.#widening = widening;
  }

  buffer(kind: MutableBuffer["kind"], shape: Shape, dtype: DType): Value {
    this.buffers.push({ kind, elements: sizeOf(shape), dtype });
    this.#shapes.push(shape);
    return { buffer: this.buffers.length - 1, shape, dtype };
  }

  bind(node: Tensor, value: Value): void {
    this.#values.set(node, value);
  }

  valueOf(node: Tensor): Value {
    const value = this.#values.get(node);
    if (value) return value;
    // What follows from codes alone is made where it is read, each time anew: what is wide lives short.
    if (this.#isWidened(node)) return this.#primitive(node);
    const what =
      node.op === "placeholder"
        ? "an argument of another traced function"
        : `a tensor of ${node.op}`;
    throw new TypeError(`compile: expected only this function's arguments, got ${what}`);
  }

  visit(node: Tensor): void {
    if (this.#values.has(node)) return;
    if (isConstant(node)) this.bind(node, this.#constant(node));
    else if (!isPrimitive(node)) return;
    else if (isWidened(node)) this.#widened.add(node);
    else this.bind(node, this.#primitive(node));
  }

  #isWidened(node: Tensor): node is Tensor<PrimitiveName> {
    return this.#widened.size > 0 && this.#widened.has(node);
  }

  /** Makes a value an output of its own; what is no fresh temporary is copied. */
  output(value: Value): Value {
    const buffer = at(this.buffers, value.buffer);
    if (buffer.kind === "temporary") {
      buffer.kind = "output";
      return value;
    }
    const copy = this.buffer("output", value.shape, value.dtype);
    this.steps.push({ op: "alias", attrs: {}, inputs: [value], output: copy });
    return copy;
  }

  #constant(node: Tensor<"constant">): Value {
    const { data } = node.attrs;
    const identity = data.length === 1 ? scalarOf(node.dtype, at(data, 0)) : data;
    const known = this.#constantOf.get(identity);
    if (known?.dtype === node.dtype) return seenAs(known, node.shape);
    const value = this.buffer("constant", node.shape, node.dtype);
    this.#constantOf.set(identity, value);
    this.constants.push({ value, data });
    return value;
  }

  #primitive(node: Tensor<PrimitiveName>): Value {
    if (!traits[node.op].view) return this.#step(node);
    const x = at(node.inputs, 0);
    const value = this.valueOf(x);
    const round = isOp(node, "after") ? this.#roundOf(node) : this.#rounds.get(x);
    if (round !== undefined) this.#rounds.set(node, round);
    return seenAs(value, node.shape);
  }

  #step(node: Tensor<PrimitiveName>): Value {
    const { attrs, operands } = computationOf(node, this.#widening);
    let key = this.#signature(node.op, attrs);
    for (const operand of operands) key += this.#keyOf(operand);
    const known = this.#computed.get(key);
    if (known) return known;
    // Of its length at once: what grows is given room for more, and a plan keeps thousands of these.
    const inputs = new Array<Value>(operands.length);
    for (let i = 0; i < inputs.length; i++) {
      const { node: x, shape } = at(operands, i);
      inputs[i] = seenAs(this.valueOf(x), shape);
    }
    const output = this.buffer("temporary", node.shape, node.dtype);
    this.steps.push({ op: node.op, attrs, inputs, output });
    if (!this.#isWidened(node)) this.#computed.set(key, output);
    return output;
  }

  /** Equal for operands of equal numbers, in the same round. */
  #keyOf({ node, shape }: Operand): string {
    if (!this.#isWidened(node)) {
      const { buffer } = this.valueOf(node);
      let key = ` ${buffer}`;
      if (!sameShape(shape, at(this.#shapes, buffer))) for (const n of shape) key += `,${n}`;
      const round = this.#rounds.size > 0 ? this.#rounds.get(node) : undefined;
      return round === undefined ? key : `${key}:${round}`;
    }
    const x = at(node.inputs, 0);
    const round = isOp(node, "after") ? this.#roundOf(node) : "";
    const of = this.#keyOf({ node: x, shape: x.shape });
    return ` (${this.#signature(node.op, node.attrs)}${round}${of})`;
  }

  #roundOf({ attrs: { segment } }: Tensor<"after">): number {
    const round = this.#segments.get(segment) ?? this.#segments.size;
    this.#segments.set(segment, round);
    return round;
  }

  #signature(op: PrimitiveName, attrs: Attrs<PrimitiveName>): string {
    // Most operations have none. Numbers and lists of them, always the same for an operation, are told apart by their digits.
    let text: string = op;
    for (const name in attrs) text += ` ${attrs[name as keyof typeof attrs]}`;
    const known = this.#attrIds.get(text);
    if (known !== undefined) return known;
    const id = String(this.#attrIds.size);
    this.#attrIds.set(text, id);
    return id;
  }
}

/** The same buffer with another shape. */
const seenAs = (value: Value, shape: Shape): Value =>
  value.shape === shape ? value : { buffer: value.buffer, shape, dtype: value.dtype };

/** Names a constant of one number: equal for equal ones, of which 0 and −0 are none. */
const scalarOf = (dtype: DType, value: number): string | number =>
  dtype === "float" && !Object.is(value, -0) ? value : `${dtype} ${value}`;
