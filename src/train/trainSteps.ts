import type { Engine } from "../engines/engine.ts";
import type { Program } from "../engines/program.ts";
import type { Params } from "../nn/config.ts";
import type { Optimizer, TensorTree } from "../optim/optimizer.ts";
import { expectOptimizer } from "../optim/settings.ts";
import { full } from "../tensor/apply.ts";
import { valueAndGrad } from "../tensor/grad.ts";
import { answered, expectKnown, shown } from "../tensor/options.ts";
import { at } from "../tensor/shapes.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Batch } from "./batches.ts";
import { guardedUpdate, heard, type Stepped, TrainingError } from "./guard.ts";
import { stepPrograms } from "./programs.ts";
import { total } from "./totals.ts";

/** A batch with what a method looks at beside it. */
export type TrainingBatch = Batch & {
  /** What the student is compared with, [B, T, V], or [B, T, 1] at labels alone. */
  readonly target?: Tensor;
  /** [B, T], a factor of each token's term. */
  readonly scale?: Tensor;
  /** [B, T], 1 at the tokens of prior examples. */
  readonly replayed?: Tensor;
  /** The parameters that training started from. */
  readonly base?: Params;
  /** How much each of them matters. */
  readonly fisher?: Params;
};

/** What one optimizer step of `trainSteps` came to. */
export interface StepMeasurement {
  readonly kind: "step";
  /** Steps done, this one included. */
  readonly step: number;
  /** Of the batch, before the step; nats a token for the losses of this package. */
  readonly loss: number;
  /** Euclidean norm of all gradients, before they are clipped. */
  readonly gradientNorm: number;
  /** Positions that the model went through, padding included. */
  readonly tokens: number;
  /** Tokens that the loss counted. */
  readonly responseTokens: number;
}

/** Where training stands. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  readonly params: Params;
  /** The optimizer's. */
  readonly state: TensorTree;
}

/** A copy on the host, from which training goes on as if it had never stopped. */
export interface Checkpoint extends TrainingState {
  readonly kind: "checkpoint";
}

/** A look at training between two steps. */
export interface TrainingProbe {
  readonly kind: "probe";
  /** Steps done. */
  readonly step: number;
  /** Resident, and the trainer's: the next step consumes them, so look before asking for more. */
  readonly params: Params;
}

/** Resident tensors, the receiver's. */
export interface TrainingEnd extends TrainingState {
  readonly kind: "end";
}

/** Every so many steps, or after the steps (done so far) that a function chooses. */
export type Every = number | ((step: number) => boolean);

type Batches = Iterable<TrainingBatch> | AsyncIterable<TrainingBatch>;

export interface TrainingRun {
  /** In order; or made of the parameters as they stand when a batch is asked for, which the next step
   * consumes. */
  readonly batches: Batches | ((params: () => Params) => Batches);
  /** Losses are read back together, every so many steps, so that the device need not wait; 1 by
   * default. */
  readonly readEvery?: number;
  /** A checkpoint after every so many steps, or after those for which the function says so; none by
   * default. */
  readonly checkpointEvery?: Every;
  /** A probe after every so many steps; 0, none, by default. */
  readonly probeEvery?: number;
}

/** What a run yields, in order. */
export type TrainingMeasurement = StepMeasurement | TrainingProbe | Checkpoint | TrainingEnd;

/** A training run whose loss, batches and optimizer are one's own. */
export interface TrainStepsOptions extends TrainingRun {
  /** A scalar from parameters and a batch. */
  readonly loss: (params: Params, batch: TrainingBatch) => Tensor;
  readonly optimizer: Optimizer;
  /** Not consumed. */
  readonly params: Params;
  /** The optimizer's state to go on from, together with `step`; a fresh one by default. */
  readonly state?: TensorTree;
  /** Steps done before; the first batch is that of the next one. 0 by default. */
  readonly step?: number;
}

