import type { Engine } from "../engines/engine.ts";
import { numericsOf } from "../engines/numerics.ts";
import type { Params } from "../nn/config.ts";
import type { Transformer } from "../nn/transformer.ts";
import { markerTokens } from "../tasks/study/marker.ts";
import { suiteOf } from "../tasks/study/suite.ts";
import { DataError } from "../tensor/errors.ts";
import { expectKnown } from "../tensor/options.ts";
import type { Every } from "../train/trainSteps.ts";
import { type Checkpoints, checkpointsInMemory } from "../weights/store.ts";
import { keysOf, studyData } from "./data.ts";
import { type Evaluator, evaluator } from "./look/evaluate.ts";
import { type Landmarks, landmarksOf } from "./look/landmarks.ts";
import { checkRare } from "./look/rare.ts";
import { type Student, watchRow } from "./look/watch.ts";
import type { Attempt, Measurement, Place, Progress, RowResult } from "./measurements.ts";
import { modelOf } from "./model.ts";
import {
  baseOf,
  isOfCheckpoint,
  type Recipe,
  referenceOf,
  sharedRows,
  weightsName,
} from "./recipe.ts";
import { retainedPrompts } from "./retained.ts";
import { judgeOf } from "./row/ownData.ts";
import { pretrain } from "./row/pretrain.ts";
import { paramsIn } from "./row/pretrained.ts";
import { checkpointName, pretrainingName } from "./row/pretrainingName.ts";
import { train } from "./row/train.ts";
import { keeperIn } from "./row/unfinished.ts";

/** Which seeds of a recipe `experiment` runs, and what it has of them already. */
export interface ExperimentOptions {
  /** `[0]` by default. */
  readonly seeds?: readonly number[];
  /** Rows of an earlier run that are kept; their weights are among the checkpoints. */
  readonly finished?: readonly Pick<RowResult, "seed" | "row">[];
  /** Where each row's weights go, as `seed-0/sft-3e-3`; in memory by default. */
  readonly checkpoints?: Checkpoints;
  /** Where finished pre-trainings are kept and found; in memory by default. */
  readonly pretrained?: Checkpoints;
  /** Where rows on their way are kept and found, as `seed-0/sft-3e-3`, until they are finished; by
   * default none is. */
  readonly unfinished?: Checkpoints;
  /** After which steps a row on its way is kept; after a minute by default. */
  readonly keepEvery?: Every;
  /** Seconds, from any origin. */
  readonly now?: () => number;
  /** Is shown every student that is looked at: at each probe and at the end of each outer step. It
   * changes no number. */
  readonly show?: (student: Student) => Promise<void>;
  /** Where it is computed: told with each row, and of no effect. */
  readonly place?: Place;
}

/**
 * Runs a study: for each seed, pre-trains the base or takes the checkpoint, then trains and evaluates the rows in order.
 * It may be stopped between any two measurements; called again with the rows that are finished, it
 * ends with the same numbers.
 * @throws DataError when a finished row's weights are not among the checkpoints, or the checkpoint that
 *   it is about not among the pre-trained bases
 */
export async function* experiment(
  engine: Engine,
  recipe: Recipe,
  options: ExperimentOptions = {},
): AsyncGenerator<Measurement, void> {
  expectKnown("experiment", options, [
    ...(["seeds", "finished", "checkpoints", "pretrained", "now", "show", "place"] as const),
    ...(["unfinished", "keepEvery"] as const),
  ]);
  const { seeds = [0], finished = [] } = options;
  const model = modelOf(recipe);
  const study: Study = {
    engine,
    recipe,
    model,
    evaluator: evaluator(engine, model, recipe),
    checkpoints: options.checkpoints ?? checkpointsInMemory(),
    pretrained: options.pretrained ?? checkpointsInMemory(),
    now: options.now ?? (() => performance.now() / 1000),
    show: options.show,
    place: options.place ?? {},
    unfinished: options.unfinished,
    keepEvery: options.keepEvery,
  };
  for (const seed of seeds) {
    const done = new Set(finished.filter((row) => row.seed === seed).map(({ row }) => row));
    yield* runSeed(study, seed, done);
  }
}

/** What all seeds share. */
interface Study {
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly model: Transformer;
  readonly evaluator: Evaluator;
  readonly checkpoints: Checkpoints;
  readonly pretrained: Checkpoints;
  readonly now: () => number;
  readonly show: ExperimentOptions["show"];
  readonly place: Place;
  readonly unfinished: Checkpoints | undefined;
  readonly keepEvery: Every | undefined;
}

