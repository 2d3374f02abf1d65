import { at, got } from "../tensor/shapes.ts";
import type { DType } from "../tensor/tensor.ts";
import { traits } from "../tensor/traits.ts";
import type { BufferKind, Plan, Step } from "./plan.ts";

export interface MutableBuffer {
  kind: BufferKind;
  readonly elements: number;
  readonly dtype: DType;
  reuses?: number;
}

export type DraftStep = Omit<Step, "frees">;

/** A plan before it is known where buffers die. */
export type Draft = Omit<Plan, "buffers" | "steps"> & {
  readonly buffers: readonly MutableBuffer[];
  readonly steps: readonly DraftStep[];
};

/**
 * Input buffers that a step's output may be written over if they die there: element i of the
 * output depends on nothing but their element i, or on what no other of them gives.
 */
function overwritable({ op, inputs }: DraftStep): number[] {
  const { elementwise, whole, changes } = traits[op];
  const changed = changes === undefined ? undefined : inputs[changes]?.buffer;
  if (changed !== undefined)
    return inputs.filter(({ buffer }) => buffer === changed).length === 1 ? [changed] : [];
  return elementwise ? inputs.flatMap((x, i) => (whole.includes(i) ? [] : x.buffer)) : [];
}

const NONE: readonly number[] = [];

/** Adds to a draft where each buffer dies and which donated input an output takes over. */
export function finish(draft: Draft): Plan {
  const { buffers, steps, donated } = draft;
  const lastUse = lastUses(draft);
  takeOver(draft, lastUse);
  const reused = new Set(buffers.flatMap((b) => b.reuses ?? []));
  const given = new Set(donated);
  const dying = (buffer: number): boolean =>
    buffers[buffer]?.kind === "temporary" || (given.has(buffer) && !reused.has(buffer));
  const frees: (number[] | undefined)[] = [];
  for (let buffer = 0; buffer < buffers.length; buffer++) {
    if (!dying(buffer)) continue;
    // A donated input that nothing reads dies with the last step.
    const step = lastUse[buffer] ?? steps.length - 1;
    const known = frees[step];
    if (known) known.push(buffer);
    else frees[step] = [buffer];
  }
  return {
    ...draft,
    // Named one by one: objects made by spreading have no shape that the host's compiler knows them by.
    steps: steps.map(({ op, attrs, inputs, output }, i): Step => {
      const freed = frees[i] ?? NONE;
      return { op, attrs, inputs, output, frees: freed };
    }),
  };
}

/** The last step that reads or writes each buffer. */
type LastUses = readonly (number | undefined)[];

function lastUses({ buffers, steps }: Draft): LastUses {
  const last = new Array<number | undefined>(buffers.length).fill(undefined);
  for (let i = 0; i < steps.length; i++) {
    const { inputs, output } = at(steps, i);
    for (const { buffer } of inputs) last[buffer] = i;
    last[output.buffer] = i;
  }
  return last;
}

/** Gives each output the memory of a donated input of its size that is dead when it is written. */
function takeOver({ buffers, steps, donated }: Draft, lastUse: LastUses): void {
  const rankOf = new Map(donated.map((buffer, rank) => [buffer, rank]));
  const free = new Set(donated);
  const kindOf = (buffer: number): string => {
    const { elements, dtype } = at(buffers, buffer);
    return `${dtype} ${elements}`;
  };
  /** Ranks of donated inputs that no later step reads, by what they hold, in order. */
  const dead = new Map<string, number[]>();
  const die = (buffer: number): void => {
    if (!free.has(buffer)) return;
    const ranks = dead.get(kindOf(buffer)) ?? [];
    const rank = got(rankOf, buffer);
    const index = ranks.findIndex((other) => other >= rank);
    if (ranks[index] === rank) return;
    ranks.splice(index < 0 ? ranks.length : index, 0, rank);
    dead.set(kindOf(buffer), ranks);
  };
  for (const buffer of donated) if (lastUse[buffer] === undefined) die(buffer);
  steps.forEach((step, i) => {
    const { buffer } = step.output;
    const output = at(buffers, buffer);
    if (output.kind === "output") {
      const kind = kindOf(buffer);
      const dies = (x: number): boolean => free.has(x) && lastUse[x] === i && kindOf(x) === kind;
      const chosen = overwritable(step).find(dies) ?? donated[dead.get(kind)?.shift() ?? -1];
      if (chosen !== undefined) {
        output.reuses = chosen;
        free.delete(chosen);
      }
    }
    for (const x of step.inputs) if (lastUse[x.buffer] === i) die(x.buffer);
  });
}
