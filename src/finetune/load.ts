import type { Engine } from "../engines/engine.ts";
import { isRecord } from "../json/isRecord.ts";
import type { Params, TransformerConfig } from "../nn/config.ts";
import { type GenerationDefaults, generationOptionsOf } from "../nn/generate/generationConfig.ts";
import { configOf } from "../nn/huggingFace/configOf.ts";
import { type PlaceParts, paramsFrom } from "../nn/huggingFace/paramsFrom.ts";
import { adaptedModel } from "../nn/lora/adapted.ts";
import type { AdapterConfig } from "../nn/lora/adapterConfig.ts";
import { adapterLayout, expectAdapter } from "../nn/lora/layout.ts";
import { type Transformer, transformer } from "../nn/transformer.ts";
import { DataError, ShapeError } from "../tensor/errors.ts";
import { definedIn, expectKnown, expectOneOf } from "../tensor/options.ts";
import { inParts } from "../tensor/parts.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Chat } from "../text/chat.ts";
import { stopTokensOf, type Tokenizer } from "../text/tokenizer.ts";
import { type Adapter, readAdapter } from "../weights/adapterFiles.ts";
import { fromGguf } from "../weights/gguf/back.ts";
import { openGguf } from "../weights/gguf/read.ts";
import {
  bytesIn,
  expectModelIn,
  filesAt,
  jsonIn,
  type ModelFiles,
  pathIn,
} from "../weights/modelFiles.ts";
import { openWeights, weightsIn } from "../weights/openWeights.ts";
import type { TensorFile } from "../weights/weightFile.ts";
import { keptAs, placing, WEIGHTS_DTYPES, type WeightsDtype } from "./keptAs.ts";
import { type TextFiles, type TextSources, textFilesIn, textFilesOf } from "./textFiles.ts";

/** What `loadModel` puts on a checkpoint, and where it puts its parameters. */
export interface LoadOptions {
  /** An adapter's folder as PEFT writes it, or its files. */
  readonly adapter?: string | ModelFiles;
  /** Where the parameters go, part by part: the host holds one at a time. Else they are constants. */
  readonly engine?: Engine;
  /**
   * How matrices are held, of which products widen what they read: `f32` by default; `file` as the files
   * have them. Only f32 can be trained; an adapter's parameters always are.
   */
  readonly dtype?: WeightsDtype;
}

/** What a model was read from, and what is needed to write it again. */
export interface ModelSource {
  readonly files: ModelFiles;
  /** config.json as it was parsed, or what a GGUF file says in its terms. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Names and types of the tensors as they are stored. */
  readonly weights: TensorFile;
  readonly text: TextSources;
  readonly format: "huggingFace" | "gguf";
}

/** A checkpoint, ready to apply, to generate with and to train. */
export interface LoadedModel {
  /** Where it was read from. */
  readonly folder: string;
  /** The base's, as its files are. */
  readonly config: TransformerConfig;
  /** With an adapter, it applies both. */
  readonly model: Transformer;
  /** The base's and, under PEFT's names, the adapter's. */
  readonly params: Params;
  /** The model without the adapter. */
  readonly base: Transformer;
  /** What kind of adapter it is, where there is one. */
  readonly adapter?: AdapterConfig;
  /** Absent where the files hold none: then ids alone can be used. */
  readonly tokenizer?: Tokenizer;
  /** Absent for models without a chat template. */
  readonly chat?: Chat;
  /** The ids that end an answer. */
  readonly stopTokens: readonly number[];
  /** Options of `generate` that the checkpoint asks for, stop tokens among them. */
  readonly generation: GenerationDefaults & { readonly tokenizerSize: number };
  /** What the user should know: a sentence each. */
  readonly warnings: readonly string[];
  readonly files: ModelSource;
}

/**
 * Opens a Hugging Face checkpoint, or a GGUF file, and an adapter over it.
 * @param from a folder or a .gguf file by its path (Node), or a page's files (`filesOf`)
 * @throws DataError that names the file, and the key or tensor
 * @example
 * const { model, params, tokenizer, chat } = await loadModel("SmolLM2-135M-Instruct");
 * const { text } = chat.render([{ role: "user", content: "Hi" }], { addGenerationPrompt: true });
 * const tokens = ids([tokenizer.encode(text, { addSpecialTokens: false })]);
 * const logits = await engine.run(() => model.apply(params, tokens)); // [1, T, V]
 */
