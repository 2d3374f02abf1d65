import { basename, join, resolve } from "node:path";
import { valueDigest } from "../../finetune/files/digest.ts";
import { expectPlace } from "../../finetune/files/directory.ts";
import { gridHelp, gridRuns, namesIn, readRecipeFile } from "../../finetune/grid/grid.ts";
import { completeRecipe, type FinetuneRecipe, type RecipeOptions } from "../../finetune/recipe.ts";
import { placeOf } from "../model/open.ts";
import { openPlaces, placeKnobs, placesHelp } from "../queue/places.ts";
import { claim } from "../terminal/claim.ts";
import type { Command } from "../terminal/command.ts";
import { readBytes } from "../terminal/files.ts";
import { describeKnobs, only, optionOf, readKnobs } from "../terminal/knobs.ts";
import { loggingOf } from "../terminal/logging.ts";
import { expectBelowAFolder } from "../terminal/place.ts";
import { UsageError } from "../terminal/usage.ts";
import { runGrid } from "./grid.ts";
import { headings, recipeIn, recipeKnobs, runKnobs } from "./knobs.ts";
import { runOne } from "./one.ts";
import type { ManyOptions, Planned } from "./runs.ts";

const knobs = { ...recipeKnobs, ...runKnobs };

const usage = `anchorgrad finetune --model <model> --data <file> [options]: fine-tunes a checkpoint, and measures
what it learns and what it forgets

  npx anchorgrad finetune --model HuggingFaceTB/SmolLM2-135M-Instruct --data mine.jsonl --retain prior.jsonl
  npx anchorgrad finetune --model org/name --data mine.jsonl --method anchored --alpha 0.25 --outer 2
  npx anchorgrad finetune --model org/name --data mine.jsonl --retain prior.jsonl --alpha-risk 0.05
  npx anchorgrad finetune --recipe run.json --out runs/mine
  npx anchorgrad finetune --recipe grid.json --queue redis://head --store s3://runs

Trains SFT first and keeps it for other runs, then the method. Rows are {messages}, {prompt,
completion}, {instruction, input, output} or {text}. The folder holds recipe.json, metrics.jsonl and
adapter/ (PEFT's files) or model/. Stopped, even by force, the same command goes on, to the same
bits.

Defaults are those that work for most models: LoRA of rank 16 on every linear module at 2e-4, or
--full at 2e-5; 5 % warm-up, then a cosine; AdamW, gradients clipped to norm 1; 1024 tokens.

${describeKnobs(knobs, headings)}
${gridHelp}
Its runs are made one after the other, each in a folder of its own below runs/<file's name> or
--out; a table compares them at the end. With --queue an anchorgrad worker makes each, and checkpoint
and data go into the store, once; exit code 1: some runs failed, and the same command runs them again.

${placesHelp}`;

/** Fine-tuning a checkpoint. */
export const finetune: Command = {
  usage,
  async run(args, terminal) {
    const { folder } = terminal;
    const values = readKnobs(args, knobs);
    const { threads, memory, dryRun = false, ...logged } = only(values, runKnobs);
    const logging = loggingOf(logged, process.env);
    const { recipe: merged, grid } = await askedFor(values.recipe, recipeIn(values), folder);
    const one = grid ? undefined : completeRecipe(merged);
    const { model } = merged;
    // What is only looked at is looked at here.
    const places = dryRun
      ? undefined
      : await openPlaces(only(values, placeKnobs), folder, process.env);
    const modelFolder = await placeOf(model, terminal);
    if (modelFolder === undefined) return false;
    const name = one ? nameOf(one) : basename(values.recipe ?? "", ".json");
    const path = resolve(folder, values.out ?? join("runs", name));
    if (values.out !== undefined) await expectBelowAFolder(join(path, "recipe.json"));
    // A run's lock does not go into a folder of other things.
    if (one && !dryRun) await expectPlace(path);
    const claimed = dryRun ? undefined : await claim(path);
    const options: ManyOptions = {
      ...{ path, logging, claimed, dryRun, places },
      ...(modelFolder !== resolve(folder, model) && { modelFolder }),
      ...(threads !== undefined && { threads }),
      ...(memory !== undefined && { memory }),
    };
    try {
      if (one) return await runOne(one, { ...options, group: basename(model) }, terminal);
      const planned = (grid ?? []).map((run): Planned => ({ ...run, out: join(path, run.id) }));
      return await runGrid(planned, { ...options, group: basename(path) }, terminal);
    } finally {
      await claimed?.release();
    }
  },
};

interface Asked {
  readonly recipe: RecipeOptions & Required<Pick<RecipeOptions, "model" | "data">>;
  /** Absent for one run. */
  readonly grid?: ReturnType<typeof gridRuns>;
}

/** What a recipe's file and the command line ask for. @throws UsageError, DataError */
async function askedFor(
  named: string | undefined,
  given: RecipeOptions,
  folder: string,
): Promise<Asked> {
  const file =
    named === undefined
      ? { settings: {} }
      : readRecipeFile(new TextDecoder().decode(await readBytes(resolve(folder, named))), named);
  const merged: RecipeOptions = { ...file.settings, ...given };
  const [model, data] = (["model", "data"] as const).map((name) => {
    const value = merged[name];
    if (value !== undefined) return value;
    throw new UsageError(`--${name}: expected a value, got none; see --help`);
  }) as [string, string];
  const recipe = { ...merged, model, data };
  if (!file.grid || named === undefined) return { recipe };
  const varied = namesIn(file);
  const twice = Object.keys(given).find((name) => varied.has(name));
  if (twice !== undefined)
    throw new UsageError(
      `--${optionOf(twice)}: expected what the grid of ${named} does not say, got it for all runs`,
    );
  return { recipe, grid: gridRuns(file, given, named) };
}

/** The same for the same recipe, so that the same command finds its run again. */
const nameOf = (recipe: FinetuneRecipe): string =>
  `${basename(recipe.model).replace(/[^\w.-]/g, "-")}-${recipe.method}-${valueDigest(recipe).slice(0, 8)}`;
