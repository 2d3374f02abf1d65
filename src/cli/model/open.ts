import { join, resolve } from "node:path";
import { BACKENDS, type Backend, createEngine } from "../../engines/create.ts";
import type { Engine } from "../../engines/engine.ts";
import { usualDtype, WEIGHTS_DTYPES, type WeightsDtype } from "../../finetune/keptAs.ts";
import { type LoadedModel, loadModel } from "../../finetune/load.ts";
import { visible } from "../../report/escape.ts";
import { count } from "../../report/format.ts";
import { DataError } from "../../tensor/errors.ts";
import { isThere } from "../../weights/files.ts";
import { isModelId } from "../../weights/hub/names.ts";
import { pulled } from "../pull/pull.ts";
import type { Terminal } from "../terminal/command.ts";
import { type Knob, oneOf, text, type Values, whole } from "../terminal/knobs.ts";
import { UsageError } from "../terminal/usage.ts";

/** Which model; every command that opens one has these. */
export const modelKnobs: Readonly<Record<"model" | "adapter" | "revision", Knob<string>>> = {
  model: text("<model>", "a folder, a .gguf file, or org/name of the Hub"),
  adapter: text("<folder>", "an adapter over it, as PEFT writes them, or org/name"),
  revision: text("<name>", "of org/name: a branch, a tag or a commit (default: main)"),
};

/** How weights that stay as they are are held. */
export const weightsKnobs: { readonly dtype: Knob<WeightsDtype> } = {
  dtype: oneOf(
    "how the engine holds matrices (default: as the files\nhave them on wasm, f32 elsewhere)",
    WEIGHTS_DTYPES,
  ),
};

/** Where to compute. */
export const engineKnobs: {
  readonly backend: Knob<Backend>;
  readonly threads: Knob<number>;
} = {
  backend: oneOf(
    `${BACKENDS.slice(0, 5).join(", ")},\n${BACKENDS.slice(5).join(", ")} (default: auto)`,
    BACKENDS,
    "<name>",
  ),
  threads: whole("threads of the wasm backend (default: as many as cores)", 1, 1024),
};

/** Starts the engine that is asked for. */
export const openEngine = ({ backend, threads }: Values<typeof engineKnobs>): Promise<Engine> =>
  createEngine({ ...(backend && { backend }), ...(threads !== undefined && { threads }) });

/**
 * The folder or file of a model.
 * @returns undefined when interrupted
 * @throws DataError for what is neither there nor a name of the Hub
 */
export async function placeOf(
  model: string,
  terminal: Terminal,
  revision?: string,
): Promise<string | undefined> {
  const path = resolve(terminal.folder, model);
  if (await isThere(path)) return path;
  if (model.includes("/") && isModelId(model)) return pulled(model, terminal, revision);
  throw new DataError(
    `${model}: expected a folder, a .gguf file, or org/name of the Hub, got no such thing`,
  );
}

/**
 * Opens the model that a command line names, and tells what the user should know of it.
 * @param engine where its parameters go; else they stay on the host
 * @returns undefined when interrupted
 * @throws UsageError without a model
 */
export async function openModel(
  {
    model,
    adapter,
    revision,
    dtype,
  }: Values<typeof modelKnobs> & { readonly dtype?: WeightsDtype },
  terminal: Terminal,
  engine?: Engine,
): Promise<LoadedModel | undefined> {
  if (model === undefined) throw new UsageError("--model: expected a model, got none; see --help");
  const folder = await placeOf(model, terminal, revision);
  const over = adapter === undefined ? undefined : await placeOf(adapter, terminal);
  if (folder === undefined || (adapter !== undefined && over === undefined)) return undefined;
  if (await isAdapter(folder))
    throw new UsageError(
      `--model: ${folder} is an adapter: name its base, and the folder as --adapter`,
    );
  const loaded = await loadModel(folder, {
    ...(over !== undefined && { adapter: over }),
    ...(engine && { engine }),
    ...(engine && { dtype: dtype ?? usualDtype(engine) }),
  });
  for (const warning of loaded.warnings) terminal.err.write(`${visible(warning)}\n`);
  return loaded;
}

/** `llama, 5 layers, 64 wide, 260,032 parameters, LoRA of rank 8` */
export function describeModel({ config, base, params, adapter, files }: LoadedModel): string {
  const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const sizes = Object.values(base.shapes).reduce((sum, shape) => sum + size(shape), 0);
  const own = Object.entries(params)
    .filter(([name]) => !Object.hasOwn(base.shapes, name))
    .reduce((sum, [, { shape }]) => sum + size(shape), 0);
  const kind = `${files.json["model_type"] ?? "model"}`;
  const parts = [kind, `${config.layers} layers`, `${config.width} wide`];
  const over = adapter ? [`adapter of rank ${adapter.rank} (${count(own)} more)`] : [];
  return [...parts, `${count(sizes)} parameters`, ...over].join(", ");
}

const isAdapter = async (folder: string): Promise<boolean> =>
  (await isThere(join(folder, "adapter_config.json"))) &&
  !(await isThere(join(folder, "config.json")));
