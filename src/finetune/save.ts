import type { Engine } from "../engines/engine.ts";
import { jsonText } from "../json/jsonText.ts";
import type { Params } from "../nn/config.ts";
import { textConfig } from "../nn/huggingFace/configOf.ts";
import { huggingFaceConfig } from "../nn/huggingFace/huggingFaceConfig.ts";
import { tensorsFor } from "../nn/huggingFace/tensorsFor.ts";
import type { AdapterConfig } from "../nn/lora/adapterConfig.ts";
import { DataError } from "../tensor/errors.ts";
import { expectKnown } from "../tensor/options.ts";
import type { TensorParts } from "../tensor/parts.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { writeAdapter } from "../weights/adapterFiles.ts";
import { type EitherCase, type StoredType, typeNamed } from "../weights/dtypes.ts";
import { toGguf } from "../weights/gguf/convert.ts";
import { GGUF_TENSOR_TYPES, type GgufTensorType } from "../weights/gguf/types.ts";
import { writeGguf } from "../weights/gguf/write.ts";
import { bytesIn } from "../weights/modelFiles.ts";
import { makeFolder, nodeFs } from "../weights/nodeFile.ts";
import { saveWeights } from "../weights/saveWeights.ts";
import { reading, rowsIn } from "../weights/weightFile.ts";
import type { TensorSource } from "../weights/write.ts";
import { type HostParams, hostParams, onHost } from "./hostParams.ts";
import type { LoadedModel, ModelSource } from "./load.ts";
import { type OutputOptions, writeOutput } from "./outputFolder.ts";

interface SaveOptions extends OutputOptions {
  /** Where the parameters are, if not on the host. */
  readonly engine?: Engine;
}

/** How `saveAdapter` writes a PEFT folder. */
export interface SaveAdapterOptions extends SaveOptions {
  /** base_model_name_or_path; by default that of the adapter's file, or where the base was read. */
  readonly base?: string;
}

/** What `saveAdapter` writes; a `LoadedModel` with its adapter is one. */
export interface AdapterToSave {
  /** Of `lora(...)` or a loaded adapter. */
  readonly adapter?: AdapterConfig;
  /** By PEFT's names; those of the base beside them are passed over. */
  readonly params: Params;
  /** Where the base was read. */
  readonly folder?: string;
}

const ADAPTER = "base_model.model.";

/**
 * Writes an adapter's folder as PEFT does: adapter_config.json and adapter_model.safetensors. Node
 * only.
 * @throws DataError for a folder that holds other things; TypeError without an adapter
 * @example await saveAdapter("out", { ...loaded, adapter: lora({ rank: 8 }).config, params: trained })
 */
export async function saveAdapter(
  folder: string,
  { adapter: config, params, folder: baseFolder }: AdapterToSave,
  options: SaveAdapterOptions = {},
): Promise<void> {
  expectKnown("saveAdapter", options, ["base", "engine", "overwrite"]);
  const { base, engine, ...output } = options;
  const own: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(params))
    if (name.startsWith(ADAPTER)) own[name] = await onHost(tensor, name, engine);
  if (!config || Object.keys(own).length === 0)
    throw new TypeError(
      `saveAdapter: expected ${config ? `tensors named ${ADAPTER}…` : "an adapter's config"}, got none`,
    );
  const given = config.file?.["base_model_name_or_path"];
  const isNamed = typeof given === "string" && given !== "";
  const name = base ?? (isNamed || baseFolder === undefined ? undefined : hubName(baseFolder));
  const named = name === undefined ? {} : { base: name };
  const about = { kind: "adapter", last: "adapter_config.json" };
  await writeOutput(folder, about, output, (temporary) =>
    writeAdapter({ write }, temporary, { config, params: own }, named),
  );
}

/** `org/name` of a folder in the Hub's cache; else the folder. */
function hubName(folder: string): string {
  const found = /models--([^/\\]+?)--([^/\\]+)[/\\]snapshots[/\\][\da-f]{40}[/\\]?$/.exec(folder);
  return found ? `${found[1]}/${found[2]}` : folder;
}

