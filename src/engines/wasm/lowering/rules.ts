import * as abi from "../../../../kernels/wasm/abi.ts";
import type { PrimitiveName } from "../../../tensor/tensor.ts";
import { causalAttention, causalAttentionGrad } from "./attention.ts";
import {
  around,
  floatBits,
  type Instruction,
  inTasks,
  type Kernel,
  overUnits,
} from "./instruction.ts";
import {
  buffersOf,
  CHEAP,
  COSTLY,
  elementsOf,
  elementwise,
  type Lowering,
  lastOf,
  type Rule,
  reduction,
  rowwise,
  type Step,
  withScalars,
} from "./kinds.ts";
import { matmul } from "./matmul.ts";
import { broadcast, concat, pad, slice, transpose } from "./moves.ts";

const epsilon = ({ epsilon }: { readonly epsilon: number }) => [floatBits(epsilon)];
const scale = ({ scale }: { readonly scale: number }) => [floatBits(scale)];

/** Rows whose gradients a task adds in float32, before the float64 sum of those sums; fixed, so that
 * the result does not depend on the threads. */
const GAIN_ROWS = 32;

const rmsNormGradGain: Rule<"rmsNormGradGain"> = (step, { threads, workspace }) => {
  const C = lastOf(step.output);
  const rows = elementsOf(step.inputs[0]) / C;
  const parts = Math.ceil(rows / GAIN_ROWS);
  const output = step.output.buffer;
  const partial = parts > 1 ? workspace(parts * C) : output;
  const words = [4 * C, ...epsilon(step.attrs)];
  const inputs = buffersOf(step.inputs);
  const kernel = { opcode: abi.RMS_NORM_GRAD_GAIN, words, inputs, output: partial };
  const first = inTasks(rows, GAIN_ROWS, kernel);
  if (parts === 1) return [first];
  const work = { nanoseconds: 8 * parts * CHEAP, threads };
  const sum = { opcode: abi.SUM_COLUMNS, words: [parts, 4 * C], inputs: [partial], output };
  return [first, overUnits(Math.ceil(C / 8), work, sum)];
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
  checkpoint: elementwise(abi.COPY, CHEAP),
  after: elementwise(abi.COPY, CHEAP),
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
    const kernel = { opcode: abi.ARGMAX, words: [n, inner], inputs: [x.buffer] };
    const work = { nanoseconds: n, threads };
    return [overUnits(outer * inner, work, { ...kernel, output: output.buffer })];
  },
  broadcast,
  transpose,
  slice,
  pad,
  concat,
  matmul,
  gather: ({ inputs: [table, ids], output }, { threads }) => {
    const [rows, C] = table.shape as readonly [number, number];
    const work = { nanoseconds: C * CHEAP, threads };
    const kernel = { opcode: abi.GATHER, words: [4 * C, rows], inputs: [table.buffer, ids.buffer] };
    return [overUnits(elementsOf(ids), work, { ...kernel, output: output.buffer })];
  },
  scatterAdd: ({ inputs: [ids, updates], output, attrs }, { threads }) => {
    const count = elementsOf(ids);
    const work = { nanoseconds: (count + attrs.rows) * CHEAP, threads };
    const inputs = [ids.buffer, updates.buffer];
    const kernel = { opcode: abi.SCATTER_ADD, words: [count, attrs.rows], inputs };
    return [overUnits(lastOf(output), work, { ...kernel, output: output.buffer })];
  },
  softmax: rowwise(abi.SOFTMAX, COSTLY, [0]),
  softmaxGrad: rowwise(abi.SOFTMAX_GRAD, 2 * CHEAP, [0, 1], () => [floatBits(1)]),
  logSoftmax: rowwise(abi.LOG_SOFTMAX, COSTLY, [0]),
  logSoftmaxGrad: rowwise(abi.LOG_SOFTMAX_GRAD, COSTLY, [0, 1]),
  causalSoftmax: rowwise(abi.CAUSAL_SOFTMAX, COSTLY, [0], scale),
  causalSoftmaxGrad: (step, lowering) => {
    const half = lowering.triangles.zeroAbove.has(step.inputs[1].buffer);
    const opcode = half ? abi.CAUSAL_SOFTMAX_GRAD : abi.SOFTMAX_GRAD;
    return rowwise<"causalSoftmaxGrad">(opcode, 2 * CHEAP, [0, 1], scale)(step, lowering);
  },
  causalAttention,
  causalAttentionGrad,
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
    };
    const work = { nanoseconds: 2 * half * CHEAP, threads };
    return half === 0 ? [] : [overUnits(elementsOf(x) / (2 * half), work, kernel)];
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
    return elementwise(abi.ADAMW_UPDATE, 3 * CHEAP, words)(step, lowering);
  },
};
