import type { Group } from "../../../compile/fuse.ts";
import type { Step, Value } from "../../../compile/plan.ts";
import { at, sizeOf } from "../../../tensor/shapes.ts";
import type { Instruction } from "./instruction.ts";
import type { Lowering } from "./kinds.ts";
import { type Part, type Region, type Roles, rolesOf } from "./region.ts";

/** Bytes of a wide matrix that are held at once, unless a few rows are more. */
const HELD = 4 << 20;
/** Rows of a block: as many as make up for reading the weights again. */
const LEAST_ROWS = 120;

/** Lowers one step of a block; `onto` adds to what the output holds. */
export type LowerStep = (step: Step, onto: boolean) => Instruction[];

/** How many blocks the rows are cut into. */
export function blocksOf({ rows, columns }: Region): number {
  return Math.max(1, Math.floor(rows / Math.max(LEAST_ROWS, HELD / (4 * columns))));
}

/**
 * A region's instructions, block by block, for each the steps that they compute. Every sum is added
 * up in the order of the rows, as it is without blocks: the bits are the same.
 * @param windowOf a new name for a part of a buffer, which begins at a byte
 */
export function inRowBlocks(
  group: Group,
  region: Region,
  lowering: Lowering,
  lowerStep: LowerStep,
  windowOf: (of: number, offset: number) => number,
): { instruction: Instruction; steps: readonly number[] }[] {
  const scalar = (buffer: number) => lowering.scalarBehind(buffer) !== undefined;
  const roles = group.steps.map((step) => rolesOf(step, region.rows, scalar) as Roles);
  const kept = new Set(group.outputs.map(({ buffer }) => buffer));
  const inside = new Set(group.steps.map(({ output }) => output.buffer));
  const blocks = blocksOf(region);
  return Array.from({ length: blocks }, (_, block) => {
    const startOf = (b: number) => Math.floor((b * region.rows) / blocks);
    const [from, to] = [startOf(block), startOf(block + 1)];
    const held = new Map<number, number>();
    const part = (value: Value, kind: Part): Value => {
      if (kind === "whole") return value;
      const each = sizeOf(value.shape) / region.rows;
      const flat = each === 1 && value.shape.at(-1) !== 1;
      const shape = flat ? [to - from] : [to - from, each];
      const { buffer } = value;
      if (inside.has(buffer) && !kept.has(buffer)) {
        const own = held.get(buffer) ?? lowering.workspace((to - from) * each);
        held.set(buffer, own);
        return { ...value, buffer: own, shape };
      }
      return { ...value, buffer: windowOf(buffer, 4 * from * each), shape };
    };
    return group.steps.flatMap((step, i) => {
      const { inputs, makes } = at(roles, i);
      const cut = {
        ...step,
        inputs: step.inputs.map((x, j) => part(x, at(inputs, j))),
        output: part(step.output, makes === "sum" ? "whole" : "rows"),
      };
      return lowerStep(cut, makes === "sum" && block > 0).map((instruction) => ({
        instruction,
        steps: [at(group.positions, i)],
      }));
    });
  }).flat();
}