/** What `saveModel` and `saveGguf` write: a loaded model, its parameters perhaps others by now. */
export type ModelToSave = Pick<LoadedModel, "config" | "base" | "adapter" | "params" | "files">;

const SAVED_TYPES = ["F32", "F16", "BF16"] as const;

/** How `saveModel` writes a Hugging Face folder. */
export interface SaveModelOptions extends SaveOptions {
  /** How the numbers are written, `bf16` or `BF16`; by default each tensor as the base has it. */
  readonly dtype?: EitherCase<(typeof SAVED_TYPES)[number]>;
  /** A new file is begun before one grows beyond this; 5 GB by default, as transformers'
   * save_pretrained has it. The base's own split into files is not kept: readers go by the index. */
  readonly maxShardBytes?: number;
}

/**
 * Writes a model's folder that transformers, vLLM and `loadModel` open: weights under the base's
 * names, config.json, and copies of the tokenizer's files. An adapter is merged, in float64, rounded
 * once. No more than a part of a tensor is held at a time. Node only.
 * @throws DataError for a folder that holds other things; RangeError for an unknown dtype; TypeError,
 *   ShapeError for parameters that are not the model's
 * @example await saveModel("merged", await loadModel("base", { adapter: "adapter" }))
 */
export async function saveModel(
  folder: string,
  model: ModelToSave,
  options: SaveModelOptions = {},
): Promise<void> {
  expectKnown("saveModel", options, ["dtype", "maxShardBytes", "engine", "overwrite"]);
  const { dtype, maxShardBytes, engine, ...output } = options;
  const { files } = model;
  const type = dtype && typeNamed("saveModel: dtype", dtype, SAVED_TYPES);
  const values = await hostParams(model, engine);
  const sources = sourcesOf(values, files, type);
  const config = { ...huggingFaceConfig(values.config, files.json), ...typeOfAll(sources, files) };
  await writeOutput(folder, { kind: "model", last: "config.json" }, output, async (temporary) => {
    await saveWeights(temporary, sources, maxShardBytes === undefined ? {} : { maxShardBytes });
    await copyText(files, temporary);
    await write(`${temporary}/config.json`, jsonText(config));
  });
}

interface SourceInParts extends TensorSource {
  read(): TensorParts;
}

/** The tensors of the files, as they are to be stored. */
function sourcesOf(
  { config, params, stream: partsOf }: HostParams,
  { weights, json: original }: ModelSource,
  dtype: StoredType | undefined,
): readonly SourceInParts[] {
  // Of a multimodal model the language model is written alone, under its own names.
  const isAlone = textConfig(original) !== original;
  const known = new Set(weights.names);
  const usual = usualType(weights);
  return tensorsFor(config, params, isAlone ? [] : weights.names).map(
    ({ name, shape, stream }) => ({
      ...{ name, shape },
      type: dtype ?? (known.has(name) ? exact(weights.dtypeOf(name)) : usual),
      read: () => stream(partsOf),
    }),
  );
}

const KEPT = ["F32", "F16", "BF16", "F64"] as const;

/** A type that holds what was read of another, which nobody writes: float32. */
const exact = (type: string): StoredType => KEPT.find((kept) => kept === type) ?? "F32";

