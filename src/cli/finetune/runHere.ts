import { runFinetune } from "../../finetune/finetune.ts";
import { writeReport } from "../../finetune/report/index.ts";
import type { FinetuneEvent } from "../../finetune/train/events.ts";
import type { FinetuneOptions } from "../../finetune/train/prepare.ts";
import { type LoggedRun, type Outcome, type RunLog, settingsIn } from "../../logs/log.ts";
import { beginAll } from "../../logs/open.ts";
import type { Claim } from "../terminal/claim.ts";
import type { Terminal } from "../terminal/command.ts";
import type { Logging } from "../terminal/logging.ts";
import { UsageError } from "../terminal/usage.ts";
import { ownVersions } from "../terminal/version.ts";
import { type Display, display } from "./display.ts";
import { logEvent } from "./logging.ts";
import { planText, timeText } from "./table.ts";

/** A run of this machine. */
export interface HereOptions
  extends Pick<FinetuneOptions, "recipe" | "out" | "modelFolder" | "threads" | "dryRun"> {
  /** GiB, as they were given. */
  readonly memory?: string;
  readonly logging: Logging;
  /** What it is called where it is logged. */
  readonly named: Pick<LoggedRun, "group" | "name">;
  /** Undefined where nothing is written. */
  readonly claimed: Claim | undefined;
}

/** Runs a fine-tune, shows and logs it. @returns whether it came to its end */
export async function runHere(options: HereOptions, terminal: Terminal): Promise<boolean> {
  const { out, err, folder, signal } = terminal;
  const { recipe, modelFolder, threads, memory, logging, named, claimed, dryRun = false } = options;
  const { trackers, about } = logging;
  const show = display(err);
  let outcome: Outcome = "failed";
  let runLog: RunLog | undefined;
  try {
    if (!dryRun)
      runLog = await beginAll(
        trackers,
        { ...named, ...about, settings: settingsIn(recipe) },
        (text) => show.say(text),
      );
    const run = runFinetune({
      ...{ recipe, out: options.out, folder, signal, dryRun },
      ...{ versions: await ownVersions(), report: writeReport },
      ...(modelFolder !== undefined && { modelFolder }),
      ...(threads !== undefined && { threads }),
      ...(memory !== undefined && { memory: bytesOf(memory) }),
    });
    let ended = true;
    for await (const event of run) {
      // Steps are fast, and what they lead to is checked.
      if (event.kind !== "step") await claimed?.check();
      if (event.kind === "interrupted") ended = false;
      tell(event, show, out.write.bind(out));
      if (runLog) await logEvent(runLog, event);
    }
    outcome = ended ? "finished" : "stopped";
    return ended;
  } finally {
    await runLog?.end(outcome);
    show.end();
  }
}

function tell(event: FinetuneEvent, show: Display, write: (text: string) => void): void {
  if (event.kind === "plan") write(planText(event));
  else if (event.kind === "estimate") write(timeText(event.seconds));
  else if (event.kind === "step") show.step(event);
  else if (event.kind === "look") show.look(event);
  else if (event.kind === "best") show.best(event);
  else if (event.kind === "retention") show.retention(event);
  else if (event.kind === "certificate") show.certificate(event);
  else if (event.kind === "resumed")
    show.say(`going on after step ${event.step} of ${event.stage}`);
  else if (event.kind === "reused") show.reused(event.path);
}

function bytesOf(gib: string): number {
  const number = Number(gib);
  if (!(number > 0 && Number.isFinite(number)))
    throw new UsageError(`--memory: expected a number of GiB above 0, got ${gib}`);
  return number * 2 ** 30;
}
