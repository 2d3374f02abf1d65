import * as abi from "../../../kernels/wasm/abi.ts";
import type { Step as PlanStep, Value } from "../../compile/plan.ts";
import { sizeOf, stridesOf } from "../../tensor/shapes.ts";
import type { Attrs, Inputs, PrimitiveName } from "../../tensor/tensor.ts";
import {
  around,
  floatBits,
  type Instruction,
  instruction,
  type Kernel,
  overElements,
  overUnits,
} from "./instruction.ts";
import { broadcastSteps, move } from "./loops.ts";
import { matmul } from "./matmul.ts";

/** What lowering needs to know besides the step. */
export interface Lowering {
  readonly threads: number;
  /** A number that this buffer repeats, if the broadcast that would fill it can be left out. */
  scalarBehind(buffer: number): number | undefined;
  /** A new temporary buffer. */
  workspace(elements: number): number;
}

type Operands<T extends readonly unknown[]> = { readonly [I in keyof T]: Value };

/** A step whose operands are counted. */
interface Step<K extends PrimitiveName> {
  readonly inputs: Operands<Inputs<K>> & readonly Value[];
  readonly output: Value;
  readonly attrs: Attrs<K>;
}
type AnyStep = Pick<PlanStep, "inputs" | "output">;

type Rule<K extends PrimitiveName> = (step: Step<K>, lowering: Lowering) => Instruction[];

const elementsOf = (value: Value): number => sizeOf(value.shape);
const lastOf = (value: Value): number => value.shape.at(-1) as number;
const buffersOf = (values: readonly Value[]): number[] => values.map((value) => value.buffer);

/** Nanoseconds of one element: memory-bound, and with an exponential. */
const CHEAP = 0.25;
const COSTLY = 1;

/** Elementwise, every input an array. `over` counts the leading inputs that the result may lie over. */
const elementwise =
  (opcode: number, nanoseconds: number, words: readonly number[] = [], over = 9) =>
  ({ inputs, output }: AnyStep, { threads }: Lowering): Instruction[] => {
    const buffers = buffersOf(inputs);
    const overwritable = buffers.slice(0, over);
    const kernel: Kernel = { opcode, words, inputs: buffers, overwritable, output: output.buffer, nanoseconds, threads };
    return [overElements(elementsOf(output), kernel)];
  };

/** Elementwise, where an input may be one number for all elements. */
const withScalars =
  (opcode: number) =>
  ({ inputs, output }: AnyStep, { threads, scalarBehind }: Lowering): Instruction[] => {
    const buffers = inputs.map((x) => scalarBehind(x.buffer) ?? x.buffer);
    const flags = inputs.reduce((bits, x, i) => (x.buffer === buffers[i] ? bits : bits | (1 << i)), 0);
    const kernel: Kernel = {
      opcode,
      words: [flags],
      inputs: buffers,
      overwritable: inputs.filter((x, i) => x.buffer === buffers[i]).map((x) => x.buffer),
      output: output.buffer,
      nanoseconds: CHEAP,
      threads,
    };
    return [overElements(elementsOf(output), kernel)];
  };

/** Row by row over the last axis of the first `like` input; the result may lie over `over`. */
const rowwise =
  <K extends PrimitiveName>(
    opcode: number,
    nanoseconds: number,
    over: readonly number[],
    words: (attrs: Attrs<K>) => readonly number[] = () => [],
    rows: (step: Step<K>) => Value = (step) => step.output,
  ): Rule<K> =>
  (step, { threads }) => {
    const wide = rows(step);
    const columns = lastOf(wide);
    const inputs = buffersOf(step.inputs);
    const kernel: Kernel = {
      opcode,
      words: [4 * columns, ...words(step.attrs)],
      inputs,
      overwritable: over.map((i) => inputs[i] as number),
      output: step.output.buffer,
      nanoseconds: nanoseconds * columns,
      threads,
    };
    return columns === 0 ? [] : [overUnits(elementsOf(wide) / columns, kernel)];
  };

const reduction =
  (rowsOpcode: number, columnsOpcode: number) =>
  ({ inputs: [x], output, attrs }: Step<"sum"> | Step<"max">, { threads }: Lowering): Instruction[] => {
    const { outer, n, inner } = around(x.shape, attrs.axis);
    const kernel = { inputs: [x.buffer], output: output.buffer, threads };
    const nanoseconds = n * CHEAP;
    if (inner === 1)
      return [overUnits(outer, { ...kernel, opcode: rowsOpcode, words: [4 * n], nanoseconds })];
    const words = [n, 4 * inner];
    const columns = { ...kernel, opcode: columnsOpcode, words, nanoseconds: 8 * nanoseconds };
    return [overUnits(outer * Math.ceil(inner / 8), columns)];
  };

