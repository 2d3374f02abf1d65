import { exp as portableExp, log as portableLog } from "../../tensor/portable.ts";
import type { PrimitiveName } from "../../tensor/tensor.ts";
import type { Compute, Operand } from "./rows.ts";

/**
 * The operations of almost every graph, element by element. Each has a loop of its own: of one that
 * is given the operation as a function the host's compiler makes a call for each number.
 */
type Elements = Compute<PrimitiveName>;
type One = readonly [Operand];
type Two = readonly [Operand, Operand];

export const exp: Elements = (out, inputs) => {
  const [{ data: x }] = inputs as One;
  for (let i = 0; i < out.length; i++) out[i] = portableExp(x[i] as number);
};

export const log: Elements = (out, inputs) => {
  const [{ data: x }] = inputs as One;
  for (let i = 0; i < out.length; i++) out[i] = portableLog(x[i] as number);
};

export const neg: Elements = (out, inputs) => {
  const [{ data: x }] = inputs as One;
  for (let i = 0; i < out.length; i++) out[i] = -(x[i] as number);
};

export const add: Elements = (out, inputs) => {
  const [{ data: a }, { data: b }] = inputs as Two;
  for (let i = 0; i < out.length; i++) out[i] = (a[i] as number) + (b[i] as number);
};

export const sub: Elements = (out, inputs) => {
  const [{ data: a }, { data: b }] = inputs as Two;
  for (let i = 0; i < out.length; i++) out[i] = (a[i] as number) - (b[i] as number);
};

export const mul: Elements = (out, inputs) => {
  const [{ data: a }, { data: b }] = inputs as Two;
  for (let i = 0; i < out.length; i++) out[i] = (a[i] as number) * (b[i] as number);
};

export const mulNoNan: Elements = (out, inputs) => {
  const [{ data: a }, { data: b }] = inputs as Two;
  for (let i = 0; i < out.length; i++)
    out[i] = a[i] === 0 ? 0 : (a[i] as number) * (b[i] as number);
};

export const div: Elements = (out, inputs) => {
  const [{ data: a }, { data: b }] = inputs as Two;
  for (let i = 0; i < out.length; i++) out[i] = (a[i] as number) / (b[i] as number);
};

export const maximum: Elements = (out, inputs) => {
  const [{ data: a }, { data: b }] = inputs as Two;
  for (let i = 0; i < out.length; i++) out[i] = Math.max(a[i] as number, b[i] as number);
};

export const less: Elements = (out, inputs) => {
  const [{ data: a }, { data: b }] = inputs as Two;
  for (let i = 0; i < out.length; i++) out[i] = (a[i] as number) < (b[i] as number) ? 1 : 0;
};

export const select: Elements = (out, inputs) => {
  const [{ data: c }, { data: a }, { data: b }] = inputs as readonly [Operand, Operand, Operand];
  for (let i = 0; i < out.length; i++) out[i] = (c[i] !== 0 ? a[i] : b[i]) as number;
};
