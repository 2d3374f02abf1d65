import * as abi from "../../../../kernels/wasm/abi.ts";
import type { Step as PlanStep, Value } from "../../../compile/plan.ts";
import { around, at, last, sizeOf } from "../../../tensor/shapes.ts";
import type { Attrs, Inputs, PrimitiveName } from "../../../tensor/tensor.ts";
import { traits } from "../../../tensor/traits.ts";
import {
  floatBits,
  type Instruction,
  type Kernel,
  overElements,
  overUnits,
  type Work,
  wordsAt,
} from "./instruction.ts";
import type { Triangles } from "./triangles.ts";
import type { Window } from "./windows.ts";

/** What lowering needs to know besides the step. */
export interface Lowering {
  readonly threads: number;
  /** A number that this buffer repeats, if the broadcast that would fill it can be left out. */
  scalarBehind(buffer: number): number | undefined;
  readonly triangles: Triangles;
  /** A new temporary buffer. */
  workspace(elements: number): number;
  /** Lets a buffer lie within another, so that nothing need be moved. @param offset bytes
   * @returns whether it may: what a program returns has memory of its own */
  view(buffer: number, of: number, offset: number): boolean;
  /** Where a buffer lies within another. */
  viewed(buffer: number): Window | undefined;
}

type Operands<T extends readonly unknown[]> = { readonly [I in keyof T]: Value };

/** A step whose operands are counted. */
export interface Step<K extends PrimitiveName> {
  readonly op: PrimitiveName;
  readonly inputs: Operands<Inputs<K>> & readonly Value[];
  readonly output: Value;
  readonly attrs: Attrs<K>;
}
type AnyStep = Pick<PlanStep, "op" | "inputs" | "output">;

export type Rule<K extends PrimitiveName> = (step: Step<K>, lowering: Lowering) => Instruction[];

export const elementsOf = (value: Value): number => sizeOf(value.shape);
export const lastOf = ({ shape }: Value): number => last(shape);
export function buffersOf(values: readonly Value[]): number[] {
  const buffers = new Array<number>(values.length);
  for (let i = 0; i < values.length; i++) buffers[i] = at(values, i).buffer;
  return buffers;
}

/** Nanoseconds of one element: memory-bound, and with an exponential. */
export const CHEAP = 0.25;
export const COSTLY = 1;

/** Elementwise, every input an array. */
export const elementwise =
  (opcode: number, nanoseconds: number, words: readonly number[] = []) =>
  (step: AnyStep, { threads }: Lowering): Instruction[] =>
    byElements({ opcode, words }, { nanoseconds, threads }, step);

// Apart from the rules, of which there is one for each primitive: the host compiles it once.
function byElements(
  { opcode, words }: Required<Pick<Kernel, "opcode" | "words">>,
  work: Work,
  { op, inputs, output }: AnyStep,
): Instruction[] {
  const buffers = buffersOf(inputs);
  const { whole } = traits[op];
  const overwritable = whole.length === 0 ? buffers : buffers.filter((_, i) => !whole.includes(i));
  const kernel = { opcode, words, inputs: buffers, overwritable, output: output.buffer };
  return [overElements(elementsOf(output), work, kernel)];
}

/** Elementwise, where an input may be one number for all elements. */
export const withScalars =
  (opcode: number) =>
  (step: AnyStep, lowering: Lowering): Instruction[] =>
    byElementsOrScalars(opcode, step, lowering);

function byElementsOrScalars(
  opcode: number,
  { inputs, output }: AnyStep,
  { threads, scalarBehind }: Lowering,
): Instruction[] {
  const buffers = buffersOf(inputs);
  let flags = 0;
  for (let i = 0; i < inputs.length; i++) {
    const { buffer } = at(inputs, i);
    const read = scalarBehind(buffer) ?? buffer;
    if (read !== buffer) flags |= 1 << i;
    buffers[i] = read;
  }
  const overwritable = flags === 0 ? buffers : buffers.filter((_, i) => (flags & (1 << i)) === 0);
  const words = wordsAt(abi.SCALAR_RESULT, { [abi.SCALAR_FLAGS]: flags });
  const kernel: Kernel = { opcode, words, inputs: buffers, overwritable, output: output.buffer };
  return [overElements(elementsOf(output), { nanoseconds: CHEAP, threads }, kernel)];
}

/**
 * Row by row over the last axis of what `rows` finds in a step, by default its result.
 * @param over positions of the inputs that the result may lie over
 * @param factor a number that the kernel wants for all rows
 */
export const rowwise =
  <K extends PrimitiveName>(
    opcode: number,
    nanoseconds: number,
    over: readonly number[],
    factor?: (attrs: Attrs<K>) => number,
    rows: (step: Step<K>) => Value = (step) => step.output,
  ): Rule<K> =>
  (step, { threads }) => {
    const wide = rows(step);
    const columns = lastOf(wide);
    const inputs = buffersOf(step.inputs);
    const kernel: Kernel = {
      opcode,
      words: factor
        ? wordsAt(abi.ROW_FACTOR_RESULT, {
            [abi.ROW_BYTES]: 4 * columns,
            [abi.ROW_FACTOR]: floatBits(factor(step.attrs)),
          })
        : wordsAt(abi.ROW_RESULT, { [abi.ROW_BYTES]: 4 * columns }),
      inputs,
      overwritable: over.map((i) => at(inputs, i)),
      output: step.output.buffer,
    };
    const work = { nanoseconds: nanoseconds * columns, threads };
    return columns === 0 ? [] : [overUnits(elementsOf(wide) / columns, work, kernel)];
  };

/** What kernels that go down columns of [outer, n, inner] are called with. */
export const columnWords = (n: number, inner: number): number[] =>
  wordsAt(abi.COLUMN_RESULT, { [abi.COLUMN_LENGTH]: n, [abi.COLUMN_STRIDE]: 4 * inner });

export const reduction =
  (rowsOpcode: number, columnsOpcode: number) =>
  (
    { inputs: [x], output, attrs }: Step<"sum"> | Step<"max">,
    { threads }: Lowering,
  ): Instruction[] => {
    const { outer, n, inner } = around(x.shape, attrs.axis);
    const kernel = { inputs: [x.buffer], output: output.buffer };
    const nanoseconds = n * CHEAP;
    if (inner === 1)
      return [
        overUnits(
          outer,
          { nanoseconds, threads },
          {
            ...kernel,
            opcode: rowsOpcode,
            words: wordsAt(abi.ROW_RESULT, { [abi.ROW_BYTES]: 4 * n }),
          },
        ),
      ];
    const work = { nanoseconds: abi.COLUMNS * nanoseconds, threads };
    const columns = { ...kernel, opcode: columnsOpcode, words: columnWords(n, inner) };
    return [overUnits(outer * Math.ceil(inner / abi.COLUMNS), work, columns)];
  };
