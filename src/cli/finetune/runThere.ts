import { numericsName } from "../../engines/numerics.ts";
import { type Requirements, requirementsOf } from "../../experiment/sweep/scheduler.ts";
import { linesOf } from "../../finetune/files/directory.ts";
import type { FinetuneProgress } from "../../finetune/queue/protocol.ts";
import { type RemoteRuns, RunsLeft, remoteRuns } from "../../finetune/queue/remoteRuns.ts";
import type { FinetuneRecipe } from "../../finetune/recipe.ts";
import { writeReport } from "../../finetune/report/index.ts";
import { endedRuns } from "../../logs/endedRuns.ts";
import { settingsIn } from "../../logs/log.ts";
import { queueName } from "../../queue/address.ts";
import { openSender } from "../../queue/sender.ts";
import { visible } from "../../report/escape.ts";
import { nats, percent } from "../../report/format.ts";
import type { Terminal } from "../terminal/command.ts";
import { startEngine } from "../terminal/start.ts";
import { logEvent } from "./logging.ts";
import type { GroupOptions, Make, Planned } from "./runs.ts";

/** Makes runs on workers of a queue; stopped, it leaves them what was enqueued. */
export const runThere: Make = async (runs, options, terminal, ended) => {
  const { signal, err } = terminal;
  const failed: { run: string; error: Error }[] = [];
  const opened = new Map<string, Opened>();
  const close = (): Promise<unknown> =>
    Promise.all([...opened.values()].map(({ remote }) => remote.close()));
  const line = progressLine(runs.length, terminal);
  const { logging, group } = options;
  const { trackers, about } = logging;
  const logs = endedRuns(trackers, "the grid", line.say);
  try {
    for (const { recipe } of runs) {
      if (opened.has(recipe.backend)) continue;
      const made = await openFor(recipe, options, terminal, line.progress);
      if (!made) return { failed, stopped: true };
      opened.set(recipe.backend, made);
    }
    signal.addEventListener("abort", close, { once: true });
    const make = async (run: Planned): Promise<void> => {
      const there = opened.get(run.recipe.backend);
      if (!there || signal.aborted) return;
      const recipe: FinetuneRecipe = { ...run.recipe, backend: there.backend };
      try {
        const isNew = await there.remote.make({ ...run, recipe });
        await options.claimed?.check();
        if (isNew) {
          await writeReport(run.out);
          const lines = await linesOf(run.out);
          const logged = { group, name: run.id, ...about, settings: settingsIn(recipe) };
          logs.add(logged, async (log) => {
            for (const one of lines) await logEvent(log, one);
          });
        }
        line.end();
        await ended(run);
      } catch (error) {
        if (error instanceof RunsLeft || signal.aborted) return;
        line.end();
        failed.push({ run: run.id, error: error instanceof Error ? error : new Error(`${error}`) });
      }
    };
    await Promise.all(runs.map(make));
    if (signal.aborted) err.write("Stopped. What was enqueued goes on elsewhere.\n");
    return { failed, stopped: signal.aborted };
  } finally {
    line.close();
    signal.removeEventListener("abort", close);
    await close();
    await logs.end();
  }
};

/** Workers of a backend, as a queue reaches them. */
interface Opened {
  readonly backend: FinetuneRecipe["backend"];
  readonly remote: RemoteRuns;
}

/** An engine is started here once: what `auto` finds is part of what the numbers depend on. */
async function openFor(
  { backend: asked }: FinetuneRecipe,
  { places, modelFolder, threads }: GroupOptions,
  { folder, signal, err, out }: Terminal,
  told: (id: string, progress: FinetuneProgress) => void,
): Promise<Opened | undefined> {
  if (!places) throw new TypeError("runThere: expected a queue and a store, got none");
  const wanted = { backend: asked, ...(threads !== undefined && { threads }) };
  const engine = await startEngine(wanted, signal);
  if (!engine) return undefined;
  const { numerics, gpu }: Requirements = requirementsOf(engine);
  const backend = engine.backend as FinetuneRecipe["backend"];
  await engine.close();
  const { address, store } = places;
  const queue = queueName(numericsName(numerics), gpu);
  out.write(`anchorgrad: workers of ${queue} at ${address.name}, ${store.name}\n`);
  const remote = await remoteRuns({
    ...{ store, numerics, folder },
    ...(modelFolder !== undefined && { modelFolder }),
    openQueue: (hear, warn) => openSender({ address, queue, hear, warn }),
    told: ({ id }, progress) => told(id, progress),
    warn: ({ message }) => err.write(`queue: ${visible(message)}\n`),
  });
  return { backend, remote };
}

/** Milliseconds between two pictures on a terminal, and two lines of a log. */
const [FRAME, LOGGED] = [200, 30_000];

/** What goes on elsewhere, in a line. */
function progressLine(count: number, { err }: Terminal) {
  let [done, drawn] = [0, Number.NEGATIVE_INFINITY];
  const clear = (): void => {
    if (err.isTTY) err.write("\r\x1b[K");
  };
  return {
    progress: (id: string, { stage, step, steps, loss }: FinetuneProgress): void => {
      const now = performance.now();
      if (now - drawn < (err.isTTY ? FRAME : LOGGED)) return;
      drawn = now;
      const text = `  ${done} of ${count} · ${id} · ${visible(stage)} ${percent(step / steps, 0)} % · loss ${nats(loss)}`;
      if (err.isTTY) err.write(`\r\x1b[K${text.slice(0, Math.max(0, (err.columns ?? 80) - 1))}`);
      else err.write(`${text}\n`);
    },
    say: (text: string): void => {
      clear();
      err.write(`${visible(text)}\n`);
    },
    end: (): void => {
      done++;
      clear();
    },
    close: clear,
  };
}
