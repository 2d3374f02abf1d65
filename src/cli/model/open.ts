import { join, resolve } from "node:path";
import { BACKENDS, type Backend, createEngine } from "../../engines/create.ts";
import type { Engine } from "../../engines/engine.ts";
import { usualDtype, WEIGHTS_DTYPES, type WeightsDtype } from "../../finetune/keptAs.ts";
import { type LoadedModel, loadModel } from "../../finetune/load.ts";
import { isRecord } from "../../json/isRecord.ts";
import { readJson } from "../../json/readJson.ts";
import { visible } from "../../report/escape.ts";
import { count } from "../../report/format.ts";
import { DataError } from "../../tensor/errors.ts";
import { shown } from "../../text/jsonl.ts";
import { isThere, readIfThere } from "../../weights/files.ts";
import { isModelId } from "../../weights/hub/names.ts";
import { pulled } from "../pull/pull.ts";
import type { Terminal } from "../terminal/command.ts";
import { type Knob, oneOf, text, type Values, whole } from "../terminal/knobs.ts";
import { UsageError } from "../terminal/usage.ts";

const ADAPTER_CONFIG = "adapter_config.json";

/** Which model; every command that opens one has these. */
export const modelKnobs: Readonly<Record<"model" | "adapter" | "revision", Knob<string>>> = {
  model: text(
    "<model>",
    "a folder, a .gguf file, or org/name of the Hub (default: the base\nthat the adapter names)",
  ),
  adapter: text("<folder>", "an adapter over it, as PEFT writes them, or org/name"),
  revision: text("<name>", "of org/name: a branch, a tag or a commit (default: main)"),
};

/** How weights that stay as they are are held. */
export const weightsKnobs: { readonly dtype: Knob<WeightsDtype> } = {
  dtype: oneOf(
    "how the engine holds matrices (default: as the files\nhave them on wasm and webgpu, f32 elsewhere)",
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
  given: Values<typeof modelKnobs> & { readonly dtype?: WeightsDtype },
  terminal: Terminal,
  engine?: Engine,
): Promise<LoadedModel | undefined> {
  const places = await placesOf(given, terminal);
  if (!places) return undefined;
  const { folder, over } = places;
  const { dtype } = given;
  const loaded = await loadModel(folder, {
    ...(over !== undefined && { adapter: over }),
    ...(engine && { engine }),
    ...(engine && { dtype: dtype ?? usualDtype(engine) }),
  });
  for (const warning of loaded.warnings) terminal.err.write(`${visible(warning)}\n`);
  return loaded;
}

interface ModelPlaces {
  readonly folder: string;
  /** The adapter's. */
  readonly over?: string | undefined;
}

/**
 * An adapter alone stands for the base that its file names, with it.
 * @returns undefined when interrupted
 */
async function placesOf(
  { model, adapter, revision }: Values<typeof modelKnobs>,
  terminal: Terminal,
): Promise<ModelPlaces | undefined> {
  if (model === undefined && adapter === undefined)
    throw new UsageError("--model: expected a model, got none; see --help");
  const named = model === undefined ? undefined : await placeOf(model, terminal, revision);
  if (model !== undefined && named === undefined) return undefined;
  const over = adapter === undefined ? undefined : await placeOf(adapter, terminal);
  if (adapter !== undefined && over === undefined) return undefined;
  if (named !== undefined && !(await isAdapter(named))) return { folder: named, over };
  if (named !== undefined && over !== undefined)
    throw new UsageError(`--model: expected the base of --adapter, got an adapter: ${named}`);
  const alone = named ?? over ?? "";
  const base = await baseOf(alone);
  terminal.err.write(`base: ${visible(base)}, as the adapter names it\n`);
  const folder = await placeOf(base, terminal, revision);
  return folder === undefined ? undefined : { folder, over: alone };
}

/** The base that an adapter's file names. @throws DataError where it names none */
async function baseOf(adapter: string): Promise<string> {
  const path = join(adapter, ADAPTER_CONFIG);
  const bytes = await readIfThere(path);
  if (!bytes) throw new DataError(`${path}: expected a PEFT adapter's config, got no file`);
  const config = readJson(new TextDecoder().decode(bytes), path);
  const base = isRecord(config) ? config["base_model_name_or_path"] : undefined;
  if (typeof base === "string" && base !== "") return base;
  throw new DataError(
    `${path}: expected a base_model_name_or_path, got ${shown(base)}; name the base as --model, the folder as --adapter`,
  );
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
  (await isThere(join(folder, ADAPTER_CONFIG))) && !(await isThere(join(folder, "config.json")));