/** The type of most matrices. */
function usualType({ names, dtypeOf, shapeOf }: ModelSource["weights"]): StoredType {
  const counts = new Map<StoredType, number>();
  for (const name of names) {
    const type = exact(dtypeOf(name));
    if (shapeOf(name).length > 1) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? "F32";
}

const TORCH: { readonly [T in StoredType]?: string } = {
  ...{ F64: "float64", F32: "float32", F16: "float16", BF16: "bfloat16" },
};

/** config.json's word for the type, where it is another than the base's or there was none. */
function typeOfAll(
  sources: readonly TensorSource[],
  { json: original, weights }: ModelSource,
): Readonly<Record<string, unknown>> {
  const written = sources.find(({ shape }) => shape.length > 1)?.type;
  const key = "dtype" in original ? "dtype" : "torch_dtype";
  const isSame = key in original && written === usualType(weights);
  return written === undefined || isSame ? {} : { [key]: TORCH[written] };
}

/** What is copied as it is: how text is read, how to generate, under which terms. */
const COPIED =
  /^((tokenizer|special_tokens_map|added_tokens|vocab|generation_config|chat_template|tokenizer_config)\.json|(merges|vocab)\.txt|(tokenizer|spiece)\.model|chat_template\.jinja|additional_chat_templates\/[^/]+\.jinja|(LICEN[CS]E|NOTICE|USE_POLICY).*)$/i;

/** Whether a file of a model's folder is written with it as it is. */
export const isCopied = (name: string): boolean => COPIED.test(name);

async function copyText({ files, format, text }: ModelSource, folder: string): Promise<void> {
  if (format === "gguf") {
    const { tokenizer, tokenizerConfig } = text;
    if (tokenizer !== undefined) await write(`${folder}/tokenizer.json`, jsonText(tokenizer));
    if (tokenizerConfig !== undefined)
      await write(
        `${folder}/tokenizer_config.json`,
        jsonText({ tokenizer_class: "PreTrainedTokenizerFast", ...tokenizerConfig }),
      );
    return;
  }
  for (const name of files.names) {
    const bytes = isCopied(name) ? await bytesIn(files, name) : undefined;
    if (bytes) await write(`${folder}/${name}`, bytes);
  }
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  const fs = nodeFs("save");
  await makeFolder(path.slice(0, path.lastIndexOf("/")));
  await fs.writeFile(path, content, { flush: true });
}

/** How `saveGguf` writes its file. */
export interface SaveGgufOptions {
  /** How matrices are kept, `q8_0` or `Q8_0`; by default as in the base. */
  readonly dtype?: EitherCase<GgufTensorType>;
  /** `general.name`. */
  readonly name?: string;
  /** Whether a file of that name may be replaced. */
  readonly overwrite?: boolean;
  /** Where the parameters are, if not on the host. */
  readonly engine?: Engine;
}

/**
 * Writes a GGUF file that llama.cpp opens, with tokenizer and chat template; an adapter is merged.
 * Node only.
 * @returns what of the model llama.cpp will compute otherwise
 * @throws DataError for models that llama.cpp does not have, and for a file that is there already;
 *   RangeError for an unknown dtype
 * @example await saveGguf("model.gguf", await loadModel("base", { adapter: "adapter" }), { dtype: "q8_0" })
 */
export async function saveGguf(
  path: string,
  model: ModelToSave,
  options: SaveGgufOptions = {},
): Promise<readonly string[]> {
  expectKnown("saveGguf", options, ["dtype", "name", "overwrite", "engine"]);
  const { dtype, name, overwrite = false, engine } = options;
  const type = dtype && typeNamed("saveGguf: dtype", dtype, GGUF_TENSOR_TYPES);
  const fs = nodeFs("saveGguf");
  const isThere = await fs.stat(path).then(
    () => true,
    () => false,
  );
  if (isThere && !overwrite)
    throw new DataError(`${path}: expected a new file, got one that is there; give --overwrite`);
  const { files } = model;
  const values = await hostParams(model, engine);
  const sources = sourcesOf(values, files, undefined);
  const byName = new Map(sources.map((source) => [source.name, source]));
  const sourceOf = (of: string): SourceInParts => {
    const source = byName.get(of);
    if (source) return source;
    throw new TypeError(`saveGguf: expected a tensor ${of}, got none`);
  };
  const content = await toGguf(
    {
      weights: {
        names: [...byName.keys()],
        shapeOf: (of) => sourceOf(of).shape,
        dtypeOf: (of) => sourceOf(of).type,
        ...reading((of, rows) => rowsIn(sourceOf(of).read(), rows, of)),
      },
      config: huggingFaceConfig(values.config, files.json),
      ...files.text,
    },
    { ...(type && { dtype: type }), ...(name !== undefined && { name }) },
  );
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  if (at > 0) await makeFolder(path.slice(0, at));
  await writeGguf(path, content);
  return content.warnings;
}
