import * as op from "./abi";
import * as activations from "./activations";
import * as attention from "./attention";
import * as elementwise from "./elementwise";
import * as losses from "./losses";
import * as matmul from "./matmul";
import * as move from "./move";
import * as norm from "./norm";
import * as optimizer from "./optimizer";
import * as reduce from "./reduce";
import * as rope from "./rope";
import * as softmax from "./softmax";
import * as table from "./table";

/** Runs one task of an instruction. */
export function execute(opcode: i32, args: usize, task: i32): void {
  switch (opcode) {
    case op.COPY: return elementwise.copy(args, task);
    case op.EXP: return elementwise.exp(args, task);
    case op.LOG: return elementwise.log(args, task);
    case op.TANH: return elementwise.tanh(args, task);
    case op.SQRT: return elementwise.sqrt(args, task);
    case op.COS: return elementwise.cos(args, task);
    case op.NEG: return elementwise.neg(args, task);
    case op.TO_FLOAT: return elementwise.toFloat(args, task);
    case op.ADD: return elementwise.add(args, task);
    case op.MUL: return elementwise.mul(args, task);
    case op.SUB: return elementwise.sub(args, task);
    case op.DIV: return elementwise.div(args, task);
    case op.MAXIMUM: return elementwise.maximum(args, task);
    case op.LESS: return elementwise.less(args, task);
    case op.SELECT: return elementwise.select(args, task);
    case op.SUM_ROWS: return reduce.sumRows(args, task);
    case op.SUM_COLUMNS: return reduce.sumColumns(args, task);
    case op.MAX_ROWS: return reduce.maxRows(args, task);
    case op.MAX_COLUMNS: return reduce.maxColumns(args, task);
    case op.ARGMAX: return reduce.argmax(args, task);
    case op.FILL: return move.fill(args, task);
    case op.MOVE: return move.move(args, task);
    case op.TRANSPOSE: return move.transpose(args, task);
    case op.MATMUL: return matmul.matmul(args, task);
    case op.GATHER: return table.gather(args, task);
    case op.SCATTER_ADD: return table.scatterAdd(args, task);
    case op.SOFTMAX: return softmax.softmax(args, task);
    case op.SOFTMAX_GRAD: return softmax.softmaxGrad(args, task);
    case op.LOG_SOFTMAX: return softmax.logSoftmax(args, task);
    case op.LOG_SOFTMAX_GRAD: return softmax.logSoftmaxGrad(args, task);
    case op.CAUSAL_SOFTMAX: return softmax.causalSoftmax(args, task);
    case op.CAUSAL_SOFTMAX_GRAD: return softmax.causalSoftmaxGrad(args, task);
    case op.RMS_NORM: return norm.rmsNorm(args, task);
    case op.RMS_NORM_GRAD_X: return norm.rmsNormGradX(args, task);
    case op.RMS_NORM_GRAD_GAIN: return norm.rmsNormGradGain(args, task);
    case op.ROPE: return rope.rope(args, task);
    case op.SWIGLU: return activations.swiglu(args, task);
    case op.SWIGLU_GRAD_GATE: return activations.swigluGradGate(args, task);
    case op.GELU: return activations.gelu(args, task);
    case op.GELU_GRAD: return activations.geluGrad(args, task);
    case op.CROSS_ENTROPY: return losses.crossEntropy(args, task);
    case op.CROSS_ENTROPY_GRAD: return losses.crossEntropyGrad(args, task);
    case op.ANCHORED_KL: return losses.anchoredKl(args, task);
    case op.ANCHORED_KL_GRAD: return losses.anchoredKlGrad(args, task);
    case op.EMA: return optimizer.ema(args, task);
    case op.EMA_SQUARE: return optimizer.emaSquare(args, task);
    case op.ADAMW_UPDATE: return optimizer.adamwUpdate(args, task);
    case op.CAUSAL_ATTENTION: return attention.causalAttention(args, task);
    case op.CAUSAL_ATTENTION_GRAD: return attention.causalAttentionGrad(args, task);
  }
}