/**
 * Gradient descent over a stream of batches.
 * @returns measurements: each step's in order (a little after it was dispatched), probes,
 *   checkpoints, and at last the end with the parameters
 * @throws TrainingError (a RangeError) when a loss, a gradient or a learning rate is not finite, naming
 *   the step and the parameter, or when a step cannot be computed; with the state before that step;
 *   TypeError, RangeError for options that cannot be
 */
export async function* trainSteps(
  engine: Engine,
  options: TrainStepsOptions,
): AsyncGenerator<TrainingMeasurement, void> {
  expectKnown("trainSteps", options, [
    ...(["loss", "optimizer", "params", "batches", "state", "step"] as const),
    ...(["readEvery", "checkpointEvery", "probeEvery"] as const),
  ]);
  const { params, state, step = 0 } = options;
  const { loss, optimizer } = options;
  expectRun(options);
  const trainer = createTrainer(engine, optimizer, compileStep(engine, loss, optimizer));
  const start =
    state === undefined
      ? await trainer.start(params)
      : { step, params: engine.clone(params), state: engine.clone(state) };
  yield* trainer.run({ ...start, step }, options);
}

/** @throws TypeError, RangeError naming what cannot be */
function expectRun(options: TrainStepsOptions): void {
  const { loss, optimizer, params, batches } = options;
  const { step = 0, readEvery = 1, probeEvery = 0, checkpointEvery = Infinity } = options;
  if (typeof loss !== "function")
    throw new TypeError(`trainSteps: expected a loss of parameters and a batch, got ${loss}`);
  expectOptimizer("trainSteps", optimizer);
  if (typeof params !== "object" || params === null)
    throw new TypeError(`trainSteps: expected params, got ${params}`);
  if (
    typeof batches !== "function" &&
    typeof Object(batches)[Symbol.iterator] !== "function" &&
    typeof Object(batches)[Symbol.asyncIterator] !== "function"
  )
    throw new TypeError(`trainSteps: expected batches one after the other, got ${shown(batches)}`);
  const every = typeof checkpointEvery === "function" ? Infinity : checkpointEvery;
  const least = {
    step: [step, 0],
    readEvery: [readEvery, 1],
    probeEvery: [probeEvery, 0],
    checkpointEvery: [every === Infinity ? 1 : every, 1],
  } as const;
  for (const [name, [value, from]] of Object.entries(least))
    if (!(Number.isInteger(value) && value >= from))
      throw new RangeError(`trainSteps: expected ${name} to be an integer ≥ ${from}, got ${value}`);
}

/** One compiled step, and loops over it. */
export interface Trainer {
  /** A copy of the parameters and a fresh optimizer state, on the device. */
  start(params: Params): Promise<TrainingState>;
  /** The same parameters with a fresh optimizer state; consumes the old one. */
  restart(from: TrainingState): Promise<TrainingState>;
  /** Consumes the state that it starts from. */
  run(from: TrainingState, run: TrainingRun): AsyncGenerator<TrainingMeasurement, void>;
}

/** A training step, which consumes parameters and optimizer state; see `guardedUpdate`. */
export type Step = (
  params: Params,
  state: TensorTree,
  batch: TrainingBatch,
  sound: Tensor,
) => Promise<Stepped>;

/** Compiles the step that takes a batch at a time. */
export function compileStep(
  engine: Engine,
  loss: TrainStepsOptions["loss"],
  optimizer: Optimizer,
): Program<Parameters<Step>, Stepped> {
  return compileGradientStep(engine, valueAndGrad(loss), optimizer);
}

/** The same of a gradient that need not be a loss's own. */
export function compileGradientStep(
  engine: Engine,
  gradient: (params: Params, batch: TrainingBatch) => [value: Tensor, gradient: Params],
  optimizer: Optimizer,
): Program<Parameters<Step>, Stepped> {
  return engine.compile(
    (params: Params, state: TensorTree, batch: TrainingBatch, sound: Tensor) =>
      guardedUpdate(optimizer, [params, state], gradient(params, batch), sound),
    { name: stepPrograms.whole, donate: [0, 1] },
  );
}

