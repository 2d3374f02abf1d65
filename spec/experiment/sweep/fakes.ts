import fc from "fast-check";
import type { Attempt, Measurement, RowResult } from "../../../src/experiment/measurements.ts";
import type { Recipe, RowRecipe } from "../../../src/experiment/recipe.ts";
import { smokeRecipe } from "../../../src/experiment/recipes/smoke.ts";
import type { Job, Study } from "../../../src/experiment/sweep/plan.ts";
import {
  JobCancelled,
  type Scheduler,
  WorkerLost,
} from "../../../src/experiment/sweep/scheduler.ts";
import type { Files } from "../../../src/weights/store.ts";
import { otherScores } from "../summary/scores.ts";

const row = (id: string): RowRecipe => ({
  ...{ id, label: id, family: id, method: "sft", learningRate: 1e-3 },
});

/** A recipe of a base and `count` rows, of which the one at `reference` is p_sft. */
export const recipeOf = (name: string, count: number, reference: number, latent = 0): Recipe => {
  const rows = Array.from({ length: count }, (_, i) => row(`row-${i + 1}`));
  const pretraining = { ...smokeRecipe.pretraining, latent };
  return {
    ...{ ...smokeRecipe, name, pretraining },
    rows: [{ id: "base", label: "base", family: "base", method: "base" }, ...rows],
    reference: `row-${reference}`,
    headline: `row-${count}`,
  };
};

/** Up to three recipes, some of which share their pre-training, with up to three seeds. */
export const studies: fc.Arbitrary<Study[]> = fc
  .array(
    fc.record({
      rows: fc.integer({ min: 1, max: 5 }),
      reference: fc.integer({ min: 1, max: 5 }),
      latent: fc.constantFrom(0, 0.25),
      seeds: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((list) =>
    list.map(({ rows, reference, latent, seeds }, i) => ({
      recipe: recipeOf(`study-${i}`, rows, Math.min(rows, reference), latent),
      seeds,
    })),
  );

/** What a job would measure: numbers that depend on the job alone. */
export function measurementsOf({
  id,
  seed,
  row: of,
}: Pick<Job, "id" | "seed" | "row">): readonly [Measurement, Measurement, Attempt, RowResult] {
  const hash = [...id].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 1009, 7);
  const progress = (step: number): Measurement => ({
    kind: "progress",
    stage: of === "base" ? { kind: "pre-training" } : { kind: "row", id: of },
    ...{ seed, step, steps: 2 },
    ...{ loss: hash / step, tokens: 10 * step },
  });
  const result: RowResult = {
    kind: "row",
    ...otherScores,
    ...{ seed, row: of, target: hash / 1009, prior: { rev: hash / 2018 }, signOff: 0 },
    ...{ klFromBase: 0, klToBase: 0 },
  };
  const attempt: Attempt = {
    ...{ kind: "attempt", seed, row: of, seconds: hash, backend: "reference", device: "loops" },
    numerics: { class: "reference", version: 1 },
  };
  return [progress(1), progress(2), attempt, result];
}

export interface FakeOptions {
  readonly capacity: number;
  /** Decides which of the jobs under way goes on: an index, taken modulo their number. */
  readonly order: () => number;
  /** Ids of jobs that end with an error. */
  readonly failing?: ReadonlySet<string>;
  /** How often the place of a job is lost before it stays. */
  readonly losses?: ReadonlyMap<string, number>;
}

export type FakeScheduler = Scheduler & { readonly log: readonly string[]; closed: boolean };

/** A scheduler whose jobs advance in any order that `order` asks for. */
export function fakeScheduler({ capacity, order, failing, losses }: FakeOptions): FakeScheduler {
  const log: string[] = [];
  const left = new Map(losses);
  const cancelled = new Set<string>();
  const waiting: (() => void)[] = [];
  let planned = false;
  /** One job at a time goes on, whichever is drawn. */
  const draw = (): void => {
    if (planned || waiting.length === 0) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      waiting.splice(order() % waiting.length, 1)[0]?.();
      draw();
    });
  };
  const turn = (): Promise<void> =>
    new Promise((go) => {
      waiting.push(go);
      draw();
    });
  const scheduler: FakeScheduler = {
    capacity,
    log,
    closed: false,
    async *submit(job) {
      log.push(`begin ${job.id}`);
      const [first, ...rest] = measurementsOf(job);
      await turn();
      yield first as Measurement;
      await turn();
      if (cancelled.has(job.id)) throw new JobCancelled(job.id);
      const lost = left.get(job.id) ?? 0;
      if (lost > 0) {
        left.set(job.id, lost - 1);
        throw new WorkerLost("gone");
      }
      if (failing?.has(job.id)) throw new Error(`${job.id} cannot`);
      for (const m of rest) {
        yield m;
        await turn();
      }
      log.push(`end ${job.id}`);
    },
    cancel: async (job) => {
      cancelled.add(job.id);
    },
    close: async () => {
      scheduler.closed = true;
    },
  };
  return scheduler;
}

/** Files in memory. */
export function memoryFiles(): Files & { readonly contents: Map<string, string> } {
  const contents = new Map<string, string>();
  return {
    contents,
    read: async (path) => {
      const text = contents.get(path);
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
    write: async (path, content) => {
      contents.set(path, `${content}`);
    },
    remove: async (path) => {
      contents.delete(path);
    },
    removeFolder: async (path) => {
      for (const name of contents.keys()) if (name.startsWith(`${path}/`)) contents.delete(name);
    },
  };
}