export async function loadModel(
  from: string | ModelFiles | DescribedModel,
  options: LoadOptions = {},
): Promise<LoadedModel> {
  expectKnown("loadModel", options, ["adapter", "engine", "dtype"]);
  const { adapter: adapterFrom, engine, dtype = "f32" } = options;
  if (typeof from !== "string" && (typeof from !== "object" || from === null))
    throw new TypeError(`loadModel: expected a folder's path, or files, got ${from}`);
  expectOneOf("loadModel: dtype", dtype, [...WEIGHTS_DTYPES, "file"]);
  const described = isDescribed(from) ? from : await describeModel(from);
  const { source, text, sampling } = described;
  const { files } = source;
  const adapter = adapterFrom === undefined ? undefined : await openAdapter(adapterFrom);
  return placing(engine, async (place) => {
    const path = pathIn(files, weightsIn(files));
    const kept: PlaceParts = (parts, name) => place(keptAs(parts, dtype), name);
    const loaded = await paramsFrom(described.config, source.weights, path, kept);
    const base = transformer(loaded.config);
    const { model, params } = adapter
      ? await over(base, loaded.params, adapter, place)
      : { model: base, params: loaded.params };
    return {
      ...{ folder: described.folder, config: loaded.config, base },
      ...{ model, params, files: source },
      ...(adapter && { adapter: adapter.config }),
      ...(text.tokenizer && { tokenizer: text.tokenizer }),
      ...(text.chat && { chat: text.chat }),
      stopTokens: sampling.generation.stopTokens,
      generation: sampling.generation,
      warnings: [...loaded.warnings, ...sampling.warnings, ...textWarnings(source, text)],
    };
  });
}

/**
 * An adapter over a model that is loaded: the base is not read again.
 * @param from the adapter's folder, as of `loadModel`
 * @param engine where the adapter's parameters go
 * @throws DataError where it is none of this model's
 */
export async function withAdapterAt(
  { base, params }: Pick<LoadedModel, "base" | "params">,
  from: string | ModelFiles,
  engine?: Engine,
): Promise<Pick<LoadedModel, "model" | "params">> {
  const adapter = await openAdapter(from);
  return placing(engine, (place) => over(base, params, adapter, place));
}

/** What a checkpoint's files say beside the weights, which have not been read. */
export interface DescribedModel
  extends Pick<LoadedModel, "folder" | "config" | "base" | "tokenizer" | "chat" | "stopTokens"> {
  readonly source: ModelSource;
  readonly text: TextFiles;
  readonly sampling: Sampling;
}

/**
 * Reads all of a checkpoint but its weights, for `loadModel` to go on from: what a run would take is
 * known before any are read.
 * @throws DataError that names the file, and the key
 */
export async function describeModel(from: string | ModelFiles): Promise<DescribedModel> {
  const files = typeof from === "string" ? await filesAt(from) : from;
  const { source, text } = await openModel(files);
  const config = configOf(source.json, configPath(source));
  const sampling = await generationOf(source, text, config.vocabSize);
  return {
    ...{ folder: typeof from === "string" ? from : files.path, config, source, text, sampling },
    base: transformer(config),
    ...(text.tokenizer && { tokenizer: text.tokenizer }),
    ...(text.chat && { chat: text.chat }),
    stopTokens: sampling.generation.stopTokens,
  };
}

const isDescribed = (from: string | ModelFiles | DescribedModel): from is DescribedModel =>
  typeof from === "object" && "sampling" in from;

interface Opened {
  readonly source: ModelSource;
  readonly text: TextFiles;
}

async function openModel(files: ModelFiles): Promise<Opened> {
  expectModelIn(files);
  const name = weightsIn(files);
  if (name.endsWith(".gguf") && !files.names.includes("config.json"))
    return openOneGguf(files, name);
  const json = await jsonIn(files, "config.json");
  const path = pathIn(files, "config.json");
  if (json === undefined) throw new DataError(`${path}: expected a model's config, got no file`);
  if (!isRecord(json)) throw new DataError(`${path}: expected a JSON object, got ${typeof json}`);
  const [weights, text] = [await openWeights(files), await textFilesIn(files)];
  return { source: { files, json, weights, text: text.sources, format: "huggingFace" }, text };
}

