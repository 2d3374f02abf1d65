import * as abi from "../../../../kernels/wasm/abi.ts";
import { floatBits, type Instruction, type Kernel, overUnits } from "./instruction.ts";
import { buffersOf, type Lowering, type Rule, type Step } from "./kinds.ts";

/** Elements of the weights that a thread holds at once, unless a few rows are more: 128 KiB stay in
 * the nearer caches. */
const HELD = 32768;
/** Rows of a block are a multiple of both builds' tiles. */
const TILE = 30;
/** Multiply-adds in a nanosecond of one thread, roughly, half of the square left out. */
const SPEED = 40;

interface Attention {
  readonly unitsOf: (heads: {
    readonly q: number;
    readonly kv: number;
    readonly blocks: number;
  }) => number;
  readonly opcode: number;
  /** Matrices of weights that a thread holds. */
  readonly held: number;
  /** Products of the size of q · kᵀ. */
  readonly products: number;
}

const attention =
  ({ opcode, held, products, unitsOf }: Attention) =>
  (
    { inputs, output, attrs }: Step<"causalAttention"> | Step<"causalAttentionGrad">,
    { threads, workspace }: Lowering,
  ): Instruction[] => {
    const [q, k] = inputs.slice(-3) as unknown as [
      Step<"causalAttention">["output"],
      typeof output,
    ];
    const [B, H, T, D] = q.shape as readonly [number, number, number, number];
    const G = k.shape[1] as number;
    if (B * H * D === 0) return [];
    const rows = Math.min(T, Math.max(1, Math.floor(HELD / T / TILE)) * TILE);
    const units = unitsOf({ q: B * H, kv: B * G, blocks: Math.ceil(T / rows) });
    const part = Math.ceil((rows * T) / 16) * 16 * held;
    const flop = 2 * products * B * H * T * T * D;
    const work = { nanoseconds: flop / 2 / units / SPEED, threads };
    const [g, ...rest] = buffersOf(inputs);
    const ordered = held === 1 ? [g as number, ...rest] : [...rest, g as number];
    const kernel = (scratch: number): Kernel => ({
      opcode,
      words: [T, D, H, G, rows, floatBits(attrs.scale), part],
      inputs: ordered,
      output: output.buffer,
      scratch,
      flop,
    });
    const { tasks } = overUnits(units, work, kernel(-1));
    return [overUnits(units, work, kernel(workspace(tasks * part)))];
  };

export const causalAttention: Rule<"causalAttention"> = attention({
  ...{ opcode: abi.CAUSAL_ATTENTION, held: 1, products: 2 },
  unitsOf: ({ q, blocks }) => q * blocks,
});

export const causalAttentionGrad: Rule<"causalAttentionGrad"> = attention({
  ...{ opcode: abi.CAUSAL_ATTENTION_GRAD, held: 2, products: 5 },
  unitsOf: ({ kv }) => kv,
});