const epsilon = ({ epsilon }: { readonly epsilon: number }) => [floatBits(epsilon)];
const scale = ({ scale }: { readonly scale: number }) => [floatBits(scale)];

/** Rows whose gradients a task adds; fixed, so that the sum does not depend on the threads. */
const GAIN_ROWS = 128;

const rmsNormGradGain: Rule<"rmsNormGradGain"> = (step, { threads, workspace }) => {
  const C = lastOf(step.output);
  const rows = elementsOf(step.inputs[0]) / C;
  const parts = Math.ceil(rows / GAIN_ROWS);
  const output = step.output.buffer;
  const partial = parts > 1 ? workspace(parts * C) : output;
  const kernel = { inputs: buffersOf(step.inputs), output: partial, nanoseconds: 0, threads };
  const words = [4 * C, ...epsilon(step.attrs)];
  const first = instruction(rows, GAIN_ROWS, { ...kernel, opcode: abi.RMS_NORM_GRAD_GAIN, words });
  if (parts === 1) return [first];
  const sum = { opcode: abi.SUM_COLUMNS, words: [parts, 4 * C], inputs: [partial], output, threads };
  return [first, overUnits(Math.ceil(C / 8), { ...sum, nanoseconds: 8 * parts * CHEAP })];
};

const ema =
  (opcode: number) =>
  (step: Step<"ema"> | Step<"emaSquare">, lowering: Lowering): Instruction[] => {
    const { decay } = step.attrs;
    const words = [floatBits(decay), floatBits(1 - decay)];
    return elementwise(opcode, CHEAP, words)(step, lowering);
  };

