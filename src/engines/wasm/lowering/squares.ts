import * as abi from "../../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import type { Plan, Step, Value } from "../../../compile/plan.ts";
import { around, at } from "../../../tensor/shapes.ts";
import { type Instruction, overUnits, wordsAt } from "./instruction.ts";
import { CHEAP } from "./kinds.ts";

/** Sums along the last axis of the squares of a tensor, or of it times one number: every norm of gradients
 * is made of them. What only the sum reads is not stored: the tensor is read once, and nothing written. */
export interface SumOfSquares {
  /** Positions in the plan, in order: of the scaling if there is one, of the square and of the sum. */
  readonly positions: readonly number[];
  readonly rows: number;
  readonly columns: number;
  readonly of: Value;
  /** The buffer of the one number. */
  readonly factor: number | undefined;
  readonly output: Value;
}

type ScalarBehind = (buffer: number) => number | undefined;

/** @param scalarBehind the buffer of the number that a buffer repeats, if it does */
export function sumsOfSquares(plan: Plan, scalarBehind: ScalarBehind): SumOfSquares[] {
  const { steps } = plan;
  const productBehind = productsOf(plan);
  const isTensor = ({ buffer, dtype }: Value): boolean =>
    dtype === "float" && scalarBehind(buffer) === undefined;
  return steps.flatMap((step, i): SumOfSquares[] => {
    if (step.op !== "sum") return [];
    const { axis } = step.attrs as Step<"sum">["attrs"];
    const squares = at(step.inputs, 0);
    const { outer: rows, n: columns, inner } = around(squares.shape, axis);
    const square = inner === 1 ? productBehind(squares) : undefined;
    if (square === undefined) return [];
    const [of, same] = [0, 1].map((j) => at(at(steps, square).inputs, j)) as [Value, Value];
    if (of.buffer !== same.buffer || !isTensor(of)) return [];
    const found = { rows, columns, output: step.output };
    const plain = { ...found, positions: [square, i], of, factor: undefined };
    const scaling = productBehind(of);
    if (scaling === undefined) return [plain];
    const scaled = at(at(steps, scaling).inputs, 0);
    const factor = scalarBehind(at(at(steps, scaling).inputs, 1).buffer);
    if (factor === undefined || !isTensor(scaled)) return [plain];
    return [{ ...found, positions: [scaling, square, i], of: scaled, factor }];
  });
}

/** Finds the position of the product that makes a value which one other step reads, and nobody else. */
function productsOf({ steps, outputs }: Plan): (value: Value) => number | undefined {
  const makers = new Map<number, number>();
  const readers = new Map<number, number>();
  steps.forEach(({ inputs, output }, i) => {
    makers.set(output.buffer, i);
    for (const buffer of new Set(inputs.map((x) => x.buffer)))
      readers.set(buffer, (readers.get(buffer) ?? 0) + 1);
  });
  for (const { buffer } of outputs) readers.set(buffer, Infinity);
  return ({ buffer }) => {
    const maker = readers.get(buffer) === 1 ? makers.get(buffer) : undefined;
    return maker !== undefined && at(steps, maker).op === "mul" ? maker : undefined;
  };
}

/** One kernel for all of it. */
export function squaresInstruction(
  { rows, columns, of, factor, output }: SumOfSquares,
  threads: number,
): Instruction {
  const words = wordsAt(abi.SQUARES_RESULT, {
    [abi.ROW_BYTES]: 4 * columns,
    [abi.SQUARES_SCALED]: Number(factor !== undefined),
  });
  const inputs = factor === undefined ? [of.buffer] : [of.buffer, factor];
  const kernel = { opcode: opcodes.SUM_SQUARES, words, inputs, output: output.buffer };
  return overUnits(rows, { nanoseconds: columns * CHEAP, threads }, kernel);
}
