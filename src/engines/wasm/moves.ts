import * as abi from "../../../kernels/wasm/abi.ts";
import { stridesOf } from "../../tensor/shapes.ts";
import { overElements } from "./instruction.ts";
import { CHEAP, elementsOf, type Rule } from "./kinds.ts";
import { broadcastSteps, move } from "./loops.ts";

export const broadcast: Rule<"broadcast"> = ({ inputs: [x], output }, { threads, scalarBehind }) =>
  scalarBehind(output.buffer) !== undefined
    ? []
    : move({
        counts: output.shape,
        toSteps: stridesOf(output.shape),
        fromSteps: broadcastSteps(x.shape),
        input: x.buffer,
        output: output.buffer,
        threads,
      });

export const transpose: Rule<"transpose"> = ({ inputs: [x], output, attrs }, { threads }) => {
  const strides = stridesOf(x.shape);
  return move({
    counts: output.shape,
    toSteps: stridesOf(output.shape),
    fromSteps: attrs.permutation.map((axis) => strides[axis] as number),
    input: x.buffer,
    output: output.buffer,
    threads,
  });
};

export const slice: Rule<"slice"> = ({ inputs: [x], output, attrs }, { threads }) => {
  const strides = stridesOf(x.shape);
  return move({
    counts: output.shape,
    toSteps: stridesOf(output.shape),
    fromSteps: strides,
    fromStart: attrs.start.reduce((at, n, i) => at + n * (strides[i] as number), 0),
    input: x.buffer,
    output: output.buffer,
    threads,
  });
};

export const pad: Rule<"pad"> = ({ inputs: [x], output, attrs }, { threads }) => {
  const strides = stridesOf(output.shape);
  const work = { nanoseconds: CHEAP, threads };
  const zeros = { opcode: abi.FILL, words: [0], inputs: [], output: output.buffer };
  const inside = move({
    counts: x.shape,
    toSteps: strides,
    toStart: attrs.before.reduce((at, n, i) => at + n * (strides[i] as number), 0),
    fromSteps: stridesOf(x.shape),
    input: x.buffer,
    output: output.buffer,
    threads,
  });
  return [overElements(elementsOf(output), work, zeros), ...inside];
};

export const concat: Rule<"concat"> = ({ inputs, output, attrs }, { threads }) => {
  const strides = stridesOf(output.shape);
  const axis = attrs.axis < 0 ? attrs.axis + output.shape.length : attrs.axis;
  let at = 0;
  return inputs.flatMap((x, i) => {
    const toStart = at * (strides[axis] as number);
    at += x.shape[axis] as number;
    const fromSteps = stridesOf(x.shape);
    const to = { toSteps: strides, toStart, output: output.buffer, continues: i > 0 };
    return move({ ...to, counts: x.shape, fromSteps, input: x.buffer, threads });
  });
};
