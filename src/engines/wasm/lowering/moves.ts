import * as abi from "../../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import { windowStart } from "../../../compile/window.ts";
import { at, placeOf, stridesOf } from "../../../tensor/shapes.ts";
import { overElements, wordsAt } from "./instruction.ts";
import { CHEAP, elementsOf, type Lowering, type Rule, type Step } from "./kinds.ts";
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
    fromSteps: attrs.permutation.map((axis) => at(strides, axis)),
    input: x.buffer,
    output: output.buffer,
    threads,
  });
};

export const slice: Rule<"slice"> = (step, lowering) => {
  const [x] = step.inputs;
  const { output, attrs } = step;
  const from = windowStart(step);
  if (from !== undefined && lowering.view(output.buffer, x.buffer, 4 * from)) return [];
  return move({
    counts: output.shape,
    toSteps: stridesOf(output.shape),
    fromSteps: stridesOf(x.shape),
    fromStart: placeOf(attrs.start, x.shape),
    input: x.buffer,
    output: output.buffer,
    threads: lowering.threads,
  });
};

export const pad: Rule<"pad"> = ({ inputs: [x], output, attrs }, { threads }) => {
  const work = { nanoseconds: CHEAP, threads };
  const zeros = {
    opcode: opcodes.FILL,
    words: wordsAt(abi.FILL_RESULT, { [abi.FILL_BITS]: 0 }),
    inputs: [],
    output: output.buffer,
  };
  const inside = move({
    counts: x.shape,
    toSteps: stridesOf(output.shape),
    toStart: placeOf(attrs.before, output.shape),
    fromSteps: stridesOf(x.shape),
    input: x.buffer,
    output: output.buffer,
    threads,
  });
  return [overElements(elementsOf(output), work, zeros), ...inside];
};

export const concat: Rule<"concat"> = (step, lowering) => {
  const { inputs, output, attrs } = step;
  const { threads } = lowering;
  const strides = stridesOf(output.shape);
  const axis = attrs.axis < 0 ? attrs.axis + output.shape.length : attrs.axis;
  if (joinsAgain(step, axis, lowering)) return [];
  let joined = 0;
  return inputs.flatMap((x, i) => {
    const toStart = joined * at(strides, axis);
    joined += at(x.shape, axis);
    const fromSteps = stridesOf(x.shape);
    const to = { toSteps: strides, toStart, output: output.buffer, continues: i > 0 };
    return move({ ...to, counts: x.shape, fromSteps, input: x.buffer, threads });
  });
};

/** Whether the parts of a concatenation lie side by side as it wants them: then it lies there too. */
function joinsAgain({ inputs, output }: Step<"concat">, axis: number, lowering: Lowering): boolean {
  const first = inputs[0] && lowering.viewed(inputs[0].buffer);
  if (!first || output.shape.slice(0, axis).some((n) => n !== 1)) return false;
  let end = first.offset;
  for (const x of inputs) {
    const view = lowering.viewed(x.buffer);
    if (view?.of !== first.of || view.offset !== end) return false;
    end += 4 * elementsOf(x);
  }
  return lowering.view(output.buffer, first.of, first.offset);
}
