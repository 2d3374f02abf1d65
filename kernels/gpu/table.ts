import type { CommonName } from "../../src/tensor/tensor.ts";
import { adamwUpdate } from "./adamwUpdate.ts";
import { add } from "./add.ts";
import { anchoredKl, anchoredKlGrad } from "./anchoredKl.ts";
import { argmax } from "./argmax.ts";
import { broadcast } from "./broadcast.ts";
import { causalSoftmax, causalSoftmaxGrad } from "./causalSoftmax.ts";
import { concat } from "./concat.ts";
import { copy } from "./copy.ts";
import { cos } from "./cos.ts";
import { crossEntropy, crossEntropyGrad } from "./crossEntropy.ts";
import { div } from "./div.ts";
import { ema, emaSquare } from "./ema.ts";
import { exp } from "./exp.ts";
import { gather } from "./gather.ts";
import { gelu, geluGrad } from "./gelu.ts";
import type { Lowering } from "./kernel.ts";
import { less } from "./less.ts";
import { log } from "./log.ts";
import { logSoftmax, logSoftmaxGrad } from "./logSoftmax.ts";
import { matmul } from "./matmul.ts";
import { max } from "./max.ts";
import { maximum } from "./maximum.ts";
import { mul } from "./mul.ts";
import { neg } from "./neg.ts";
import { pad } from "./pad.ts";
import { rmsNorm, rmsNormGradGain, rmsNormGradX } from "./rmsNorm.ts";
import { rope } from "./rope.ts";
import { scatterAdd } from "./scatterAdd.ts";
import { select } from "./select.ts";
import { slice } from "./slice.ts";
import { softmax, softmaxGrad } from "./softmax.ts";
import { sqrt } from "./sqrt.ts";
import { sub } from "./sub.ts";
import { sum } from "./sum.ts";
import { swiglu, swigluGradGate } from "./swiglu.ts";
import { tanh } from "./tanh.ts";
import { transpose } from "./transpose.ts";

/** How GPU.js kernels compute each primitive. */
export const lowerings: { readonly [K in CommonName]: Lowering<K> } = {
  ...{ exp, log, tanh, sqrt, cos, neg, add, mul, sub, div, maximum, less, select },
  ...{
    toFloat: copy,
    alias: copy,
    checkpoint: copy,
    after: copy,
    stopGradient: copy,
    reshape: copy,
  },
  ...{ sum, max, argmax, broadcast, transpose, slice, pad, concat, matmul, gather, scatterAdd },
  ...{ softmax, softmaxGrad, logSoftmax, logSoftmaxGrad, causalSoftmax, causalSoftmaxGrad },
  ...{ rmsNorm, rmsNormGradX, rmsNormGradGain, rope, swiglu, swigluGradGate, gelu, geluGrad },
  ...{ crossEntropy, crossEntropyGrad, anchoredKl, anchoredKlGrad, ema, emaSquare, adamwUpdate },
};
