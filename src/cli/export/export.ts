import { join, resolve } from "node:path";
import { saveGguf, saveModel } from "../../finetune/save.ts";
import { visible } from "../../report/escape.ts";
import { describeModel, modelKnobs, openModel } from "../model/open.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { describeKnobs, flag, oneOf, readKnobs, text } from "../terminal/knobs.ts";
import { expectBelowAFolder } from "../terminal/place.ts";
import { UsageError } from "../terminal/usage.ts";

const DTYPES = ["bf16", "f16", "f32", "q8_0"] as const;
const own = {
  to: oneOf("a folder as transformers has it, or one file for llama.cpp", ["hf", "gguf"]),
  out: text("<path>", "the folder, or the file"),
  dtype: oneOf("how matrices are kept (default: as in the base)", DTYPES),
  name: text("<text>", "the model's name in a GGUF file"),
  overwrite: flag("replaces a file; writes into a folder that holds other things"),
};
const knobs = { ...modelKnobs, ...own };

const usage = `anchorgrad export --model <model> [--adapter <folder>] --to <hf|gguf> --out <path>

  npx anchorgrad export --model base --adapter runs/mine/adapter --to hf --out merged
  npx anchorgrad export --model merged --to gguf --dtype q8_0 --out mine.gguf

An adapter is merged: sums in float64, rounded once. All is written or nothing; a folder that holds
other things is refused.

Options
${describeKnobs(knobs)}`;

async function run(args: readonly string[], terminal: Terminal): Promise<boolean> {
  const given = readKnobs(args, knobs);
  const { to, out, dtype, name, overwrite = false } = given;
  if (to === undefined) throw new UsageError("--to: expected hf or gguf, got nothing; see --help");
  if (out === undefined) throw new UsageError("--out: expected a path, got nothing; see --help");
  if (to === "hf" && (dtype === "q8_0" || name !== undefined))
    throw new UsageError(
      `--to hf: expected no ${name === undefined ? "--dtype q8_0" : "--name"}, which is GGUF's`,
    );
  const path = resolve(terminal.folder, out);
  await expectBelowAFolder(to === "hf" ? join(path, "config.json") : path);
  const model = await openModel(given, terminal);
  if (!model) return false;
  const { err, signal } = terminal;
  err.write(`${describeModel(model)}\n`);
  if (signal.aborted) return false;
  if (to === "hf")
    await saveModel(path, model, {
      overwrite,
      ...(dtype && dtype !== "q8_0" && { dtype }),
    });
  else {
    const warnings = await saveGguf(path, model, {
      ...{ overwrite, ...(dtype && { dtype }) },
      ...(name !== undefined && { name }),
    });
    for (const warning of warnings) err.write(`${visible(warning)}\n`);
  }
  terminal.out.write(`${path}\n`);
  return true;
}

export const exportModel: Command = {
  usage,
  run,
};
