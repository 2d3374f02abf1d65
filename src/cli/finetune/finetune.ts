import { basename, join, resolve } from "node:path";
import { valueDigest } from "../../finetune/files/digest.ts";
import { linesOf } from "../../finetune/files/directory.ts";
import { runFinetune } from "../../finetune/finetune.ts";
import { completeRecipe, type FinetuneRecipe, parseRecipe } from "../../finetune/recipe.ts";
import { writeReport } from "../../finetune/report/index.ts";
import type { FinetuneEvent } from "../../finetune/train/events.ts";
import { type Outcome, type RunLog, settingsIn } from "../../logs/log.ts";
import { beginAll } from "../../logs/open.ts";
import { placeOf } from "../model/open.ts";
import { claim } from "../terminal/claim.ts";
import type { Command } from "../terminal/command.ts";
import { readBytes } from "../terminal/files.ts";
import { describeKnobs, only, readKnobs } from "../terminal/knobs.ts";
import { loggingOf } from "../terminal/logging.ts";
import { expectBelowAFolder } from "../terminal/place.ts";
import { UsageError } from "../terminal/usage.ts";
import { ownVersions } from "../terminal/version.ts";
import { type Display, display } from "./display.ts";
import { recipeIn, recipeKnobs, runKnobs } from "./knobs.ts";
import { logEvent } from "./logging.ts";
import { planText, resultTable, timeText } from "./table.ts";

const knobs = { ...runKnobs, ...recipeKnobs };

const usage = `anchorgrad finetune --model <model> --data <file> [options]: fine-tunes a checkpoint, and measures
what it learns and what it forgets

  npx anchorgrad finetune --model SmolLM2-135M-Instruct --data mine.jsonl --retain prior.jsonl
  npx anchorgrad finetune --model org/name --data mine.jsonl --method anchored --alpha 0.25 --outer 2
  npx anchorgrad finetune --model org/name --data mine.jsonl --retain prior.jsonl --alpha-risk 0.05
  npx anchorgrad finetune --recipe run.json --out runs/mine

Trains SFT first and keeps it for other runs, then the method. Rows are {messages}, {prompt,
completion}, {instruction, input, output} or {text}. The folder holds recipe.json, metrics.jsonl and
adapter/ (PEFT's files) or model/. Stopped, even by force, the same command goes on, to the same
bits.

Defaults are those that work for most models: LoRA of rank 16 on every linear module at 2e-4, or
--full at 2e-5; 5 % warm-up, then a cosine; AdamW, gradients clipped to norm 1; 1024 tokens.

Options
${describeKnobs(knobs)}`;

/** Fine-tuning a checkpoint. */
export const finetune: Command = {
  usage,
  async run(args, terminal) {
    const { out, err, folder, signal } = terminal;
    const values = readKnobs(args, knobs);
    const { threads, memory, dryRun = false, ...logged } = only(values, runKnobs);
    const { trackers, about } = loggingOf(logged, process.env);
    const file = values.recipe === undefined ? undefined : resolve(folder, values.recipe);
    const said = file === undefined ? {} : parseRecipe(await textOf(file), file);
    const merged = { ...said, ...recipeIn(values) };
    for (const name of ["model", "data"] as const)
      if (merged[name] === undefined)
        throw new UsageError(`--${name}: expected a value, got none; see --help`);
    const recipe = completeRecipe(merged);
    const modelFolder = await placeOf(recipe.model, terminal);
    if (modelFolder === undefined) return false;
    const path = resolve(folder, values.out ?? join("runs", nameOf(recipe)));
    if (values.out !== undefined) await expectBelowAFolder(join(path, "recipe.json"));
    const claimed = dryRun ? undefined : await claim(path);
    const show = display(err);
    const named = { group: basename(recipe.model), name: basename(path), ...about };
    let outcome: Outcome = "failed";
    let runLog: RunLog | undefined;
    try {
      if (!dryRun)
        runLog = await beginAll(trackers, { ...named, settings: settingsIn(recipe) }, (text) =>
          show.say(text),
        );
      const run = runFinetune({
        ...{ recipe: merged, out: path, folder, signal, dryRun },
        ...(modelFolder !== resolve(folder, recipe.model) && { modelFolder }),
        ...(threads !== undefined && { threads }),
        ...(memory !== undefined && { memory: bytesOf(memory) }),
        versions: await ownVersions(),
        report: writeReport,
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
      show.end();
      if (dryRun) return true;
      if (ended) {
        out.write(
          `\n${resultTable(await linesOf(path))}\nwritten to ${path}\nreport     ${join(path, "report.html")}\n`,
        );
        return true;
      }
      err.write(`stopped; the same command goes on (${path})\n`);
      return false;
    } finally {
      await runLog?.end(outcome);
      show.end();
      await claimed?.release();
    }
  },
};

function tell(event: FinetuneEvent, show: Display, write: (text: string) => void): void {
  if (event.kind === "plan") write(planText(event));
  else if (event.kind === "estimate") write(timeText(event.seconds));
  else if (event.kind === "step") show.step(event);
  else if (event.kind === "look") show.look(event);
  else if (event.kind === "retention") show.retention(event);
  else if (event.kind === "certificate") show.certificate(event);
  else if (event.kind === "resumed")
    show.say(`going on after step ${event.step} of ${event.stage}`);
  else if (event.kind === "reused") show.say(`SFT is there already: ${event.path}`);
}

/** The same for the same recipe, so that the same command finds its run again. */
const nameOf = (recipe: FinetuneRecipe): string =>
  `${basename(recipe.model).replace(/[^\w.-]/g, "-")}-${recipe.method}-${valueDigest(recipe).slice(0, 8)}`;

async function textOf(path: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(path));
}

function bytesOf(gib: string): number {
  const number = Number(gib);
  if (!(number > 0 && Number.isFinite(number)))
    throw new UsageError(`--memory: expected a number of GiB above 0, got ${gib}`);
  return number * 2 ** 30;
}
