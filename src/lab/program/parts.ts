import type { Plan, Step } from "../../compile/plan.ts";
import { at } from "../../tensor/shapes.ts";

/** What a step of training is there for. */
export type Phase = "forward" | "backward" | "optimizer";

/** Where an input of a training step comes from. */
export interface InputOrigin {
  readonly role: "parameter" | "state" | "batch";
  /** Its path in that argument: a parameter's Hugging Face name. */
  readonly path: string;
}

export interface Place {
  readonly phase: Phase;
  /** The part of the model: "embedding", "layer 0, attention", …; "" where there is none. */
  readonly part: string;
}

/**
 * Finds what each step of a training step, (params, state, batch) → [params, state, …, loss], is there
 * for. What the loss needs is forward; what reads of that, or leads to what does, is backward; the
 * rest is the optimizer. The part is that of the parameter that a step reads or whose gradient it
 * makes, else of the forward value, else of what it reads last.
 * @param origins one for each input of the plan
 */
export function placesOf(plan: Plan, origins: readonly InputOrigin[]): Place[] {
  const phases = phasesOf(plan, origins);
  const parts: string[] = [];
  const maker = makersOf(plan);
  const gradients = gradientsOf(plan, origins, phases);
  plan.steps.forEach((step, i) => {
    parts.push(phases[i] === "optimizer" ? "" : partOf(step, i));
  });
  return phases.map((phase, i) => ({ phase, part: at(parts, i) }));

  function partOf({ inputs }: Step, i: number): string {
    const named = inputs.map(({ buffer }) => origins[buffer]).find((x) => x?.role === "parameter");
    if (named) return modelPart(named.path);
    const gradient = gradients.get(i);
    if (gradient !== undefined) return modelPart(gradient);
    const makers = inputs.flatMap(({ buffer }) => maker.get(buffer) ?? []);
    const forward = makers.filter((at) => phases[at] === "forward" && parts[at] !== "");
    const from = phases[i] === "backward" && forward.length > 0 ? forward : makers;
    const known = from.filter((at) => parts[at] !== "");
    return known.length > 0 ? at(parts, Math.max(...known)) : "";
  }
}

/** The step that makes each buffer. */
const makersOf = (plan: Plan): Map<number, number> =>
  new Map(plan.steps.map(({ output }, i) => [output.buffer, i]));

/** The buffer of the loss: what a whole step reports begins with it (`guardedUpdate`). */
function lossOf({ outputs, steps }: Plan, maker: ReadonlyMap<number, number>): number {
  const report = outputs.at(-1)?.buffer ?? -1;
  const made = steps[maker.get(report) ?? -1];
  return (made?.op === "concat" ? made.inputs[0]?.buffer : undefined) ?? report;
}

function phasesOf(plan: Plan, origins: readonly InputOrigin[]): Phase[] {
  const maker = makersOf(plan);
  const forward = new Set<number>();
  const loss = lossOf(plan, maker);
  const visit = (buffer: number): void => {
    const at = maker.get(buffer);
    if (at === undefined || forward.has(at)) return;
    forward.add(at);
    for (const input of plan.steps[at]?.inputs ?? []) visit(input.buffer);
  };
  visit(loss);
  const wanted = new Set<number>();
  const phases = plan.steps.map((): Phase => "optimizer");
  for (let i = plan.steps.length - 1; i >= 0; i--) {
    const { inputs, output } = at(plan.steps, i);
    const readsForward = inputs.some(
      ({ buffer }) =>
        origins[buffer]?.role === "batch" ||
        (buffer !== loss && forward.has(maker.get(buffer) ?? Number.NaN)),
    );
    if (forward.has(i)) phases[i] = "forward";
    else if (readsForward || wanted.has(output.buffer)) {
      phases[i] = "backward";
      for (const { buffer } of inputs) wanted.add(buffer);
    }
  }
  return phases;
}

/**
 * The parameter whose gradient a backward step makes: it goes on to the optimizer, in one shape,
 * until it meets its parameter.
 */
function gradientsOf(
  { steps }: Plan,
  origins: readonly InputOrigin[],
  phases: readonly Phase[],
): Map<number, string> {
  const elements = ({ shape }: Step["output"]): number => shape.reduce((a, b) => a * b, 1);
  const gradients = new Map<number, string>();
  steps.forEach(({ output }, i) => {
    if (phases[i] !== "backward") return;
    const flow = new Set([output.buffer]);
    for (const [j, step] of steps.entries()) {
      const carries = step.inputs.some(({ buffer }) => flow.has(buffer));
      if (j <= i || !carries || elements(step.output) !== elements(output)) continue;
      if (phases[j] !== "optimizer") return;
      const met = step.inputs.map(({ buffer }) => origins[buffer]);
      const parameter = met.find((origin) => origin?.role === "parameter");
      if (parameter) {
        gradients.set(i, parameter.path);
        return;
      }
      flow.add(step.output.buffer);
    }
  });
  return gradients;
}

/** The part of the model that a parameter belongs to, by its Hugging Face name. */
function modelPart(name: string): string {
  const [, layer, kind] = /layers\.(\d+)\.(\w+)/.exec(name) ?? [];
  if (kind === undefined) return /embed/.test(name) ? "embedding" : "head and loss";
  return `layer ${layer}, ${/attn|input_layernorm/.test(kind) ? "attention" : "feed-forward"}`;
}
