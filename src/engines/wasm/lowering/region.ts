import type { Plan, Step, Value } from "../../../compile/plan.ts";
import { at, ofRank, sizeOf } from "../../../tensor/shapes.ts";
import { isStorageType } from "../../../tensor/storage/types.ts";
import { traits } from "../../../tensor/traits.ts";

/** How a step that goes row by row takes an operand: the same rows, or all of it. */
export type Part = "rows" | "whole";

/** The parts that a step reads, and what it makes: rows, or the sum of what each row adds. */
export interface Roles {
  readonly inputs: readonly Part[];
  readonly makes: "rows" | "sum";
}

/** Steps around matrices of `rows` that are too wide to be kept whole: logits over a large vocabulary
 * with their losses, their gradient and the products with it. Each can be computed for some rows at a
 * time, all steps for these before the next: what only they read is then held for those rows alone. */
export interface Region {
  /** Positions in the plan, in order. */
  readonly positions: readonly number[];
  readonly rows: number;
  readonly columns: number;
}

/** Bytes of a matrix from which on it is worth reading the weights once for each block of rows. */
const WIDE = 4 << 20;

/**
 * @param scalar whether a buffer repeats one number that kernels read instead
 * @returns undefined for a step that does not go through `rows` rows
 */
export function rolesOf(
  { op, attrs, inputs, output }: Step,
  rows: number,
  scalar: (buffer: number) => boolean,
): Roles | undefined {
  if (op === "matmul") {
    const { transposeA, transposeB } = attrs as Step<"matmul">["attrs"];
    const inner = at(inputs, 0).shape.at(transposeA ? -2 : -1);
    if (sizeOf(output.shape.slice(0, -2)) !== 1) return undefined;
    // Rows of codes are not found by counting floats.
    if (inputs.slice(0, transposeA ? 2 : 1).some((x) => isStorageType(x.dtype))) return undefined;
    if (transposeA)
      return transposeB || inner !== rows ? undefined : { inputs: ["rows", "rows"], makes: "sum" };
    return output.shape.at(-2) === rows ? { inputs: ["rows", "whole"], makes: "rows" } : undefined;
  }
  const apart = (x: Value) =>
    [1, x.shape.at(-1)].some((each) => sizeOf(x.shape) === rows * (each ?? 0));
  const { byRow, elementwise, whole } = traits[op];
  if (byRow && ![...inputs, output].every(apart)) return undefined;
  if (!byRow && (!elementwise || whole.length > 0)) return undefined;
  if (sizeOf(output.shape) % rows !== 0) return undefined;
  const parts = inputs.map(({ buffer }): Part => (scalar(buffer) ? "whole" : "rows"));
  return { inputs: parts, makes: "rows" };
}

/** Steps found to belong together, what they make, and the wide matrices among it. */
interface Growing {
  readonly rows: number;
  readonly columns: number;
  readonly positions: Set<number>;
  readonly made: Set<number>;
  readonly wide: Set<number>;
}

/**
 * The regions of a plan, from wide products to what reads them, as far as it goes row by row. Whether
 * the rest of the plan lets each be computed at once is not asked.
 */
export function regionsOf(plan: Plan, scalar: (buffer: number) => boolean): Region[] {
  const regions = new Set<Growing>();
  /** Wide matrices that are wanted whole. */
  const whole = new Set(plan.outputs.map(({ buffer }) => buffer));
  /** The region that each wide matrix belongs to. */
  const byWide = new Map<number, Growing>();
  const regionOf = (buffer: number) => byWide.get(buffer);
  plan.steps.forEach((step, i) => {
    // Most steps read nothing wide.
    if (!step.inputs.some(({ buffer }) => byWide.has(buffer))) {
      const seed = seedOf(step, i);
      if (seed) {
        regions.add(seed);
        byWide.set(step.output.buffer, seed);
      }
      return;
    }
    const read = step.inputs.map(({ buffer }) => regionOf(buffer));
    const [first, ...others] = new Set(read.filter((region) => region !== undefined));
    if (!first) return;
    const regionsRead = [first, ...others];
    const roles = rolesOf(step, first.rows, scalar);
    const alike = others.every((x) => x.rows === first.rows && x.columns === first.columns);
    // What is read whole must be there before the first block.
    const early = step.inputs.every(
      ({ buffer }, i) =>
        roles?.inputs[i] === "rows" || !regionsRead.some(({ made }) => made.has(buffer)),
    );
    if (!alike || !roles || !early) {
      for (const { buffer } of step.inputs) if (regionOf(buffer)) whole.add(buffer);
      return;
    }
    for (const other of others) {
      for (const position of other.positions) first.positions.add(position);
      for (const buffer of other.made) first.made.add(buffer);
      for (const buffer of other.wide) {
        first.wide.add(buffer);
        byWide.set(buffer, first);
      }
      regions.delete(other);
    }
    first.positions.add(i);
    first.made.add(step.output.buffer);
    const { rows, columns } = first;
    if (roles.makes === "rows" && sizeOf(step.output.shape) === rows * columns) {
      first.wide.add(step.output.buffer);
      byWide.set(step.output.buffer, first);
    }
  });
  return [...regions]
    .filter(({ positions }) => [...positions].some((i) => traits[at(plan.steps, i).op].byRow))
    .filter(({ wide }) => [...wide].some((buffer) => !whole.has(buffer)))
    .map(({ positions, rows, columns }) => ({
      ...{ rows, columns },
      positions: [...positions].sort((a, b) => a - b),
    }));
}

/** The region that a wide product begins. */
function seedOf(step: Step, position: number): Growing | undefined {
  const { op, attrs, output } = step;
  if (op !== "matmul" || (attrs as Step<"matmul">["attrs"]).transposeA) return undefined;
  if (isStorageType(at(step.inputs, 0).dtype)) return undefined;
  const [rows, columns] = ofRank(2, output.shape.slice(-2));
  if (4 * rows * columns < WIDE || sizeOf(output.shape) !== rows * columns) return undefined;
  const made = [output.buffer];
  return {
    rows,
    columns,
    positions: new Set([position]),
    made: new Set(made),
    wide: new Set(made),
  };
}