/** Loops over a step that was compiled once for all runs. */
export function createTrainer(engine: Engine, optimizer: Optimizer, step: Step): Trainer {
  const init = engine.compile(function init(params: Params) {
    return optimizer.init(params);
  });
  return {
    start: async (params) => {
      const own = engine.clone(params);
      return { step: 0, params: own, state: await init(own) };
    },
    restart: async ({ step, params, state }) => {
      engine.release(state);
      return { step, params, state: await init(params) };
    },
    run: (from, run) => runSteps(engine, step, from, run),
  };
}

async function* runSteps(
  engine: Engine,
  trainStep: Step,
  from: TrainingState,
  { batches, readEvery = 1, checkpointEvery = Infinity, probeEvery = 0 }: TrainingRun,
): AsyncGenerator<TrainingMeasurement, void> {
  let { step, params, state } = from;
  let sound: Tensor = full([], 1);
  const unread: (ReturnType<typeof sizesOf> & { step: number; report: Tensor })[] = [];

  async function* read(count: number): AsyncGenerator<StepMeasurement, void> {
    const ready = unread.splice(0, count);
    const reports = await engine.read(ready.map(({ report }) => report));
    engine.release(ready.map(({ report }) => report));
    for (const [i, { report: _, ...rest }] of ready.entries()) {
      const { fault, tensor, ...numbers } = heard(at(reports, i), params);
      // From the step at fault on nothing has changed.
      if (fault !== undefined) {
        const last = { step: rest.step - 1, params, state };
        throw new TrainingError(`trainSteps: ${fault} at step ${rest.step}`, { last, tensor });
      }
      yield { kind: "step", ...rest, ...numbers };
    }
  }

  async function next(batch: TrainingBatch): Promise<void> {
    let report: Tensor;
    const before = sound;
    try {
      [params, state, sound, report] = await trainStep(params, state, batch, before);
      engine.release(before);
    } catch (cause) {
      if (!isAlive(engine, [params, state]) || step === from.step) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      const last = { step, params, state };
      throw new TrainingError(`trainSteps: step ${step + 1} failed: ${why}`, { last, cause });
    }
    step++;
    unread.push({ step, ...sizesOf(batch), report });
  }

  for await (const batch of typeof batches === "function" ? batches(() => params) : batches) {
    await next(batch);
    // The newest loss is left for later: reading it now would wait for the device. Steps are counted
    // from the first, not from the last look, so that what is told of a step is never late.
    if (unread.length > 1 && (step - 1) % readEvery === 0) yield* read(unread.length - 1);
    if (probeEvery > 0 && step % probeEvery === 0) {
      yield* read(unread.length);
      yield { kind: "probe", step, params };
    }
    if (isDue(checkpointEvery, step)) {
      yield* read(unread.length);
      yield { kind: "checkpoint", step, ...(await hostCopy(engine, { params, state })) };
    }
  }
  yield* read(unread.length);
  engine.release(sound);
  yield { kind: "end", step, params, state };
}

const isDue = (every: Every, step: number): boolean =>
  typeof every === "number" ? step % every === 0 : answered("checkpointEvery", every(step));

/** Resident tensors on the host. */
export async function hostCopy<T extends object>(engine: Engine, values: T): Promise<T> {
  return (await engine.run((): unknown => values)) as T;
}

function sizesOf({ mask }: TrainingBatch): { tokens: number; responseTokens: number } {
  return { tokens: mask.data.length, responseTokens: total(mask.data) };
}

/** Whether nobody has consumed these tensors. */
function isAlive(engine: Engine, values: unknown): boolean {
  try {
    engine.put(values);
    return true;
  } catch {
    return false;
  }
}
