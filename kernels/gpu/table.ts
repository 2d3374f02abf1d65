import { adamwUpdate } from "./elementwise/adamwUpdate.ts";
import { abs, add, div, mul, mulNoNan, neg, sub } from "./elementwise/arithmetic.ts";
import { copy } from "./elementwise/copy.ts";
import { ema, emaSquare } from "./elementwise/ema.ts";
import { exp } from "./elementwise/exp.ts";
import { gelu, geluGrad } from "./elementwise/gelu.ts";
import { less } from "./elementwise/less.ts";
import { log } from "./elementwise/log.ts";
import { maximum } from "./elementwise/maximum.ts";
import { select } from "./elementwise/select.ts";
import { cos, sin } from "./elementwise/sines.ts";
import { sqrt } from "./elementwise/sqrt.ts";
import { swiglu, swigluGradGate } from "./elementwise/swiglu.ts";
import { tanh } from "./elementwise/tanh.ts";
import type { LoweredName, Lowering } from "./kernel.ts";
import { broadcast } from "./moves/broadcast.ts";
import { concat } from "./moves/concat.ts";
import { gather } from "./moves/gather.ts";
import { pad } from "./moves/pad.ts";
import { scatterAdd } from "./moves/scatterAdd.ts";
import { scatterRows } from "./moves/scatterRows.ts";
import { slice } from "./moves/slice.ts";
import { transpose } from "./moves/transpose.ts";
import { matmul } from "./products/matmul.ts";
import { rangeAttention } from "./products/rangeAttention.ts";
import { anchoredKl, anchoredKlGrad } from "./rows/anchoredKl.ts";
import { argmax } from "./rows/argmax.ts";
import { causalSoftmax, causalSoftmaxGrad } from "./rows/causalSoftmax.ts";
import { crossEntropy, crossEntropyGrad } from "./rows/crossEntropy.ts";
import { logSoftmax, logSoftmaxGrad } from "./rows/logSoftmax.ts";
import { max } from "./rows/max.ts";
import { rmsNorm, rmsNormGradGain, rmsNormGradX } from "./rows/rmsNorm.ts";
import { rope } from "./rows/rope.ts";
import { softmax, softmaxGrad } from "./rows/softmax.ts";
import { sum } from "./rows/sum.ts";

/** How GPU.js kernels compute each primitive. */
export const lowerings: { readonly [K in LoweredName]: Lowering<K> } = {
  ...{ exp, log, tanh, sqrt, cos, sin, neg, abs },
  ...{ add, mul, mulNoNan, sub, div, maximum, less, select },
  ...{
    toFloat: copy,
    alias: copy,
    checkpoint: copy,
    after: copy,
    stopGradient: copy,
    reshape: copy,
  },
  ...{ sum, max, argmax, broadcast, transpose, slice, pad, concat, matmul, gather, scatterAdd },
  ...{ scatterRows, rangeAttention },
  ...{ softmax, softmaxGrad, logSoftmax, logSoftmaxGrad, causalSoftmax, causalSoftmaxGrad },
  ...{ rmsNorm, rmsNormGradX, rmsNormGradGain, rope, swiglu, swigluGradGate, gelu, geluGrad },
  ...{ crossEntropy, crossEntropyGrad, anchoredKl, anchoredKlGrad, ema, emaSquare, adamwUpdate },
};
