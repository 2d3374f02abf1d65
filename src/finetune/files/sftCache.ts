import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Numerics, numericsName } from "../../engines/numerics.ts";
import type { Params } from "../../nn/config.ts";
import { makeFolder, readIfThere, writeWhole } from "../../weights/files.ts";
import { readSafetensors } from "../../weights/safetensors.ts";
import { writeSafetensors } from "../../weights/write.ts";
import { type FinetuneRecipe, OF_ADAPTERS } from "../recipe.ts";
import type { SettingName } from "../settings.ts";
import type { BestEvent, Line, StepEvent } from "../train/events.ts";
import { valueDigest } from "./digest.ts";
import type { Inputs } from "./directory.ts";
import { linesIn } from "./lines.ts";

/** SFT as it was trained. */
export interface Sft {
  /** What was trained, on the host. */
  readonly params: Params;
  /** Its steps, and which of them is the one that was chosen. */
  readonly lines: readonly (StepEvent | BestEvent)[];
}

/** SFT models beside the runs that share them. */
export interface SftCache {
  /** Of the model's file. */
  readonly path: string;
  load(): Promise<Sft | undefined>;
  save(sft: Sft): Promise<void>;
}

/** What SFT depends on, beside the model and the data. */
const OF_SFT: readonly SettingName[] = [
  ...(["epochs", "maxSteps", "labelSmoothing", ...OF_ADAPTERS] as const),
  ...(["full", "batch", "microBatch", "maxLength", "packing", "learningRate", "warmup"] as const),
  ...(["decay", "weightDecay", "clip", "seed", "backend", "targets", "dtype", "weights"] as const),
  ...(["sam", "updateShare", "selfAnswers", "evalShare"] as const),
];

/** The same, where the best of its looks is chosen. */
const OF_CHOICE: readonly SettingName[] = ["keep", "patience", "lookEvery", "lookRows"];

/** @param numerics what it is computed with */
export function sftCache(
  out: string,
  recipe: FinetuneRecipe,
  { model, data, eval: heldOut }: Inputs,
  numerics: Numerics,
): SftCache {
  const isChosen = recipe.keep === "best";
  const names = isChosen ? [...OF_SFT, ...OF_CHOICE] : OF_SFT;
  const said = names.map((name) => [name, recipe[name] ?? null]);
  const inputs = { model, data, ...(isChosen && { heldOut }) };
  const key = valueDigest({ ...inputs, numerics: numericsName(numerics), said }).slice(0, 32);
  const start = join(dirname(out), ".cache", `sft-${key}`);
  const [path, lines] = [`${start}.safetensors`, `${start}.jsonl`];
  return {
    path,
    load: async () => {
      const told = await readIfThere(lines);
      if (!told || !existsSync(path)) return undefined;
      const { tensors } = await readSafetensors(path);
      const all = linesIn(new TextDecoder().decode(told), lines);
      const isOfSft = (line: Line): line is StepEvent | BestEvent =>
        line.kind === "step" || line.kind === "best";
      return { params: tensors, lines: all.filter(isOfSft) };
    },
    save: async ({ params, lines: told }) => {
      await makeFolder(dirname(path));
      // The model's file is written last: it says that the lines are there.
      await writeWhole(lines, told.map((line) => `${JSON.stringify(line)}\n`).join(""));
      await writeSafetensors(path, { tensors: params });
    },
  };
}
