import * as abi from "../../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import { at, ofRank } from "../../../tensor/shapes.ts";
import { traits } from "../../../tensor/traits.ts";
import { floatBits, type Instruction, type Kernel, overUnits, wordsAt } from "./instruction.ts";
import { buffersOf, type Lowering, type Rule, type Step } from "./kinds.ts";

/** Elements of the weights that a thread holds at once, unless a few rows are more: 128 KiB stay in
 * the nearer caches. */
export const HELD = 32768;
/** Rows of a block are a multiple of both builds' tiles. */
export const TILE: number = abi.TILE_ROWS_PLAIN * abi.TILE_ROWS_FUSED;
/** Multiply-adds in a nanosecond of one thread, roughly, half of the square left out. */
export const SPEED = 40;

/** One of the two kernels of an attention. */
export interface Attention {
  readonly opcode: number;
  /** Of the gradient a thread holds two matrices, the weights and their cotangents. */
  readonly gradient: boolean;
}

const attention =
  ({ opcode, gradient }: Attention) =>
  (
    { op, inputs, output, attrs }: Step<"causalAttention"> | Step<"causalAttentionGrad">,
    { threads, workspace }: Lowering,
  ): Instruction[] => {
    // The gradient's come after g, which its kernel wants last.
    const cotangents = gradient ? 1 : 0;
    const [g, qkv] = [inputs.slice(0, cotangents), inputs.slice(cotangents)];
    const [B, H, T, D] = ofRank(4, at(qkv, 0).shape);
    const G = at(at(qkv, 1).shape, 1);
    if (B * H * D === 0) return [];
    const rows = Math.min(T, Math.max(1, Math.floor(HELD / T / TILE)) * TILE);
    const units = gradient ? B * G : B * H * Math.ceil(T / rows);
    const part = Math.ceil((rows * T) / 16) * 16 * (gradient ? 2 : 1);
    const flop = 2 * traits[op].products * B * H * T * T * D;
    const work = { nanoseconds: flop / 2 / units / SPEED, threads };
    const kernel = (scratch: number): Kernel => ({
      opcode,
      words: wordsAt(abi.ATTENTION_RESULT, {
        ...{ [abi.ATTENTION_T]: T, [abi.ATTENTION_D]: D },
        ...{ [abi.ATTENTION_HEADS]: H, [abi.ATTENTION_GROUPS]: G },
        [abi.ATTENTION_BLOCK_ROWS]: rows,
        [abi.ATTENTION_SCALE]: floatBits(attrs.scale),
        [abi.ATTENTION_PART]: part,
      }),
      inputs: buffersOf([...qkv, ...g]),
      output: output.buffer,
      scratch,
      flop,
    });
    const { tasks } = overUnits(units, work, kernel(-1));
    return [overUnits(units, work, kernel(workspace(tasks * part)))];
  };

export const causalAttention: Rule<"causalAttention"> = attention({
  opcode: opcodes.CAUSAL_ATTENTION,
  gradient: false,
});

export const causalAttentionGrad: Rule<"causalAttentionGrad"> = attention({
  opcode: opcodes.CAUSAL_ATTENTION_GRAD,
  gradient: true,
});
