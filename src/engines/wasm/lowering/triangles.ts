import type { Plan, Step, Value } from "../../../compile/plan.ts";
import { at, last } from "../../../tensor/shapes.ts";

/** What is known of the buffers of causal attention; the numbers are the sides of the triangles. */
export interface Triangles {
  /** Zero above the diagonal. */
  readonly zeroAbove: ReadonlyMap<number, number>;
  /** Not read above the diagonal. */
  readonly unreadAbove: ReadonlyMap<number, number>;
}

const sideOf = (value: Value): number => last(value.shape);

/** Whether a value is seen as matrices with that many columns, each a stack of whole triangles. */
export const stacked = ({ shape }: Value, side: number | undefined): boolean =>
  side !== undefined && shape.at(-1) === side && last(shape, 2) % side === 0;

/** Finds the matrices of causal attention of which only one half matters. */
export function trianglesOf({ steps, outputs }: Plan): Triangles {
  const zeroAbove = new Map<number, number>();
  for (const { op, inputs, output } of steps) {
    const through = op === "causalSoftmaxGrad" && zeroAbove.has(at(inputs, 1).buffer);
    if (op === "causalSoftmax" || through) zeroAbove.set(output.buffer, sideOf(output));
  }
  const unreadAbove = new Map<number, number>();
  if (zeroAbove.size === 0) return { zeroAbove, unreadAbove };
  const read = new Set(outputs.map(({ buffer }) => buffer));
  const skips = ({ op, inputs }: Step, position: number): boolean =>
    position === 0 &&
    (op === "causalSoftmax" || (op === "causalSoftmaxGrad" && zeroAbove.has(at(inputs, 1).buffer)));
  for (const step of steps)
    step.inputs.forEach((x, i) => {
      if (skips(step, i)) unreadAbove.set(x.buffer, sideOf(x));
      else read.add(x.buffer);
    });
  for (const buffer of read) unreadAbove.delete(buffer);
  return { zeroAbove, unreadAbove };
}
