import type { Engine } from "../../../src/engines/engine.ts";
import { apply, constant } from "../../../src/tensor/apply.ts";
import * as ops from "../../../src/tensor/ops.ts";
import type { TypedArray } from "../../../src/tensor/tensor.ts";

/** Gemma 3's vocabulary. */
const V = 262_144;
const LIKELY = V - 3;

/** A row with one likely token, whose others are 10⁻⁸ of it each, and together no longer nothing; and a
 * row in which none stands out. */
const logits = constant(
  Float64Array.from({ length: 2 * V }, (_, i) => {
    const wave = 0.3 * Math.sin(1.7 * i);
    if (i < V) return i === LIKELY ? 0 : wave - 18.4;
    return i === V + 11 ? 1 : wave;
  }),
  [2, V],
);
const labels = constant(Int32Array.of(LIKELY, 7), [2]);
/** Rows whose largest number stands twice, is a NaN, or is no more than the first. */
const odd = constant(
  Float64Array.from({ length: 4 * 2052 }, (_, i) => {
    const [row, place] = [Math.floor(i / 2052), i % 2052];
    if (row === 0) return place === 77 || place === 1998 ? 3 : 0.5;
    if (row === 1) return place === 2050 || place === 1030 ? Number.NaN : place;
    return row === 2 ? -Infinity : place % 2050;
  }),
  [4, 2052],
);
const ones = constant(Float64Array.of(1, 1), [2]);

/** What is said of rows as long as the largest vocabularies. @returns results by name */
export async function rowResults(engine: Engine): Promise<Readonly<Record<string, TypedArray>>> {
  const program = engine.compile((x: typeof logits, y: typeof odd) => {
    const anchor = ops.logSoftmax(ops.mul(x, 0.5));
    const weights = ops.softmax(x);
    return {
      softmax: weights,
      softmaxGrad: apply("softmaxGrad", [x, weights], {}),
      logSoftmax: ops.logSoftmax(x),
      crossEntropy: apply("crossEntropy", [x, labels], {}),
      crossEntropyGrad: apply("crossEntropyGrad", [ones, x, labels], {}),
      anchoredKl: apply("anchoredKl", [anchor, x], {}),
      anchoredKlGrad: apply("anchoredKlGrad", [ones, anchor, x], {}),
      argmax: ops.toFloat(ops.argmax(x)),
      argmaxOfOdd: ops.toFloat(ops.argmax(y)),
    };
  });
  return engine.read(await program(logits, odd));
}
