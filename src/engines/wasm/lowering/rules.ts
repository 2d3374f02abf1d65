import * as abi from "../../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import { around, last, ofRank } from "../../../tensor/shapes.ts";
import type { PrimitiveName } from "../../../tensor/tensor.ts";
import { causalAttention, causalAttentionGrad } from "./attention.ts";
import {
  floatBits,
  type Instruction,
  inTasks,
  type Kernel,
  overUnits,
  wordsAt,
} from "./instruction.ts";
import {
  buffersOf,
  CHEAP,
  COSTLY,
  columnWords,
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
import { rangeAttention, rangeAttentionGrad } from "./ranges.ts";
import { cast, copy, gather } from "./stored.ts";

const epsilon = ({ epsilon }: { readonly epsilon: number }) => epsilon;
const scale = ({ scale }: { readonly scale: number }) => scale;

/** Rows whose gradients a task adds in float32, before the float64 sum of those sums; fixed, so that
 * the result does not depend on the threads. */
const GAIN_ROWS = 32;

const rmsNormGradGain: Rule<"rmsNormGradGain"> = (step, { threads, workspace }) => {
  const C = lastOf(step.output);
  const rows = elementsOf(step.inputs[0]) / C;
  const parts = Math.ceil(rows / GAIN_ROWS);
  const output = step.output.buffer;
  const partial = parts > 1 ? workspace(parts * C) : output;
  const words = wordsAt(abi.ROW_FACTOR_RESULT, {
    [abi.ROW_BYTES]: 4 * C,
    [abi.ROW_FACTOR]: floatBits(step.attrs.epsilon),
  });
  const inputs = buffersOf(step.inputs);
  const kernel = { opcode: opcodes.RMS_NORM_GRAD_GAIN, words, inputs, output: partial };
  const first = inTasks(rows, GAIN_ROWS, kernel);
  if (parts === 1) return [first];
  const work = { nanoseconds: abi.COLUMNS * parts * CHEAP, threads };
  const sum = {
    opcode: opcodes.SUM_COLUMNS,
    words: columnWords(parts, C),
    inputs: [partial],
    output,
  };
  return [first, overUnits(Math.ceil(C / abi.COLUMNS), work, sum)];
};

const ema =
  (opcode: number) =>
  (step: Step<"ema"> | Step<"emaSquare">, lowering: Lowering): Instruction[] => {
    const { decay } = step.attrs;
    const words = wordsAt(abi.EMA_RESULT, {
      [abi.EMA_KEEP]: floatBits(decay),
      [abi.EMA_TAKE]: floatBits(1 - decay),
    });
    return elementwise(opcode, CHEAP, words)(step, lowering);
  };

/** The kernels that compute each primitive. */
export const rules: { readonly [K in PrimitiveName]: Rule<K> } = {
  exp: elementwise(opcodes.EXP, COSTLY),
  log: elementwise(opcodes.LOG, COSTLY),
  tanh: elementwise(opcodes.TANH, COSTLY),
  sqrt: elementwise(opcodes.SQRT, CHEAP),
  cos: elementwise(opcodes.COS, 10),
  sin: elementwise(opcodes.SIN, 10),
  neg: elementwise(opcodes.NEG, CHEAP),
  abs: elementwise(opcodes.ABS, CHEAP),
  toFloat: elementwise(opcodes.TO_FLOAT, CHEAP),
  cast,
  alias: copy,
  stopGradient: copy,
  checkpoint: copy,
  after: copy,
  reshape: copy,
  add: withScalars(opcodes.ADD),
  mul: withScalars(opcodes.MUL),
  sub: withScalars(opcodes.SUB),
  div: withScalars(opcodes.DIV),
  mulNoNan: withScalars(opcodes.MUL_NO_NAN),
  maximum: withScalars(opcodes.MAXIMUM),
  less: withScalars(opcodes.LESS),
  select: withScalars(opcodes.SELECT),
  sum: reduction(opcodes.SUM_ROWS, opcodes.SUM_COLUMNS),
  max: reduction(opcodes.MAX_ROWS, opcodes.MAX_COLUMNS),
  argmax: ({ inputs: [x], output, attrs }, { threads }) => {
    const { outer, n, inner } = around(x.shape, attrs.axis);
    const words = wordsAt(abi.ARGMAX_RESULT, {
      [abi.ARGMAX_LENGTH]: n,
      [abi.ARGMAX_INNER]: inner,
    });
    const kernel = { opcode: opcodes.ARGMAX, words, inputs: [x.buffer] };
    const work = { nanoseconds: n, threads };
    return [overUnits(outer * inner, work, { ...kernel, output: output.buffer })];
  },
  broadcast,
  transpose,
  slice,
  pad,
  concat,
  matmul,
  gather,
  scatterAdd: ({ inputs: [ids, updates], output, attrs }, { threads }) => {
    const count = elementsOf(ids);
    const work = { nanoseconds: (count + attrs.rows) * CHEAP, threads };
    const inputs = [ids.buffer, updates.buffer];
    const words = wordsAt(abi.SCATTER_RESULT, {
      [abi.SCATTER_IDS]: count,
      [abi.SCATTER_ROWS]: attrs.rows,
    });
    const kernel = { opcode: opcodes.SCATTER_ADD, words, inputs };
    return [overUnits(lastOf(output), work, { ...kernel, output: output.buffer })];
  },
  scatterRows: ({ inputs: [x, ids, rows], output }, { threads }) => {
    const [V, C] = ofRank(2, x.shape.slice(-2));
    const count = last(ids.shape);
    const work = { nanoseconds: (V + count) * C * CHEAP, threads };
    const words = wordsAt(abi.REPLACE_RESULT, {
      [abi.REPLACE_BYTES]: 4 * C,
      [abi.REPLACE_ROWS]: V,
      [abi.REPLACE_IDS]: count,
    });
    const kernel: Kernel = {
      ...{ opcode: opcodes.SCATTER_ROWS, words },
      inputs: buffersOf([x, ids, rows]),
      overwritable: x.buffer === rows.buffer ? [] : [x.buffer],
      output: output.buffer,
    };
    return V * C === 0 ? [] : [overUnits(elementsOf(x) / (V * C), work, kernel)];
  },
  softmax: rowwise(opcodes.SOFTMAX, COSTLY, [0]),
  softmaxGrad: rowwise(opcodes.SOFTMAX_GRAD, 2 * CHEAP, [0, 1], () => 1),
  logSoftmax: rowwise(opcodes.LOG_SOFTMAX, COSTLY, [0]),
  logSoftmaxGrad: rowwise(opcodes.LOG_SOFTMAX_GRAD, COSTLY, [0, 1]),
  causalSoftmax: rowwise(opcodes.CAUSAL_SOFTMAX, COSTLY, [0], scale),
  causalSoftmaxGrad: (step, lowering) => {
    const half = lowering.triangles.zeroAbove.has(step.inputs[1].buffer);
    const opcode = half ? opcodes.CAUSAL_SOFTMAX_GRAD : opcodes.SOFTMAX_GRAD;
    return rowwise<"causalSoftmaxGrad">(opcode, 2 * CHEAP, [0, 1], scale)(step, lowering);
  },
  causalAttention,
  causalAttentionGrad,
  rangeAttention,
  rangeAttentionGrad,
  rmsNorm: rowwise(opcodes.RMS_NORM, CHEAP, [0], epsilon),
  rmsNormGradX: rowwise(opcodes.RMS_NORM_GRAD_X, 2 * CHEAP, [0, 1], epsilon),
  rmsNormGradGain,
  rope: ({ inputs, output, attrs }, { threads }) => {
    const [x, cos] = inputs;
    const half = lastOf(cos);
    const positions = last(x.shape, 2);
    const buffers = buffersOf(inputs);
    const kernel: Kernel = {
      opcode: opcodes.ROPE,
      words: wordsAt(abi.ROPE_RESULT, {
        [abi.ROPE_BYTES]: 4 * half,
        [abi.ROPE_POSITIONS]: positions,
        [abi.ROPE_INVERSE]: Number(attrs.inverse),
      }),
      inputs: buffers,
      overwritable: [x.buffer],
      output: output.buffer,
    };
    const work = { nanoseconds: 2 * half * CHEAP, threads };
    return half === 0 ? [] : [overUnits(elementsOf(x) / (2 * half), work, kernel)];
  },
  swiglu: elementwise(opcodes.SWIGLU, COSTLY),
  swigluGradGate: elementwise(opcodes.SWIGLU_GRAD_GATE, COSTLY),
  gelu: elementwise(opcodes.GELU, COSTLY),
  geluGrad: elementwise(opcodes.GELU_GRAD, COSTLY),
  crossEntropy: rowwise(opcodes.CROSS_ENTROPY, COSTLY, [], undefined, (step) => step.inputs[0]),
  crossEntropyGrad: rowwise(opcodes.CROSS_ENTROPY_GRAD, COSTLY, [1]),
  anchoredKl: rowwise(opcodes.ANCHORED_KL, 2 * COSTLY, [], undefined, (step) => step.inputs[0]),
  anchoredKlGrad: rowwise(opcodes.ANCHORED_KL_GRAD, 3 * COSTLY, [1, 2]),
  ema: ema(opcodes.EMA),
  emaSquare: ema(opcodes.EMA_SQUARE),
  adamwUpdate: (step, lowering) => {
    const words = wordsAt(abi.ADAMW_RESULT, {
      [abi.ADAMW_EPSILON]: floatBits(step.attrs.epsilon),
      [abi.ADAMW_WEIGHT_DECAY]: floatBits(step.attrs.weightDecay),
    });
    return elementwise(opcodes.ADAMW_UPDATE, 3 * CHEAP, words)(step, lowering);
  },
};
