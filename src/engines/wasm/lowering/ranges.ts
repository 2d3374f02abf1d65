import * as abi from "../../../../kernels/wasm/abi.ts";
import * as opcodes from "../../../../kernels/wasm/opcodes.ts";
import { at, ofRank } from "../../../tensor/shapes.ts";
import { traits } from "../../../tensor/traits.ts";
import { type Attention, HELD, SPEED, TILE } from "./attention.ts";
import { floatBits, type Instruction, type Kernel, overUnits, wordsAt } from "./instruction.ts";
import { buffersOf, type Lowering, type Rule, type Step } from "./kinds.ts";

const ranges =
  ({ opcode, gradient }: Attention) =>
  (
    { op, inputs, output, attrs }: Step<"rangeAttention"> | Step<"rangeAttentionGrad">,
    { threads, workspace }: Lowering,
  ): Instruction[] => {
    // The gradient's come after g, which its kernel wants last.
    const cotangents = gradient ? 1 : 0;
    const [g, given] = [inputs.slice(0, cotangents), inputs.slice(cotangents)];
    const [B, H, T, D] = ofRank(4, at(given, 0).shape);
    const [G, S] = ofRank(2, at(given, 1).shape.slice(1, 3));
    if (B * G * D === 0 || (T === 0 && !gradient)) return [];
    const rows = Math.max(1, Math.min(T, Math.max(1, Math.floor(HELD / S / TILE)) * TILE));
    // Of the gradient a thread holds the weights and their cotangents, and what a softcap turned.
    const held = gradient ? rows * (attrs.softcap === null ? 2 : 3) : Math.max(rows, H / G);
    const part = Math.ceil((held * S) / 48) * 48;
    const units = gradient ? B * G : B * G * Math.ceil(T / rows);
    const flop = 2 * traits[op].products * B * H * T * S * D;
    const work = { nanoseconds: flop / 2 / units / SPEED, threads };
    const kernel = (scratch: number): Kernel => ({
      opcode,
      words: wordsAt(abi.RANGE_RESULT, {
        ...{ [abi.RANGE_T]: T, [abi.RANGE_S]: S, [abi.RANGE_D]: D },
        ...{ [abi.RANGE_HEADS]: H, [abi.RANGE_GROUPS]: G, [abi.RANGE_BLOCK_ROWS]: rows },
        [abi.RANGE_SCALE]: floatBits(attrs.scale),
        [abi.RANGE_SOFTCAP]: floatBits(attrs.softcap ?? 0),
        [abi.RANGE_WINDOW]: attrs.window ?? 0,
        [abi.RANGE_PART]: part,
      }),
      inputs: buffersOf([...given, ...g]),
      output: output.buffer,
      ...{ scratch, flop },
    });
    const { tasks } = overUnits(units, work, kernel(-1));
    return [overUnits(units, work, kernel(workspace(tasks * part)))];
  };

export const rangeAttention: Rule<"rangeAttention"> = ranges({
  opcode: opcodes.RANGE_ATTENTION,
  gradient: false,
});

export const rangeAttentionGrad: Rule<"rangeAttentionGrad"> = ranges({
  opcode: opcodes.RANGE_ATTENTION_GRAD,
  gradient: true,
});