/** The kernels that compute each primitive. */
export const rules: { readonly [K in PrimitiveName]: Rule<K> } = {
  exp: elementwise(abi.EXP, COSTLY),
  log: elementwise(abi.LOG, COSTLY),
  tanh: elementwise(abi.TANH, COSTLY),
  sqrt: elementwise(abi.SQRT, CHEAP),
  cos: elementwise(abi.COS, 10),
  neg: elementwise(abi.NEG, CHEAP),
  toFloat: elementwise(abi.TO_FLOAT, CHEAP),
  alias: elementwise(abi.COPY, CHEAP),
  stopGradient: elementwise(abi.COPY, CHEAP),
  reshape: elementwise(abi.COPY, CHEAP),
  add: withScalars(abi.ADD),
  mul: withScalars(abi.MUL),
  sub: withScalars(abi.SUB),
  div: withScalars(abi.DIV),
  maximum: withScalars(abi.MAXIMUM),
  less: withScalars(abi.LESS),
  select: withScalars(abi.SELECT),
  sum: reduction(abi.SUM_ROWS, abi.SUM_COLUMNS),
  max: reduction(abi.MAX_ROWS, abi.MAX_COLUMNS),
  argmax: ({ inputs: [x], output, attrs }, { threads }) => {
    const { outer, n, inner } = around(x.shape, attrs.axis);
    const kernel = { opcode: abi.ARGMAX, words: [n, inner], inputs: [x.buffer], threads };
    return [overUnits(outer * inner, { ...kernel, output: output.buffer, nanoseconds: n })];
  },
  broadcast: ({ inputs: [x], output }, { threads, scalarBehind }) =>
    scalarBehind(output.buffer) !== undefined
      ? []
      : move({
          counts: output.shape,
          toSteps: stridesOf(output.shape),
          fromSteps: broadcastSteps(x.shape),
          input: x.buffer,
          output: output.buffer,
          threads,
        }),
  transpose: ({ inputs: [x], output, attrs }, { threads }) => {
    const strides = stridesOf(x.shape);
    return move({
      counts: output.shape,
      toSteps: stridesOf(output.shape),
      fromSteps: attrs.permutation.map((axis) => strides[axis] as number),
      input: x.buffer,
      output: output.buffer,
      threads,
    });
  },
  slice: ({ inputs: [x], output, attrs }, { threads }) => {
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
  },
  pad: ({ inputs: [x], output, attrs }, { threads }) => {
    const strides = stridesOf(output.shape);
    const zeros: Kernel = {
      opcode: abi.FILL,
      words: [0],
      inputs: [],
      output: output.buffer,
      nanoseconds: CHEAP,
      threads,
    };
    const inside = move({
      counts: x.shape,
      toSteps: strides,
      toStart: attrs.before.reduce((at, n, i) => at + n * (strides[i] as number), 0),
      fromSteps: stridesOf(x.shape),
      input: x.buffer,
      output: output.buffer,
      threads,
    });
    return [overElements(elementsOf(output), zeros), ...inside];
  },
  concat: ({ inputs, output, attrs }, { threads }) => {
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
  },
  matmul: ({ inputs: [a, b], attrs, output }, { threads }) => [matmul(a, b, attrs, output, threads)],
  gather: ({ inputs: [table, ids], output }, { threads }) => {
    const [rows, C] = table.shape as readonly [number, number];
    const words = [4 * C, rows];
    const kernel = { opcode: abi.GATHER, words, inputs: [table.buffer, ids.buffer], threads };
    return [
      overUnits(elementsOf(ids), { ...kernel, output: output.buffer, nanoseconds: C * CHEAP }),
    ];
  },
  scatterAdd: ({ inputs: [ids, updates], output, attrs }, { threads }) => {
    const count = elementsOf(ids);
    const words = [count, attrs.rows];
    const kernel = { opcode: abi.SCATTER_ADD, words, inputs: [ids.buffer, updates.buffer], threads };
    const nanoseconds = (count + attrs.rows) * CHEAP;
    return [overUnits(lastOf(output), { ...kernel, output: output.buffer, nanoseconds })];
  },
  softmax: rowwise(abi.SOFTMAX, COSTLY, [0]),
  softmaxGrad: rowwise(abi.SOFTMAX_GRAD, 2 * CHEAP, [0, 1], () => [floatBits(1)]),
  logSoftmax: rowwise(abi.LOG_SOFTMAX, COSTLY, [0]),
  logSoftmaxGrad: rowwise(abi.LOG_SOFTMAX_GRAD, COSTLY, [0, 1]),
  causalSoftmax: rowwise(abi.CAUSAL_SOFTMAX, COSTLY, [0], scale),
  causalSoftmaxGrad: rowwise(abi.SOFTMAX_GRAD, 2 * CHEAP, [0, 1], scale),
  rmsNorm: rowwise(abi.RMS_NORM, CHEAP, [0], epsilon),
  rmsNormGradX: rowwise(abi.RMS_NORM_GRAD_X, 2 * CHEAP, [0, 1], epsilon),
  rmsNormGradGain,
  rope: ({ inputs, output, attrs }, { threads }) => {
    const [x, cos] = inputs;
    const half = lastOf(cos);
    const positions = x.shape.at(-2) as number;
    const buffers = buffersOf(inputs);
    const kernel: Kernel = {
      opcode: abi.ROPE,
      words: [4 * half, positions, attrs.inverse ? 1 : 0],
      inputs: buffers,
      overwritable: [x.buffer],
      output: output.buffer,
      nanoseconds: 2 * half * CHEAP,
      threads,
    };
    return half === 0 ? [] : [overUnits(elementsOf(x) / (2 * half), kernel)];
  },
  swiglu: elementwise(abi.SWIGLU, COSTLY),
  swigluGradGate: elementwise(abi.SWIGLU_GRAD_GATE, COSTLY),
  gelu: elementwise(abi.GELU, COSTLY),
  geluGrad: elementwise(abi.GELU_GRAD, COSTLY),
  crossEntropy: rowwise(abi.CROSS_ENTROPY, COSTLY, [], undefined, (step) => step.inputs[0]),
  crossEntropyGrad: rowwise(abi.CROSS_ENTROPY_GRAD, COSTLY, [1]),
  anchoredKl: rowwise(abi.ANCHORED_KL, 2 * COSTLY, [], undefined, (step) => step.inputs[0]),
  anchoredKlGrad: rowwise(abi.ANCHORED_KL_GRAD, 3 * COSTLY, [1, 2]),
  ema: ema(abi.EMA),
  emaSquare: ema(abi.EMA_SQUARE),
  adamwUpdate: (step, lowering) => {
    const words = [floatBits(step.attrs.epsilon), floatBits(step.attrs.weightDecay)];
    return elementwise(abi.ADAMW_UPDATE, 3 * CHEAP, words, 3)(step, lowering);
  },
};
