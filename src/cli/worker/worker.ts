import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { numericsName } from "../../engines/numerics.ts";
import { ROW } from "../../experiment/queue/rowJob.ts";
import { rowRunner } from "../../experiment/queue/rowRunner.ts";
import { requirementsOf } from "../../experiment/sweep/scheduler.ts";
import { FINETUNE } from "../../finetune/queue/finetuneJob.ts";
import { finetuneRunner } from "../../finetune/queue/finetuneRunner.ts";
import { queueName } from "../../queue/address.ts";
import { openReceiver, type ReceivedJob, type Receiver } from "../../queue/receiver.ts";
import { visible } from "../../report/escape.ts";
import { duration } from "../../report/format.ts";
import { DataError } from "../../tensor/errors.ts";
import { removeUnfinished } from "../../weights/files.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { describeMachine } from "../terminal/machine.ts";
import { startEngine } from "../terminal/start.ts";
import { ownVersions } from "../terminal/version.ts";
import { readWorkerOptions, type WorkerOptions, workerUsage } from "./options.ts";

/** `head-4711-9f3a`: no two workers have one name, were they in containers of one image. */
const ownName = (): string =>
  `${
    hostname()
      .replaceAll(/[^A-Za-z0-9]+/g, "-")
      .slice(0, 60) || "worker"
  }-${process.pid}-${randomBytes(3).toString("hex")}`.replace(/^-+/, "");

async function run(args: readonly string[], terminal: Terminal): Promise<boolean> {
  const { folder, signal } = terminal;
  const options = await readWorkerOptions(args, folder);
  const engine = await startEngine(options.engine, signal);
  if (!engine) return false;
  const requires = requirementsOf(engine);
  const { description } = engine;
  await engine.close();
  const name = ownName();
  const queue = queueName(numericsName(requires.numerics), requires.gpu);
  const work = options.work ?? (await mkdtemp(join(tmpdir(), "anchorgrad-worker-")));
  // What a worker was killed at in a folder that is kept.
  await removeUnfinished(work);
  const { address, store, concurrency, lease, renewal, grace } = options;
  const place = { machine: describeMachine(), versions: await ownVersions() };
  const { numerics } = requires;
  const common = { store, engine: options.engine, numerics, work, name, keepEvery: options.keep };
  const rows = rowRunner({ ...common, concurrency, place });
  const finetunes = finetuneRunner({ ...common, ...place });
  try {
    const receiver = await openReceiver({
      ...{ address, queue, name, concurrency, lease, renewal },
      run: told(terminal, (job) => {
        if (job.data.kind === ROW) return rows.run(job);
        if (job.data.kind === FINETUNE) return finetunes.run(job);
        throw new DataError(
          `job ${job.key}: expected the kind ${ROW} or ${FINETUNE}, got ${job.data.kind}`,
        );
      }),
      warn: ({ message }) => terminal.err.write(`queue: ${visible(message)}\n`),
    });
    terminal.out.write(
      `anchorgrad: the worker ${name}, ${description}; ${queue} at ${address.name}, ${store.name}; ${concurrency} at a time\n`,
    );
    await until(receiver, options, signal);
    if (receiver.running > 0)
      terminal.out.write(`ends; waits up to ${duration(grace / 1000)} for ${receiver.running}\n`);
    await receiver.close(grace);
    return true;
  } finally {
    await rows.close();
    if (options.work === undefined) await rm(work, { recursive: true, force: true });
  }
}

/** A line when a job begins, and one when it ends here, however that is. */
const told =
  ({ out }: Terminal, serve: (job: ReceivedJob) => Promise<void>) =>
  async (job: ReceivedJob): Promise<void> => {
    const start = performance.now();
    const say = (mark: string, more = ""): void => {
      const seconds = duration((performance.now() - start) / 1000);
      out.write(`${mark} ${visible(job.label)}  ${seconds}${more && `: ${visible(more)}`}\n`);
    };
    out.write(`→ ${visible(job.label)}\n`);
    try {
      await serve(job);
      say("✓");
    } catch (error) {
      const reason = job.signal.aborted ? job.signal.reason : error;
      say(job.signal.aborted ? "–" : "✗", reason instanceof Error ? reason.message : `${reason}`);
      throw error;
    }
  };

/** Waits for the signal, or until there has been nothing to do for long enough. */
function until(receiver: Receiver, { idle }: WorkerOptions, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!signal.aborted && (idle === undefined || receiver.idle() < idle)) return;
      clearInterval(timer);
      resolve();
    };
    const timer = setInterval(look, 500);
    signal.addEventListener("abort", look, { once: true });
    look();
  });
}

export const worker: Command = { usage: workerUsage, run };