async function openOneGguf(files: ModelFiles, name: string): Promise<Opened> {
  const path = pathIn(files, name);
  const file = await files.open(name);
  if (!file) throw new DataError(`${path}: expected a GGUF file, got none`);
  const gguf = await openGguf(file, path);
  const { config, weights } = await fromGguf(gguf);
  const text = textFilesOf(gguf.metadata, path);
  const eot = gguf.metadata["tokenizer.ggml.eot_token_id"];
  // A chat model's turns end otherwise than its texts.
  const ends = [config["eos_token_id"], eot].filter((id) => typeof id === "number");
  const json = definedIn({
    ...config,
    ...(ends.length > 1 && { eos_token_id: [...new Set(ends)] }),
  });
  return { source: { files, json, weights, text: text.sources, format: "gguf" }, text };
}

const configPath = ({ files, format }: ModelSource): string =>
  pathIn(files, format === "gguf" ? weightsIn(files) : "config.json");

interface NamedAdapter extends Adapter {
  readonly path: string;
}

async function openAdapter(from: string | ModelFiles): Promise<NamedAdapter> {
  const files = typeof from === "string" ? await filesAt(from) : from;
  const read = (path: string) => bytesIn(files, path.slice(files.path.length + 1));
  return { ...(await readAdapter({ read }, files.path)), path: files.path };
}

/** A misfit is the files' fault, not the program's. */
async function over(
  base: Transformer,
  params: Params,
  adapter: NamedAdapter,
  place: PlaceParts,
): Promise<{ readonly model: Transformer; readonly params: Params }> {
  try {
    const model = adaptedModel(base, adapter.config);
    expectAdapter(adapterLayout(adapter.config, base), adapter.params);
    const own: Record<string, Tensor> = {};
    for (const [name, tensor] of Object.entries(adapter.params))
      own[name] = await place(inParts(tensor), name);
    return { model, params: { ...params, ...own } };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof ShapeError)) throw error;
    throw new DataError(`${adapter.path}: expected an adapter of this model: ${error.message}`);
  }
}

export interface Sampling {
  readonly generation: LoadedModel["generation"];
  readonly warnings: readonly string[];
}

/** What cannot be followed is told and left out: training and measuring do not depend on it. */
async function generationOf(
  { files, json, format }: ModelSource,
  { tokenizer }: TextFiles,
  vocabSize: number,
): Promise<Sampling> {
  const name = "generation_config.json";
  const given = format === "gguf" ? undefined : await jsonIn(files, name);
  const all = stopTokensOf(json, given, tokenizer);
  const stopTokens = all.filter((id) => id < vocabSize);
  const unknown = all.filter((id) => id >= vocabSize);
  const tokenizerSize = Math.min(tokenizer?.vocabSize ?? vocabSize, vocabSize);
  const warnings = unknown.map(
    (id) => `${files.path}: the stop token ${id} is outside the vocabulary of ${vocabSize}`,
  );
  const rest = { stopTokens, tokenizerSize };
  if (given === undefined) return { generation: { temperature: 0, ...rest }, warnings };
  try {
    const options = generationOptionsOf(given, pathIn(files, name));
    return { generation: { ...options, ...rest }, warnings };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const told = `${error.message}; the likeliest token is taken unless sampling is asked for`;
    return { generation: { temperature: 0, ...rest }, warnings: [...warnings, told] };
  }
}

function textWarnings({ files, json }: ModelSource, { tokenizer }: TextFiles): readonly string[] {
  const size = json["vocab_size"];
  if (tokenizer && typeof size === "number" && tokenizer.vocabSize > size)
    return [
      `${files.path}: the tokenizer has ${tokenizer.vocabSize} ids, the model ${size}: texts with the others cannot be read`,
    ];
  if (tokenizer || !files.names.some((name) => /^(tokenizer|spiece)\.model$/.test(name))) return [];
  return [
    `${files.path}: tokenizer.model is not read: save the tokenizer with transformers ≥ 4 as tokenizer.json`,
  ];
}
