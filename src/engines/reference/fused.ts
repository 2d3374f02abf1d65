import { exp, log } from "../../tensor/portable.ts";
import { at } from "../../tensor/shapes.ts";
import type { PrimitiveName, TypedArray } from "../../tensor/tensor.ts";
import { type Compute, elementwise, lengthOfLast, type Operand, read } from "./rows.ts";

/** Calls f for each row of the last axis: where it starts, how long it is, its number. */
function eachRow(x: Operand, f: (start: number, n: number, row: number) => void): void {
  const n = lengthOfLast(x.shape);
  for (let start = 0, row = 0; start < x.data.length; start += n, row++) f(start, n, row);
}

function total(n: number, term: (j: number) => number): number {
  let sum = 0;
  for (let j = 0; j < n; j++) sum += term(j);
  return sum;
}

/** log Σ exp(scale · z) of n numbers, shifted by the largest term so that nothing overflows. */
function logSumExp(z: TypedArray, start: number, n: number, scale = 1): number {
  let shift = Number.NEGATIVE_INFINITY;
  for (let i = start; i < start + n; i++) shift = Math.max(shift, scale * (z[i] as number));
  let sum = 0;
  for (let i = start; i < start + n; i++) sum += exp(scale * (z[i] as number) - shift);
  return shift + log(sum);
}

export const softmax: Compute<"softmax"> = (out, [x]) =>
  eachRow(x, (start, n) => {
    const log = logSumExp(x.data, start, n);
    for (let i = start; i < start + n; i++) out[i] = exp(read(x.data, i) - log);
  });

export const logSoftmax: Compute<"logSoftmax"> = (out, [x]) =>
  eachRow(x, (start, n) => {
    const log = logSumExp(x.data, start, n);
    for (let i = start; i < start + n; i++) out[i] = read(x.data, i) - log;
  });

function throughSoftmax(out: TypedArray, g: Operand, y: Operand, scale: number): void {
  eachRow(y, (start, n) => {
    const dot = total(n, (j) => read(g.data, start + j) * read(y.data, start + j));
    for (let i = start; i < start + n; i++)
      out[i] = scale * read(y.data, i) * (read(g.data, i) - dot);
  });
}

export const softmaxGrad: Compute<"softmaxGrad"> = (out, [g, y]) => throughSoftmax(out, g, y, 1);

export const causalSoftmaxGrad: Compute<"causalSoftmaxGrad"> = (out, [g, y], { scale }) =>
  throughSoftmax(out, g, y, scale);

export const logSoftmaxGrad: Compute<"logSoftmaxGrad"> = (out, inputs) => {
  const [g, y] = inputs;
  eachRow(y, (start, n) => {
    const sum = total(n, (j) => read(g.data, start + j));
    for (let i = start; i < start + n; i++) out[i] = read(g.data, i) - exp(read(y.data, i)) * sum;
  });
};

export const causalSoftmax: Compute<"causalSoftmax"> = (out, [x], { scale }) =>
  eachRow(x, (start, T, row) => {
    const visible = (row % T) + 1;
    const log = logSumExp(x.data, start, visible, scale);
    for (let j = 0; j < T; j++)
      out[start + j] = j < visible ? exp(scale * read(x.data, start + j) - log) : 0;
  });

const reciprocalRms = (x: Operand, start: number, n: number, epsilon: number): number =>
  1 / Math.sqrt(total(n, (j) => read(x.data, start + j) ** 2) / n + epsilon);

export const rmsNorm: Compute<"rmsNorm"> = (out, inputs, { epsilon }) => {
  const [x, gain] = inputs;
  eachRow(x, (start, C) => {
    const r = reciprocalRms(x, start, C, epsilon);
    for (let c = 0; c < C; c++) out[start + c] = read(x.data, start + c) * r * read(gain.data, c);
  });
};

export const rmsNormGradX: Compute<"rmsNormGradX"> = (out, inputs, { epsilon }) => {
  const [g, x, gain] = inputs;
  eachRow(x, (start, C) => {
    const r = reciprocalRms(x, start, C, epsilon);
    const gn = (c: number) => read(g.data, start + c) * read(gain.data, c);
    const n = (c: number) => read(x.data, start + c) * r;
    const dot = total(C, (c) => gn(c) * n(c)) / C;
    for (let c = 0; c < C; c++) out[start + c] = r * (gn(c) - n(c) * dot);
  });
};

