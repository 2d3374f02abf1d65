import { createEngine } from "../../engines/create.ts";
import type { Engine } from "../../engines/engine.ts";
import { numericsOf } from "../../engines/numerics.ts";
import { experiment } from "../../experiment/experiment.ts";
import type { Student } from "../../experiment/look/watch.ts";
import type { Measurement, RowResult } from "../../experiment/measurements.ts";
import { weightsName } from "../../experiment/recipe.ts";
import {
  createRunIn,
  type RunConfig,
  type RunDirectory,
  reopenRunIn,
} from "../../experiment/runs/run.ts";
import { encodeSafetensors } from "../../weights/safetensors.ts";
import { checkpointsIn } from "../../weights/store.ts";
import { withBases } from "../bases/bases.ts";
import { addressOf, runPath, samplesOf, snapshotOf } from "../runs/places.ts";
import { samplesIn } from "../runs/samples.ts";
import type { Storage } from "../runs/storage.ts";
import type { Gate } from "./gate.ts";
import { createStopwatch, type Watched, watch } from "./instruments.ts";
import type { Assignment, Figures, Report, Sample } from "./protocol.ts";
import { answer, sampleQuestions } from "./samples.ts";

/** What a session works with. */
export interface Workplace {
  readonly storage: Storage;
  readonly gate: Gate;
  readonly tell: (report: Report) => void;
  readonly version: string;
}

/**
 * Carries an assignment out: the study of the command line, measurement by measurement, with its
 * files in the browser's storage.
 * @throws whatever the engine, the storage or the study throws; finished rows are kept
 */
export async function work(assignment: Assignment, place: Workplace): Promise<void> {
  const { threads, engine: backend } = assignment;
  const watched = watch(await createEngine({ backend, threads }));
  const { engine } = watched;
  try {
    const run = await openRun(assignment, engine, place);
    const { config } = run;
    const { reason } = engine;
    place.tell({ kind: "engine", config, reason, kept: place.storage.lasting });
    const ended = await follow(watched, run, assignment, place);
    await run.join();
    place.tell({ kind: ended ? "finished" : "stopped" });
  } finally {
    await engine.close();
  }
}

async function openRun(
  { name, fresh }: Assignment,
  engine: Engine,
  { storage, version }: Workplace,
): Promise<RunDirectory> {
  if (!fresh) return reopenRunIn(storage, runPath(name));
  const { recipe, seeds, address } = fresh;
  await storage.write(addressOf(name), address);
  const config: RunConfig = {
    ...{ recipe, seeds },
    backend: engine.backend,
    device: engine.description,
    numerics: numericsOf(engine),
    versions: { anchorgrad: version, browser: navigator.userAgent },
    started: new Date().toISOString(),
  };
  return createRunIn(storage, runPath(name), config);
}

/** Tells the page of a student on the host; its weights at the end of each outer step are kept. */
async function showStudent(
  { seed, row, outer, alpha, ended, params: tensors }: Student,
  name: string,
  { storage, tell }: Pick<Workplace, "storage" | "tell">,
): Promise<void> {
  const weights = encodeSafetensors({ tensors, metadata: {} });
  if (ended) await storage.write(snapshotOf(name, seed, row, outer), weights);
  tell({
    kind: "student",
    student: { row, outer, ...(alpha !== undefined && { alpha }), weights },
  });
}

/** What the rows of a run said so far. */
async function readSamples(
  storage: Storage,
  name: string,
): Promise<Record<string, readonly Sample[]>> {
  const bytes = await storage.read(samplesOf(name));
  return bytes ? { ...samplesIn(bytes, samplesOf(name)) } : {};
}

/** @returns whether the study came to its end */
async function follow(
  watched: Watched,
  run: RunDirectory,
  { name, scratch }: Assignment,
  { storage, gate, tell }: Workplace,
): Promise<boolean> {
  const { engine } = watched;
  const { recipe, seeds } = run.config;
  const [seed = 0] = seeds;
  const kept = checkpointsIn(storage, "pretraining");
  const stopwatch = createStopwatch(watched, () => performance.now());
  const { versions } = run.config;
  const measurements = experiment(engine, recipe, {
    ...{ seeds, place: { versions } },
    finished: run.measurements.filter((m): m is RowResult => m.kind === "row"),
    checkpoints: run.checkpoints,
    async show(student) {
      // Waits for the training that a GPU has still to do.
      const params = await engine.run(() => student.params);
      stopwatch.rest();
      await showStudent({ ...student, params }, name, { storage, tell });
    },
    pretrained: scratch ? kept : await withBases(kept, recipe, seed, engine),
  });
  const questions = sampleQuestions(recipe, seed);
  const samples = await readSamples(storage, name);

  async function look(m: Measurement, figures: Figures | undefined): Promise<void> {
    tell({ kind: "measurement", measurement: m });
    if (figures) tell({ kind: "figures", figures });
    if (m.kind !== "row") return;
    const weights = await run.checkpoints.load(weightsName(m.seed, m.row));
    if (!weights) return;
    const said = await answer(engine, recipe, weights.tensors, questions);
    samples[m.row] = said;
    await storage.write(samplesOf(name), JSON.stringify(samples));
    tell({ kind: "samples", row: m.row, samples: said });
  }

  for (;;) {
    if (!(await gate.pass())) {
      await measurements.return();
      return false;
    }
    stopwatch.start();
    const next = await measurements.next();
    if (next.done) return true;
    const figures = stopwatch.after(next.value);
    await run.record(next.value);
    await look(next.value, figures);
  }
}
