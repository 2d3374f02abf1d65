import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { BACKENDS, type Backend } from "../../engines/create.ts";
import { openPlaces, type Places, placeKnobs, placesHelp } from "../queue/places.ts";
import { describeKnobs, oneOf, readKnobs, text, whole } from "../terminal/knobs.ts";
import { MOST_THREADS } from "../terminal/start.ts";
import { UsageError } from "../terminal/usage.ts";

const DAY = 24 * 3600;

const knobs = {
  ...placeKnobs,
  concurrency: whole("jobs at a time (default: as many as cores)", 1, 256),
  threads: whole("threads of each job (default: cores / concurrency)", 1, MOST_THREADS),
  backend: oneOf("where to compute (default: wasm)", BACKENDS, "<name>"),
  lease: whole("seconds without a renewal after which others get a job (default: 600)", 1, DAY),
  renewal: whole("seconds between two renewals (default: a tenth of the lease)", 1, DAY),
  grace: whole("seconds that jobs may go on after SIGTERM (default: 25)", 0, DAY),
  keep: whole("seconds between two times that jobs on their way are stored (default: 300)", 1, DAY),
  idle: whole("end after so many seconds without a job (default: never)", 1, DAY),
  work: text("<folder>", "where weights of jobs lie meanwhile (default: a temporary folder)"),
};

export const workerUsage: string = `anchorgrad worker --queue <url> --store <place> [options]: runs rows of sweeps and fine-tunes that
others begin

On one machine
  npx anchorgrad sweep study --queue redis://head --store s3://runs
  npx anchorgrad finetune --recipe grid.json --queue redis://head --store s3://runs
On many others
  npx anchorgrad worker --queue redis://head --store s3://runs

It takes the jobs that fit its build, its CPU or GPU, and no others. Told to end (SIGTERM, Ctrl-C) it
takes no more, waits for those under way, and hands back what is not finished by then; whoever takes
one that was handed back, or whose worker has gone, comes to the same bits.

Options
${describeKnobs(knobs)}
${placesHelp}`;

/** What the command line asks for. */
export interface WorkerOptions extends Places {
  readonly concurrency: number;
  readonly engine: { readonly backend: Backend; readonly threads: number };
  /** Milliseconds. */
  readonly lease: number;
  readonly renewal: number;
  readonly grace: number;
  readonly keep: number;
  /** Undefined for a worker that waits for ever. */
  readonly idle: number | undefined;
  readonly work: string | undefined;
}

/** @throws UsageError, DataError */
export async function readWorkerOptions(
  args: readonly string[],
  folder: string,
): Promise<WorkerOptions> {
  const values = readKnobs(args, knobs);
  const places = await openPlaces(values, folder, process.env);
  if (!places)
    throw new UsageError("--queue: expected a queue's URL, or ANCHORGRAD_QUEUE, got none");
  const cores = availableParallelism();
  const { concurrency = cores, lease = 600, backend = "wasm", grace = 25, keep = 300 } = values;
  const renewal = values.renewal ?? lease / 10;
  if (renewal > lease / 2)
    throw new UsageError(
      `--renewal: expected at most half of --lease, ${lease / 2} s, got ${renewal}`,
    );
  const threads = values.threads ?? Math.max(1, Math.floor(cores / concurrency));
  return {
    ...places,
    ...{ concurrency, engine: { backend, threads } },
    ...{ lease: 1000 * lease, renewal: 1000 * renewal, grace: 1000 * grace },
    keep: 1000 * keep,
    idle: values.idle && 1000 * values.idle,
    work: values.work && resolve(folder, values.work),
  };
}
