import * as abi from "../../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import { at } from "../../../tensor/shapes.ts";
import { bytesOf, isStorageType } from "../../../tensor/storage/types.ts";
import type { DType } from "../../../tensor/tensor.ts";
import {
  type Instruction,
  inTasks,
  overElements,
  overUnits,
  unitsPerTask,
  wordsAt,
} from "./instruction.ts";
import { CHEAP, elementsOf, type Lowering, lastOf, type Rule, type Step } from "./kinds.ts";

/** How the kernels are told that numbers are kept. */
export const storageOf = (dtype: DType): number =>
  isStorageType(dtype) ? { bf16: abi.BF16, f16: abi.F16, q8_0: abi.Q8_0 }[dtype] : abi.FLOAT;

/** Numbers whose codes are whole lines, and whole blocks. */
const LINE = abi.Q8_NUMBERS;

export const cast: Rule<"cast"> = ({ inputs: [x], output, attrs: { from, to } }, { threads }) => {
  const elements = elementsOf(output);
  const lines = Math.ceil(elements / LINE);
  const widens = isStorageType(from);
  return [
    inTasks(elements, LINE * unitsPerTask(lines, LINE * CHEAP, threads), {
      opcode: widens ? opcodes.WIDEN : opcodes.ROUND,
      words: wordsAt(abi.CAST_RESULT, { [abi.CAST_STORAGE]: storageOf(widens ? from : to) }),
      inputs: [x.buffer],
      output: output.buffer,
    }),
  ];
};

/** The same numbers, or codes, in words of 4 bytes: buffers are padded to whole ones. */
export function copy(
  { inputs: [x], output }: Pick<Step<"checkpoint">, "inputs" | "output">,
  { threads }: Lowering,
): Instruction[] {
  const words = Math.ceil(bytesOf(x.dtype, elementsOf(output)) / 4);
  const kernel = {
    ...{ opcode: opcodes.COPY, inputs: [x.buffer], overwritable: [x.buffer] },
    output: output.buffer,
  };
  return [overElements(words, { nanoseconds: CHEAP, threads }, kernel)];
}

/** Rows of a table, which are widened as they are read where it is kept in a storage type. */
export const gather: Rule<"gather"> = ({ inputs: [table, ids], output }, { threads }) => {
  const C = lastOf(table);
  const work = { nanoseconds: C * CHEAP, threads };
  const words = wordsAt(abi.GATHER_RESULT, {
    [abi.GATHER_BYTES]: 4 * C,
    [abi.GATHER_ROWS]: at(table.shape, 0),
    [abi.GATHER_STORAGE]: storageOf(table.dtype),
  });
  const kernel = { opcode: opcodes.GATHER, words, inputs: [table.buffer, ids.buffer] };
  return [overUnits(elementsOf(ids), work, { ...kernel, output: output.buffer })];
};
