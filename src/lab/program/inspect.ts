import { fineTune } from "../../anchored/fineTune.ts";
import type { Method } from "../../anchored/objectives/methods.ts";
import type { Plan } from "../../compile/plan.ts";
import { type Backend, createEngine } from "../../engines/create.ts";
import type { KernelText } from "../../engines/device.ts";
import type { Engine } from "../../engines/engine.ts";
import type { ProgramStats } from "../../engines/program.ts";
import { keysOf, studyData } from "../../experiment/data.ts";
import { modelOf } from "../../experiment/model.ts";
import type { Recipe } from "../../experiment/recipe.ts";
import { eos } from "../../tasks/study/vocabulary.ts";
import { key } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import * as tree from "../../tensor/tree.ts";
import { isStepProgram, stepPrograms } from "../../train/programs.ts";
import { launchesOf } from "./launches.ts";
import { type Execution, type Listing, listingOf } from "./listing.ts";
import type { InputOrigin } from "./parts.ts";
import { timedInWasm } from "./wasmTimes.ts";

/** A training step to take apart. */
export interface Inquiry {
  readonly recipe: Recipe;
  readonly method: Method;
  readonly backend: Backend;
  /** Steps to train and time, fewer where they take long. */
  readonly repeats: number;
  /** Examples that the device holds at a time; a step's share for so many is taken apart. */
  readonly microBatchSize?: number;
}

/** Steps before the clock counts: kernels are compiled, memory grows. */
const WARM_UP = 3;

/**
 * Timed steps take so long together, ms, or are no more than three: a software GPU keeps people
 * waiting.
 */
const PATIENCE = 1000;
const FEWEST = 3;

/** The study's. */
const REPLAY_SHARE = 0.25;

/**
 * Trains a few steps of a recipe and takes the training step apart: the very program that
 * fine-tuning runs.
 * @throws Error when the engine cannot start here
 */
export async function inspect(inquiry: Inquiry): Promise<Listing> {
  const { recipe, method, backend, repeats, microBatchSize } = inquiry;
  await using engine = await createEngine({ backend });
  const caught = catchStep(engine);
  const model = modelOf(recipe);
  const { fineTuning } = recipe;
  const { batchSize, learningRate, warmup, b1, b2, weightDecay, clip } = fineTuning;
  const { training, replay } = studyData(recipe, keysOf(0));
  const steps = WARM_UP + repeats;
  const run = fineTune(caught.engine, {
    ...{ model, method, batchSize, learningRate, warmup, b1, b2, weightDecay, clip },
    base: model.init(key(0)),
    reference: model.init(key(1)),
    // The same batch every time: one shape, one plan.
    data: training.slice(0, batchSize),
    epochs: steps,
    key: key(2),
    ...(method === "replay" && { replay, replayShare: REPLAY_SHARE }),
    ...(microBatchSize !== undefined && { microBatchSize }),
    ...{ certified: 0, stopToken: eos },
  });
  const times: number[] = [];
  const isEnough = (): boolean => {
    const timed = times.slice(WARM_UP);
    const total = timed.reduce((sum, time) => sum + time, 0);
    return timed.length >= repeats || (timed.length >= FEWEST && total > PATIENCE);
  };
  let last = performance.now();
  for await (const m of run) {
    const now = performance.now();
    if (m.kind === "step") times.push(now - last);
    last = now;
    if (isEnough()) break;
  }
  const { name, plan, figures, sources, args } = caught.found();
  const stepTime = median(times.slice(WARM_UP));
  const origins = originsOf(args, rolesIn(name));
  const device = { backend: engine.backend, device: engine.description, stepTime, figures };
  const execution: Execution =
    engine.backend === "wasm"
      ? {
          ...device,
          ...(await timedInWasm(plan, tree.flatten(args).leaves, Math.ceil(repeats / 2))),
        }
      : { ...device, ...launchesOf(plan, sources, engine.backend) };
  return listingOf(plan, origins, execution);
}

interface Caught {
  readonly name: string;
  readonly plan: Plan;
  readonly figures: ProgramStats;
  readonly sources: readonly KernelText[];
  /** Parameters, state and batch of the first call, on the host. */
  readonly args: readonly tree.Tree<Tensor<"constant">>[];
}

/** Watches for the training step; what the engine computes stays the same. */
function catchStep(engine: Engine): { readonly engine: Engine; found(): Caught } {
  let caught: (() => Caught) | undefined;
  const compile = ((...compiled: Parameters<Engine["compile"]>) => {
    const program = engine.compile(...compiled);
    if (!isStepProgram(program.name)) return program;
    const run = program as unknown as (...given: unknown[]) => Promise<unknown>;
    let args: Caught["args"] | undefined;
    const call = async (...given: unknown[]): Promise<unknown> => {
      args ??= (await engine.run(() => given)) as unknown as Caught["args"];
      return run(...given);
    };
    caught = () => ({
      name: program.name,
      plan: at(program.plans(), 0),
      figures: program.stats(),
      sources: program.sources(),
      args: args as Caught["args"],
    });
    return Object.assign(call, program);
  }) as Engine["compile"];
  return {
    engine: { ...engine, compile },
    found() {
      if (caught) return caught();
      throw new Error("inspect: expected fine-tuning to compile a training step");
    },
  };
}

/** What the arguments of a step's program are. */
const rolesIn = (program: string): readonly InputOrigin["role"][] =>
  program === stepPrograms.microBatch
    ? ["state", "parameter", "batch"]
    : ["parameter", "state", "batch"];

const originsOf = (args: Caught["args"], roles: ReturnType<typeof rolesIn>): InputOrigin[] =>
  args.flatMap((arg, i) =>
    tree
      .entries<Tensor>(arg as tree.Tree<Tensor>)
      .map(([path]) => ({ role: roles[i] ?? "batch", path })),
  );

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
