import type { Engine } from "../../engines/engine.ts";
import type { Program } from "../../engines/program.ts";
import { type Measurement, stageText } from "../../experiment/measurements.ts";
import { isStepProgram } from "../../train/programs.ts";
import type { Figures } from "./protocol.ts";

type AnyProgram = Program<readonly unknown[], unknown>;

/** An engine that remembers the newest training step. */
export interface Watched {
  readonly engine: Engine;
  /** Of one micro-batch where steps take several. */
  step(): AnyProgram | undefined;
}

/** Watches what an engine compiles; what it computes stays the same. */
export function watch(engine: Engine): Watched {
  let step: AnyProgram | undefined;
  const compile = ((...args: Parameters<Engine["compile"]>) => {
    const program = engine.compile(...args);
    if (isStepProgram(program.name)) step = program as AnyProgram;
    return program;
  }) as Engine["compile"];
  return { engine: { ...engine, compile }, step: () => step };
}

/** Times training alone: what looks at the model in between is left out. */
export interface Stopwatch {
  /** The study goes on. */
  start(): void;
  /** Training rests, for somebody looks at the student. */
  rest(): void;
  /** A measurement came. */
  after(measurement: Measurement): Figures | undefined;
}

/** @param now milliseconds, from any origin */
export function createStopwatch({ engine, step: newest }: Watched, now: () => number): Stopwatch {
  /** What is counted from. */
  let from = { stage: "", step: 0, tokens: 0 };
  let begun = now();
  /** Milliseconds since then. */
  let trained = 0;
  let rests = true;
  const rest = (): void => {
    if (!rests) trained += now() - begun;
    rests = true;
  };
  return {
    start() {
      rests = false;
      begun = now();
    },
    rest,
    after(m) {
      // What a certificate takes is no training.
      if (m.kind === "certificate") rests = true;
      rest();
      if (m.kind !== "progress") return undefined;
      const step = newest();
      // Before a row's first figures, the row is prepared and its step compiled. Steps that are told
      // of before any was compiled were made with the base: nobody timed them.
      if (stageText(m.stage) !== from.stage || !step) {
        from = { stage: stageText(m.stage), step: m.step, tokens: m.tokens };
        trained = 0;
        return undefined;
      }
      return {
        memory: engine.memory(),
        tokensPerSecond: (1000 * (m.tokens - from.tokens)) / trained,
        stepTime: trained / (m.step - from.step),
        step: { ...step.stats() },
      };
    },
  };
}
