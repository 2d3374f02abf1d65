import { constant } from "../../tensor/apply.ts";
import { at } from "../../tensor/shapes.ts";
import type { TypedArray } from "../../tensor/tensor.ts";
import type { Example } from "../../train/examples.ts";
import { eachSpan } from "./responseRows.ts";
import type { Targets } from "./targets.ts";

export const STATES_DTYPES = ["f32", "q16"] as const;

/**
 * How hidden states are kept.
 * - `"f32"`: as the engine computed them, 4·C bytes a target.
 * - `"q16"`: codes of 16 bits, each channel's range of values in 65,535 equal steps: 2·C bytes a
 *   target, and 8·C for every 1024 of them. Ten times closer than float16 and a hundred times closer
 *   than bfloat16, whose steps are as wide where a channel varies little.
 */
export type StatesDtype = (typeof STATES_DTYPES)[number];

/** Rows that share their ranges. */
export const BLOCK = 1024;
const STEPS = 65535;

/** Rows [n, C] as codes. */
export interface Coded {
  /** [n, C]. */
  readonly codes: Uint16Array;
  /** [C], the value of code 0. */
  readonly low: Float32Array;
  /** [C], the value of one code. */
  readonly step: Float32Array;
}

/**
 * Codes of rows, each the nearest. With step s_c of channel c a value is off by s_c / 2 at most, and
 * by the rounding of its float32.
 * @param data [n, width]
 * @throws RangeError for values that are not finite
 */
export function encodeStates(data: TypedArray, width: number): Coded {
  const low = new Float32Array(width).fill(Infinity);
  const high = new Float32Array(width).fill(-Infinity);
  data.forEach((x, i) => {
    if (!Number.isFinite(x))
      throw new RangeError(`encodeStates: expected finite hidden states, got ${x}`);
    const c = i % width;
    low[c] = Math.min(at(low, c), x);
    high[c] = Math.max(at(high, c), x);
  });
  const step = low.map((least, c) => (at(high, c) - least) / STEPS);
  const codes = Uint16Array.from(data, (x, i) => {
    const c = i % width;
    // A channel that does not vary has but one code; rounded ranges may lie a little short.
    const code = step[c] === 0 ? 0 : Math.round((x - at(low, c)) / at(step, c));
    return Math.min(Math.max(code, 0), STEPS);
  });
  return { codes, low, step };
}

/** Rows of a data set, a block at a time: [n, C] of each. */
export interface CodedRows {
  readonly width: number;
  readonly blocks: readonly Coded[];
}

/** Encodes rows as they come, and holds no more than a block of them otherwise. */
export async function codedRows(
  parts: AsyncIterable<TypedArray>,
  width: number,
): Promise<CodedRows> {
  const blocks: Coded[] = [];
  let waiting = new Float32Array(BLOCK * width);
  let filled = 0;
  const flush = (): void => {
    if (filled > 0) blocks.push(encodeStates(waiting.subarray(0, filled), width));
    filled = 0;
  };
  for await (const part of parts)
    for (let from = 0; from < part.length; ) {
      const n = Math.min(part.length - from, waiting.length - filled);
      waiting.set(part.subarray(from, from + n), filled);
      [from, filled] = [from + n, filled + n];
      if (filled === waiting.length) flush();
    }
  flush();
  waiting = new Float32Array(0);
  return { width, blocks };
}

/** Writes rows `from` … `to` (exclusive) as numbers. */
function decodeRows(
  { width, blocks }: CodedRows,
  [from, to]: readonly [from: number, to: number],
  into: Float32Array,
): void {
  for (let row = from; row < to; row++) {
    const { codes, low, step } = at(blocks, Math.floor(row / BLOCK));
    const first = (row % BLOCK) * width;
    for (let c = 0; c < width; c++)
      into[(row - from) * width + c] = at(low, c) + at(codes, first + c) * at(step, c);
  }
}

/**
 * Hidden states that lie on the host as codes, at the targets of `data`.
 * @param starts of each example's rows
 */
export const codedTargets = (
  rows: CodedRows,
  starts: readonly number[],
  data: readonly Example[],
): Targets => ({
  of: async (batch, T) => {
    const { width } = rows;
    const target = new Float32Array(batch.length * T * width);
    eachSpan(batch, data, starts, T, (place, row, count) => {
      const span = target.subarray(place * width, (place + count) * width);
      decodeRows(rows, [row, row + count], span);
    });
    return constant(target, [batch.length, T, width]);
  },
});