async function* runSeed(
  study: Study,
  seed: number,
  done: ReadonlySet<string>,
): AsyncGenerator<Measurement, void> {
  const { engine, recipe, model, evaluator, checkpoints, now, show, unfinished } = study;
  const { vocabulary } = suiteOf(recipe.suite);
  const keys = keysOf(seed);
  const data = studyData(recipe, keys);
  const shared = sharedRows(recipe);
  const references = new Map<string, Params>();
  let base: Params | undefined;
  // Rows with the same p_sft mostly stand beside each other.
  let landmarks: { readonly by: string | undefined; readonly found: Landmarks } | undefined;
  for (const row of recipe.rows) {
    const name = weightsName(seed, row.id);
    if (done.has(row.id)) {
      if (shared.has(row.id)) references.set(row.id, await weightsOf(checkpoints, name));
      base ??= references.get(row.id);
      continue;
    }
    const start = now();
    base ??= yield* makeBase(study, seed);
    const making = now() - start;
    const { marker } = recipe.fineTuning;
    const knowsIt = !isOfCheckpoint(recipe) && recipe.pretraining.markerSeen;
    if (row === baseOf(recipe) && marker && !knowsIt)
      checkRare(
        data.marked,
        await evaluator.read(base, data.marked),
        markerTokens(marker, vocabulary),
        seed,
      );
    const by = referenceOf(recipe, row.id)?.id;
    const reference = by === undefined ? undefined : references.get(by);
    if (!landmarks || landmarks.by !== by)
      landmarks = { by, found: await landmarksOf(evaluator, recipe, data, base, reference) };
    const watch = watchRow(engine, {
      ...{ evaluator, vocabulary, landmarks: landmarks.found, reference, row, seed, now, show },
      about: { data, base },
    });
    const trainStart = now();
    const spent = (): number => making + now() - trainStart - watch.spent();
    const { params, before } = yield* train(engine, {
      ...{ model, row, base, reference, seed, watch, spent },
      keeper: unfinished && keeperIn(unfinished, name, { recipe, seed }),
      keepEvery: study.keepEvery ?? everyMinute(),
      recipe: recipe.fineTuning,
      data: data.training,
      replay: data.replay,
      retain: retainedPrompts(recipe, row, seed),
      key: keys.order,
      ...{ judge: judgeOf(recipe), vocabulary },
      probeEvery: recipe.evaluation.every,
    });
    const seconds = before + spent();
    if (shared.has(row.id)) references.set(row.id, params);
    await checkpoints.save(name, { tensors: params, metadata: {} });
    const result = await watch.evaluate(params);
    yield attemptOf(study, { seed, row: row.id, seconds });
    yield { kind: "row", seed, row: row.id, ...result };
    // Whoever follows has kept the row when it asks for more.
    await unfinished?.remove(name);
  }
}

/** Whether a minute has passed since the last time that it had. */
function everyMinute(): (step: number) => boolean {
  let last = performance.now();
  return () => {
    const isDue = performance.now() - last > 60_000;
    if (isDue) last = performance.now();
    return isDue;
  };
}

/** How a row came about. */
const attemptOf = (
  { engine, place }: Study,
  row: Pick<Attempt, "seed" | "row" | "seconds">,
): Attempt => ({
  ...{ kind: "attempt", ...row, backend: engine.backend, device: engine.description },
  ...{ numerics: numericsOf(engine), ...place },
});

async function* makeBase(study: Study, seed: number): AsyncGenerator<Progress, Params> {
  const { engine, model, recipe, pretrained } = study;
  if (isOfCheckpoint(recipe)) {
    const name = checkpointName(recipe.checkpoint);
    const weights = await pretrained.load(name);
    if (!weights)
      throw new DataError(`experiment: expected ${name} among the pre-trained bases, got none`);
    return paramsIn(weights, model.shapes, name);
  }
  const { steps } = recipe.pretraining;
  const training = pretrain(engine, {
    model,
    recipe,
    key: keysOf(seed).pretraining,
    cache: pretrained,
    name: await pretrainingName(recipe, seed, numericsOf(engine)),
  });
  for (;;) {
    const next = await training.next();
    if (next.done) return next.value;
    yield { kind: "progress", seed, stage: { kind: "pre-training" }, steps, ...next.value };
  }
}

async function weightsOf(checkpoints: Checkpoints, name: string): Promise<Params> {
  const weights = await checkpoints.load(name);
  if (!weights) throw new DataError(`experiment: expected the weights of ${name}, got none`);
  return weights.tensors;
}
