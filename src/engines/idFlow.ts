import { sizeOf } from "../tensor/shapes.ts";
import {
  isConstant,
  type PrimitiveName,
  type Shape,
  type Tensor,
  type TypedArray,
} from "../tensor/tensor.ts";
import type { Compute, Operand } from "./reference/rows.ts";
import { reference } from "./reference/table.ts";

/** The least and the largest of some ids, or wider; (∞, −∞) of none. */
export interface IdRange {
  readonly min: number;
  readonly max: number;
}

/** The range of no ids. */
export const NO_IDS: IdRange = { min: Infinity, max: -Infinity };

export const union = (a: IdRange, b: IdRange): IdRange => ({
  min: Math.min(a.min, b.min),
  max: Math.max(a.max, b.max),
});

/** The range of numbers on the host. */
export function rangeOf(ids: TypedArray): IdRange {
  let { min, max } = NO_IDS;
  for (const id of ids) {
    if (id < min) min = id;
    if (id > max) max = id;
  }
  return { min, max };
}

/** A program's inputs, by number. */
export interface IdInputs {
  range(input: number): IdRange;
  read(input: number): Promise<TypedArray>;
  pathOf(input: number): string;
}

/** Where the ids of a traced function come from, and where they name rows of tables. */
export interface IdFlow {
  /** @throws RangeError naming an id that names no row, before anything runs */
  check(inputs: IdInputs): Promise<void>;
  /** The range of an int output, given those of the inputs. */
  outputRange(output: number, inputs: IdInputs): IdRange;
}

/** How an int tensor is made; nothing of the graph beside. */
type Source =
  | { readonly kind: "input"; readonly input: number; readonly shape: Shape }
  | { readonly kind: "constant"; readonly data: TypedArray; readonly shape: Shape }
  /** An argmax: known only after a run, but for its range. */
  | { readonly kind: "computed"; readonly range: IdRange }
  | {
      readonly kind: "moved";
      readonly op: PrimitiveName;
      readonly attrs: unknown;
      readonly shape: Shape;
      readonly from: readonly Source[];
    };

interface Use {
  readonly op: string;
  readonly ids: Tensor;
  readonly rows: number;
  /** What the ids are, for messages. */
  readonly what: string;
}

const NO_USES: readonly Use[] = [];

const isIds = ({ dtype }: Tensor): boolean => dtype === "int";

/** The ids that a primitive takes, and how many rows they may name. */
function usesOf(node: Tensor): readonly Use[] {
  const { op, inputs } = node;
  if (!inputs.some(isIds)) return NO_USES;
  const use = (ids: number, rows: number, what = "token ids"): Use[] => {
    const x = inputs[ids];
    return x ? [{ op, ids: x, rows, what }] : [];
  };
  const length = (input: number, axis: number) => inputs[input]?.shape.at(axis) ?? 0;
  const within = (first: number) => {
    const S = length(first + 1, 2);
    return [...use(first + 3, S, "slots"), ...use(first + 4, S, "positions")];
  };
  switch (op) {
    case "gather":
      return use(1, length(0, 0));
    case "scatterAdd":
      return use(0, (node as Tensor<"scatterAdd">).attrs.rows);
    case "scatterRows":
      return use(1, length(0, -2), "rows");
    case "crossEntropy":
      return use(1, length(0, -1));
    case "crossEntropyGrad":
      return use(2, length(1, -1));
    case "rangeAttention":
      return within(0);
    case "rangeAttentionGrad":
      return within(1);
    default:
      return NO_USES;
  }
}

/**
 * Follows int tensors through what moves them. Nothing else makes ids but an argmax.
 * @param inputs placeholders and captured tensors, in the order of the program's inputs
 * @param order all that the outputs depend on, inputs before users
 */
export function idFlow(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  order: readonly Tensor[],
): IdFlow {
  const numberOf = new Map(inputs.map((x, i) => [x, i]));
  const sources = new Map<Tensor, Source>();
  for (const node of order)
    if (node.dtype === "int") sources.set(node, sourceOf(node, numberOf.get(node), sources));
  // Most programs have no ids.
  const users = sources.size === 0 ? [] : order;
  const uses = users.flatMap(usesOf).flatMap(({ ids, ...use }) => {
    const source = sources.get(ids);
    return source ? [{ ...use, source }] : [];
  });
  return flowOf(
    uses,
    outputs.map((y) => sources.get(y)),
  );
}

/** @param input the node's number among the program's inputs */
function sourceOf(
  node: Tensor,
  input: number | undefined,
  sources: ReadonlyMap<Tensor, Source>,
): Source {
  const { op, attrs, shape } = node;
  if (input !== undefined) return { kind: "input", input, shape };
  if (isConstant(node)) return { kind: "constant", data: node.data, shape };
  if (op === "argmax") {
    const length = node.inputs[0]?.shape.at((attrs as { axis: number }).axis) ?? 0;
    return { kind: "computed", range: { min: 0, max: length - 1 } };
  }
  const from = node.inputs.flatMap((x) => sources.get(x) ?? []);
  return { kind: "moved", op: op as PrimitiveName, attrs, shape, from };
}

/** Apart from `idFlow`, so that no graph stays alive with it. */
function flowOf(
  uses: readonly (Omit<Use, "ids"> & { readonly source: Source })[],
  made: readonly (Source | undefined)[],
): IdFlow {
  return {
    async check(given) {
      for (const { op, rows, what, source } of uses) {
        const { min, max } = rangeIn(source, given);
        if (min > max || (min >= 0 && max < rows)) continue;
        const bad = (await idsIn(source, given))?.data.find((id) => id < 0 || id >= rows);
        if (bad === undefined) continue;
        const input = inputOf(source);
        const where = input === undefined ? op : `${given.pathOf(input)}: ${op}`;
        throw new RangeError(`${where}: expected ${what} from 0 to ${rows - 1}, got ${bad}`);
      }
    },
    outputRange(output, given) {
      const source = made[output];
      return source ? rangeIn(source, given) : NO_IDS;
    },
  };
}

/** Of all that ids are taken from: wider than their own where some of those are cut off. */
function rangeIn(source: Source, given: IdInputs): IdRange {
  if (source.kind === "input") return given.range(source.input);
  if (source.kind === "constant") return rangeOf(source.data);
  if (source.kind === "computed") return source.range;
  const zeros = source.op === "pad" ? { min: 0, max: 0 } : NO_IDS;
  return source.from.reduce((range, x) => union(range, rangeIn(x, given)), zeros);
}

/** The ids themselves; undefined where they are known only after a run. */
async function idsIn(source: Source, given: IdInputs): Promise<Operand | undefined> {
  if (source.kind === "input") return { data: await given.read(source.input), shape: source.shape };
  if (source.kind === "constant") return source;
  if (source.kind === "computed") return undefined;
  const operands: Operand[] = [];
  for (const x of source.from) {
    const operand = await idsIn(x, given);
    if (!operand) return undefined;
    operands.push(operand);
  }
  const { op, attrs, shape } = source;
  const data = new Int32Array(sizeOf(shape));
  const compute = reference[op as keyof typeof reference] as Compute<PrimitiveName>;
  compute(data, operands, attrs as never, shape);
  return { data, shape };
}

/** The first input that ids are moved from. */
function inputOf(source: Source): number | undefined {
  if (source.kind === "input") return source.input;
  if (source.kind !== "moved") return undefined;
  for (const x of source.from) {
    const input = inputOf(x);
    if (input !== undefined) return input;
  }
  return undefined;
}
