import type { Engine } from "../../engines/engine.ts";
import type { Program } from "../../engines/program.ts";
import type { Measurement } from "../../experiment/measurements.ts";
import type { Figures } from "./protocol.ts";

type AnyProgram = Program<readonly unknown[], unknown>;

/** An engine that remembers the newest program of a name. */
export interface Watched {
  readonly engine: Engine;
  program(name: string): AnyProgram | undefined;
}

/** Watches what an engine compiles; what it computes stays the same. */
export function watch(engine: Engine): Watched {
  const programs = new Map<string, AnyProgram>();
  const compile = ((...args: Parameters<Engine["compile"]>) => {
    const program = engine.compile(...args);
    programs.set(args[0].name, program as AnyProgram);
    return program;
  }) as Engine["compile"];
  return { engine: { ...engine, compile }, program: (name) => programs.get(name) };
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
export function createStopwatch({ engine, program }: Watched, now: () => number): Stopwatch {
  let last = { stage: "", step: 0, tokens: 0 };
  let begun = now();
  /** Since the last figures. */
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
      if (m.stage !== last.stage) last = { stage: m.stage, step: 0, tokens: 0 };
      const [steps, tokens] = [m.step - last.step, m.tokens - last.tokens];
      const milliseconds = trained;
      [last, trained] = [m, 0];
      const step = program("trainStep");
      // Steps that are told of before one was compiled were made with the base: nobody timed them.
      if (!step) return undefined;
      return {
        memory: engine.memory(),
        tokensPerSecond: (1000 * tokens) / milliseconds,
        stepTime: milliseconds / steps,
        step: { ...step.stats() },
      };
    },
  };
}
