import { constant } from "../../tensor/apply.ts";
import { DataError } from "../../tensor/errors.ts";
import { expectKnown, expectOneOf } from "../../tensor/options.ts";
import { sameNumbers } from "../../tensor/parts.ts";
import { at } from "../../tensor/shapes.ts";
import { BLOCK } from "../../tensor/storage/q8.ts";
import type { Shape } from "../../tensor/tensor.ts";
import { show } from "../refuse.ts";
import type { TensorFile } from "../weightFile.ts";
import { architectureOf, type ConfigJson, configReader, headOf, ropeOf } from "./hfConfig.ts";
import { ggufKeys } from "./keys.ts";
import { type Heads, layoutOf } from "./layout.ts";
import { type Architecture, ggufName, isBuffer } from "./names.ts";
import { llama3Divisors } from "./rope.ts";
import { type TokenizerFiles, tokenizerKeys } from "./tokenizer.ts";
import { GGUF_TENSOR_TYPES, type GgufMetadata, type GgufTensorType } from "./types.ts";
import type { GgufContent, GgufTensor } from "./write.ts";

/** A checkpoint of Hugging Face's layout. */
export interface Checkpoint extends TokenizerFiles {
  readonly weights: TensorFile;
  /** config.json as it was parsed. */
  readonly config: ConfigJson;
}

/** How `toGguf` keeps matrices. */
export interface ToGgufOptions {
  /** How matrices are kept; as in the checkpoint where it is absent. Vectors are float32. */
  readonly dtype?: GgufTensorType;
  /** `general.name`. */
  readonly name?: string;
}

const fileTypes: Readonly<Record<GgufTensorType, number>> = { F32: 0, F16: 1, Q8_0: 7, BF16: 32 };

/**
 * A checkpoint as llama.cpp wants it: names, metadata, tokenizer, and tensors that are converted
 * when they are written.
 * @returns the content for `writeGguf`, and what of the model llama.cpp will compute otherwise
 * @throws DataError for models and tensors that llama.cpp does not have; RangeError for an unknown
 *   dtype
 */
export async function toGguf(
  checkpoint: Checkpoint,
  options: ToGgufOptions = {},
): Promise<GgufContent & { readonly warnings: readonly string[] }> {
  expectKnown("toGguf", options, ["dtype", "name"]);
  const { dtype, name } = options;
  if (dtype !== undefined) expectOneOf("toGguf: dtype", dtype, GGUF_TENSOR_TYPES);
  const { weights, config } = checkpoint;
  const arch = architectureOf(config);
  const keys = ggufKeys(config);
  const heads = headsOf(config, arch);
  const rows = await keptNames(weights, config, arch);
  const type = dtype ?? ownTypeOf(weights);
  const embedding = rows.find(({ to }) => to === "token_embd.weight");
  if (!embedding) throw new DataError("gguf: expected the embedding among the tensors, got none");
  const vocabSize = at(weights.shapeOf(embedding.from), 0);
  const tokenizer = tokenizerKeys(checkpoint, config, vocabSize);
  const metadata: GgufMetadata = {
    ...{ "general.architecture": arch, "general.type": "model" },
    ...(name !== undefined && { "general.name": name }),
    ...{ "general.file_type": fileTypes[type], "general.quantization_version": 2 },
    ...keys.metadata,
    [`${arch}.vocab_size`]: vocabSize,
    ...tokenizer.metadata,
  };
  return {
    metadata,
    types: { ...keys.types, ...tokenizer.types },
    tensors: [
      ...ropeTensors(config, arch),
      ...rows.map(({ from, to }) => converted(weights, from, to, arch, heads, type)),
    ],
    warnings: [...keys.warnings, ...tokenizer.warnings],
  };
}

export function headsOf(config: ConfigJson, arch: Architecture): Heads {
  const read = configReader(config);
  const heads = read.number(arch === "gpt2" ? "n_head" : "num_attention_heads");
  return { heads, kvHeads: read.number("num_key_value_heads", heads) };
}

interface Renamed {
  readonly from: string;
  readonly to: string;
}

/** Which tensors are written, under which names: not a head that is the embedding again. */
async function keptNames(
  weights: TensorFile,
  config: ConfigJson,
  arch: Architecture,
): Promise<readonly Renamed[]> {
  const rows = weights.names
    .filter((name) => !isBuffer(name))
    .map((from) => {
      const to = ggufName(from, arch);
      if (to !== undefined) return { from, to };
      throw new DataError(
        `gguf: expected tensors that llama.cpp has in ${arch}, got ${show(from)}`,
      );
    });
  const isTied =
    config["tie_word_embeddings"] ?? ["gemma2", "gemma3", "smollm3", "gpt2"].includes(arch);
  const head = rows.find(({ to }) => to === "output.weight");
  const embedding = rows.find(({ to }) => to === "token_embd.weight");
  if (!isTied && !head)
    throw new DataError(
      "gguf: expected lm_head.weight, since tie_word_embeddings is false, got none",
    );
  if (!isTied || !head || !embedding) return rows;
  const same = await sameNumbers(weights.stream(head.from), weights.stream(embedding.from));
  return same ? rows.filter((row) => row !== head) : rows;
}

/** The type most matrices have. */
function ownTypeOf(weights: TensorFile): GgufTensorType {
  const counts = { BF16: 0, F16: 0, Q8_0: 0, F32: 0 };
  for (const name of weights.names) {
    const type = weights.dtypeOf(name);
    const is = type === "BF16" || type === "F16" || type === "Q8_0" ? type : "F32";
    if (weights.shapeOf(name).length > 1) counts[is]++;
  }
  const types = Object.keys(counts) as GgufTensorType[];
  return types.reduce((a, b) => (counts[b] > counts[a] ? b : a));
}

function converted(
  weights: TensorFile,
  from: string,
  to: string,
  arch: Architecture,
  heads: Heads,
  type: GgufTensorType,
): GgufTensor {
  const layout = layoutOf(to, arch, heads);
  const own = weights.shapeOf(from);
  const shape: Shape = layout?.transposes ? own.toReversed() : own;
  return {
    ...{ name: to, shape, type: typeOf(to, shape, type) },
    read: () => {
      const tensor = weights.stream(from);
      return layout ? layout.toGguf(tensor) : tensor;
    },
  };
}

/** llama.cpp multiplies and adds vectors in float32; rows of other lengths have no blocks. */
function typeOf(name: string, shape: Shape, type: GgufTensorType): GgufTensorType {
  if (shape.length < 2 || name === "position_embd.weight") return "F32";
  return type === "Q8_0" && (shape.at(-1) ?? 1) % BLOCK !== 0 ? "F16" : type;
}

function ropeTensors(config: ConfigJson, arch: Architecture): GgufTensor[] {
  if (arch === "gpt2") return [];
  const { type, values, theta } = ropeOf(config, arch);
  const { width, turned } = headOf(config);
  const vector = (name: string, data: Float32Array): GgufTensor => ({
    ...{ name, shape: [data.length], type: "F32" },
    read: () => constant(data, [data.length]),
  });
  if (type === "llama3" && (arch === "llama" || arch === "granite"))
    return [vector("rope_freqs.weight", llama3Divisors(values, theta, width))];
  if (type !== "longrope" || arch !== "phi3") return [];
  return (["long", "short"] as const).map((which) => {
    const factors = values[`${which}_factor`];
    if (!Array.isArray(factors) || factors.length !== turned / 2)
      throw new DataError(
        `config.json: expected ${turned / 2} numbers for ${which}_factor, got ${show(factors)}`,
      );
    return vector(`rope_factors_${which}.weight`, Float32Array.from(factors));
  });
}
