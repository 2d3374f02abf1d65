import * as abi from "../../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import { at, last, stridesOf } from "../../../tensor/shapes.ts";
import type { Shape } from "../../../tensor/tensor.ts";
import { type Instruction, inTasks, unitsPerTask, wordsAt } from "./instruction.ts";

/** One of the nested loops that move elements: steps are in elements. */
interface Loop {
  readonly count: number;
  /** Step in the result. */
  readonly to: number;
  /** Step in the source. */
  readonly from: number;
}

export interface Move {
  /** Lengths of the nested loops, outermost first. */
  readonly counts: Shape;
  readonly toSteps: readonly number[];
  readonly fromSteps: readonly number[];
  readonly toStart?: number;
  readonly fromStart?: number;
  readonly input: number;
  readonly output: number;
  readonly continues?: boolean;
  readonly threads: number;
}

/** Elements moved in one nanosecond, roughly. */
const SPEED = 4;
/** Long runs are cut into pieces, which threads can share. */
const RUN = 4096;

/** Joins loops that are one loop in disguise, and drops those that run once. */
function collapse(loops: readonly Loop[]): Loop[] {
  const joined: Loop[] = [];
  for (const loop of loops) {
    if (loop.count === 1) continue;
    const outer = joined.at(-1);
    const one = outer && outer.to === loop.to * loop.count && outer.from === loop.from * loop.count;
    if (one) joined[joined.length - 1] = { ...loop, count: outer.count * loop.count };
    else joined.push(loop);
  }
  return joined.length > 0 ? joined : [{ count: 1, to: 1, from: 1 }];
}

/** Cuts a single long run in two loops where it divides. */
function cut(loops: readonly Loop[]): readonly Loop[] {
  const [run] = loops;
  if (!run || loops.length > 1 || run.count < 2 * RUN || run.count % RUN !== 0) return loops;
  const outer = { count: run.count / RUN, to: run.to * RUN, from: run.from * RUN };
  return [outer, { ...run, count: RUN }];
}

/** Loops reordered so that the last two transpose: rows contiguous in the source, then columns
 * contiguous in the result; undefined where that does not fit. */
function transposing(loops: readonly Loop[]): readonly Loop[] | undefined {
  const columns = loops.findIndex(({ to, count }) => to === 1 && count >= 4);
  const rows = loops.findIndex(({ from, count }) => from === 1 && count >= 4);
  if (columns < 0 || rows < 0 || columns === rows) return undefined;
  const others = loops.filter((_, i) => i !== columns && i !== rows);
  return [...others, at(loops, rows), at(loops, columns)];
}

const loopsOf = ({ counts, toSteps, fromSteps }: Move): Loop[] =>
  collapse(counts.map((count, i) => ({ count, to: at(toSteps, i), from: at(fromSteps, i) })));

/** The instruction, or none when there is nothing to move. */
export function move(wanted: Move): Instruction[] {
  if (wanted.counts.includes(0)) return [];
  const plain = loopsOf(wanted);
  const tiled = transposing(plain);
  const loops = tiled ?? cut(plain);
  const all = loops.reduce((n, { count }) => n * count, 1);
  const run = last(loops).count;
  const rows = tiled ? last(loops, 2).count : 1;
  const units = (all / run / rows) * Math.ceil(rows / abi.TRANSPOSED_ROWS);
  const encoded = inTasks(units, unitsPerTask(units, all / units / SPEED, wanted.threads), {
    opcode: tiled ? opcodes.TRANSPOSE : opcodes.MOVE,
    words: wordsAt(abi.MOVE_RESULT, {
      [abi.MOVE_LOOPS]: loops.length,
      [abi.MOVE_TO]: 4 * (wanted.toStart ?? 0),
      [abi.MOVE_FROM]: 4 * (wanted.fromStart ?? 0),
    }),
    inputs: [wanted.input],
    output: wanted.output,
    continues: wanted.continues ?? false,
  });
  const words = loops.flatMap(({ count, to, from }) => [count, 4 * to, 4 * from]);
  const { opcode, tasks, args, reads, writes, scratch, continues, flop } = encoded;
  const withLoops = args.concat(words);
  return [{ opcode, tasks, args: withLoops, reads, writes, scratch, continues, flop }];
}

/** Steps of a source that is read with some axes repeated. */
export function broadcastSteps(from: Shape): number[] {
  const strides = stridesOf(from);
  return from.map((n, i) => (n === 1 ? 0 : at(strides, i)));
}