export const rmsNormGradGain: Compute<"rmsNormGradGain"> = (out, inputs, { epsilon }) => {
  const [g, x] = inputs;
  out.fill(0);
  eachRow(x, (start, C) => {
    const r = reciprocalRms(x, start, C, epsilon);
    for (let c = 0; c < C; c++)
      out[c] = read(out, c) + read(g.data, start + c) * read(x.data, start + c) * r;
  });
};

export const rope: Compute<"rope"> = (out, inputs, { inverse }) => {
  const [x, cos, sin] = inputs;
  const half = lengthOfLast(cos.shape);
  eachRow(x, (start, _, row) => {
    const t = row % at(cos.shape, 0);
    for (let d = 0; d < half; d++) {
      const [a, b] = [read(x.data, start + d), read(x.data, start + half + d)];
      const c = read(cos.data, t * half + d);
      const s = read(sin.data, t * half + d) * (inverse ? -1 : 1);
      out[start + d] = a * c - b * s;
      out[start + half + d] = b * c + a * s;
    }
  });
};

/** ½(1 + tanh(x/2)) is 0 below −37, where this is not. */
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export const swiglu: Compute<PrimitiveName> = elementwise((gate, up) => gate * sigmoid(gate) * up);

export const swigluGradGate: Compute<PrimitiveName> = elementwise((g, gate, up) => {
  const s = sigmoid(gate);
  return g * up * s * (1 + gate * (1 - s));
});

const GELU = Math.sqrt(2 / Math.PI);
const geluInner = (x: number): number => GELU * (x + 0.044715 * x ** 3);

/** x · ½(1 + tanh u), where ½(1 + tanh u) is the logistic function of 2u. */
export const gelu: Compute<PrimitiveName> = elementwise((x) => x * sigmoid(2 * geluInner(x)));

export const geluGrad: Compute<PrimitiveName> = elementwise((g, x) => {
  const t = Math.tanh(geluInner(x));
  // Beyond ±20 the slope of the tanh is 0, at ±∞ too.
  const near = Math.max(-20, Math.min(20, x));
  return g * 0.5 * (1 + t + near * (1 - t * t) * GELU * (1 + 3 * 0.044715 * near * near));
});

export const crossEntropy: Compute<"crossEntropy"> = (out, inputs) => {
  const [logits, labels] = inputs;
  eachRow(logits, (start, V, row) => {
    const own = read(logits.data, start + read(labels.data, row));
    out[row] = logSumExp(logits.data, start, V) - own;
  });
};

export const crossEntropyGrad: Compute<"crossEntropyGrad"> = (out, inputs) => {
  const [g, logits, labels] = inputs;
  eachRow(logits, (start, V, row) => {
    const log = logSumExp(logits.data, start, V);
    const scale = read(g.data, row);
    for (let j = 0; j < V; j++) {
      const share = scale * exp(read(logits.data, start + j) - log);
      out[start + j] = j === read(labels.data, row) ? share - scale : share;
    }
  });
};

export const anchoredKl: Compute<"anchoredKl"> = (out, inputs) => {
  const [anchor, logits] = inputs;
  eachRow(logits, (start, V, row) => {
    const log = logSumExp(logits.data, start, V);
    out[row] = total(V, (j) => {
      const logQ = read(anchor.data, start + j);
      const q = exp(logQ);
      // What is impossible adds nothing, −∞ − −∞ neither.
      return q === 0 ? 0 : q * (logQ - read(logits.data, start + j) + log);
    });
  });
};

export const anchoredKlGrad: Compute<"anchoredKlGrad"> = (out, inputs) => {
  const [g, anchor, logits] = inputs;
  eachRow(logits, (start, V, row) => {
    const log = logSumExp(logits.data, start, V);
    const mass = total(V, (j) => exp(read(anchor.data, start + j)));
    for (let i = start; i < start + V; i++) {
      const p = exp(read(logits.data, i) - log);
      out[i] = read(g.data, row) * (p * mass - exp(read(anchor.data, i)));
    }
  });
};
