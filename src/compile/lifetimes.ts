import type { Attrs, DType, PrimitiveName } from "../tensor/tensor.ts";
import { traits } from "../tensor/traits.ts";
import type { BufferKind, Plan, Step, Value } from "./plan.ts";

export interface MutableBuffer {
  kind: BufferKind;
  readonly elements: number;
  readonly dtype: DType;
  reuses?: number;
}

export interface MutableStep {
  readonly op: PrimitiveName;
  readonly attrs: Attrs<PrimitiveName>;
  readonly inputs: readonly Value[];
  readonly output: Value;
}

/** A plan before it is known where buffers die. */
export type Draft = Omit<Plan, "buffers" | "steps"> & {
  readonly buffers: readonly MutableBuffer[];
  readonly steps: readonly MutableStep[];
};

/**
 * Input buffers that a step's output may be written over if they die there: element i of the
 * output depends on nothing but their element i, or on what no other of them gives.
 */
export function overwritable({ op, inputs }: MutableStep): number[] {
  const { elementwise, whole, changes } = traits[op];
  const changed = changes === undefined ? undefined : inputs[changes]?.buffer;
  if (changed !== undefined)
    return inputs.filter(({ buffer }) => buffer === changed).length === 1 ? [changed] : [];
  return elementwise ? inputs.flatMap((x, i) => (whole.includes(i) ? [] : x.buffer)) : [];
}

/** Adds to a draft where each buffer dies and which donated input an output takes over. */
export function finish(draft: Draft): Plan {
  const { buffers, steps, donated } = draft;
  const lastUse = lastUses(draft);
  takeOver(draft, lastUse);
  const reused = new Set(buffers.flatMap((b) => b.reuses ?? []));
  const dying = (buffer: number): boolean =>
    buffers[buffer]?.kind === "temporary" || (donated.includes(buffer) && !reused.has(buffer));
  const frees = steps.map((): number[] => []);
  buffers.forEach((_, buffer) => {
    // A donated input that nothing reads dies with the last step.
    const at = lastUse.get(buffer) ?? steps.length - 1;
    if (dying(buffer)) frees[at]?.push(buffer);
  });
  return {
    ...draft,
    steps: steps.map((step, i): Step => ({ ...step, frees: frees[i] as number[] })),
  };
}

/** The last step that reads or writes each buffer. */
function lastUses({ steps }: Draft): Map<number, number> {
  const last = new Map<number, number>();
  steps.forEach((step, i) => {
    for (const { buffer } of [...step.inputs, step.output]) last.set(buffer, i);
  });
  return last;
}

/** Gives each output the memory of a donated input of its size that is dead when it is written. */
function takeOver({ buffers, steps, donated }: Draft, lastUse: ReadonlyMap<number, number>): void {
  const free = new Set(donated);
  const fits = (input: number, output: number): boolean =>
    buffers[input]?.elements === buffers[output]?.elements &&
    buffers[input]?.dtype === buffers[output]?.dtype;
  steps.forEach((step, i) => {
    const { buffer } = step.output;
    const output = buffers[buffer] as MutableBuffer;
    if (output.kind !== "output") return;
    const mayOverwrite = overwritable(step);
    const dead = (input: number): boolean => {
      const last = lastUse.get(input) ?? -1;
      return last < i || (last === i && mayOverwrite.includes(input));
    };
    const candidates = [...step.inputs.map((x) => x.buffer), ...free];
    const chosen = candidates.find((x) => free.has(x) && fits(x, buffer) && dead(x));
    if (chosen === undefined) return;
    output.reuses = chosen;
    free.delete(chosen);
  });
}
