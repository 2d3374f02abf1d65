import { at, sizeOf } from "../tensor/shapes.ts";
import { bytesOf } from "../tensor/storage/types.ts";
import type { Attrs } from "../tensor/tensor.ts";
import { traits } from "../tensor/traits.ts";
import type { BufferPlan, Plan, Step, Value } from "./plan.ts";

/** What a plan costs, whatever runs it. */
export interface PlanStats {
  /** Primitives computed in a run. */
  readonly ops: number;
  /** Bytes that the primitives of a run read and write, each operand once: 4 a float or an int. */
  readonly bytes: number;
  /** Most bytes that live at one time in a run: inputs, constants, temporaries and outputs. */
  readonly peakBytes: number;
  /** Multiplications and additions of the matrix products of a run. */
  readonly flop: number;
}

/** @param elementBytes of a float or an int: 4, or 8 on an engine of float64 */
export function planStats(plan: Plan, elementBytes = 4): PlanStats {
  const { ops, bytes, flop } = planWork(plan, elementBytes);
  return { ops, bytes, peakBytes: mostBytes(plan, elementBytes), flop };
}

/** What is computed in a run, wherever its buffers lie. */
export function planWork({ steps }: Plan, elementBytes = 4): Omit<PlanStats, "peakBytes"> {
  let [bytes, flop] = [0, 0];
  for (const step of steps) {
    bytes += bytesTouched(step, elementBytes);
    flop += flopOf(step);
  }
  return { ops: steps.length, bytes, flop };
}

/** Bytes of a buffer. @param elementBytes of a float or an int */
export const bufferBytes = ({ dtype, elements }: BufferPlan, elementBytes = 4): number =>
  bytesOf(dtype, elements, elementBytes);

const elementsOf = ({ shape }: Value): number => sizeOf(shape);

/** Bytes that a step reads and writes, each operand once. */
export function bytesTouched({ op, inputs, output }: Step, elementBytes = 4): number {
  const made = elementsOf(output);
  const written = bytesOf(output.dtype, made, elementBytes);
  if (traits[op].partial) return written + bytesOf(at(inputs, 0).dtype, made, elementBytes);
  let bytes = written;
  for (let i = 0; i < inputs.length; i++) {
    const x = at(inputs, i);
    if (isReadAgain(inputs, i)) continue;
    bytes += bytesOf(x.dtype, elementsOf(x), elementBytes);
  }
  return bytes;
}

/** Whether an input is one of those that follow, too. */
function isReadAgain(inputs: readonly Value[], i: number): boolean {
  for (let j = i + 1; j < inputs.length; j++)
    if (at(inputs, j).buffer === at(inputs, i).buffer) return true;
  return false;
}

/** 2mnk for each product of [m, k] and [k, n]; of causal attention the whole square counts. */
export function flopOf({ op, attrs, inputs, output }: Step): number {
  const { products } = traits[op];
  if (products === 0) return 0;
  if (op === "matmul") {
    const { shape } = at(inputs, 0);
    const { transposeA } = attrs as Attrs<"matmul">;
    return 2 * elementsOf(output) * at(shape, shape.length - (transposeA ? 2 : 1));
  }
  // A gradient is given the cotangent first. q: [B, H, T, D], k: [B, G, S, D]
  const q = op === "causalAttentionGrad" || op === "rangeAttentionGrad" ? 1 : 0;
  return 2 * products * elementsOf(at(inputs, q)) * at(at(inputs, q + 1).shape, 2);
}

/** The most bytes alive after any step has made its result and before it gives up its operands. */
function mostBytes({ buffers, steps }: Plan, elementBytes: number): number {
  const size = (i: number): number => bufferBytes(at(buffers, i), elementBytes);
  const given = buffers.reduce(
    (sum, { kind }, i) => sum + (kind === "input" || kind === "constant" ? size(i) : 0),
    0,
  );
  let [live, most] = [given, given];
  for (const { output, frees } of steps) {
    live += buffers[output.buffer]?.reuses === undefined ? size(output.buffer) : 0;
    most = Math.max(most, live);
    live -= frees.reduce((sum, buffer) => sum + size(buffer), 0);
  }
  return most;
}
