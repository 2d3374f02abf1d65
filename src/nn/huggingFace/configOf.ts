import { isRecord } from "../../json/isRecord.ts";
import { DataError } from "../../tensor/errors.ts";
import { completeConfig, MOST_LAYERS } from "../completeConfig.ts";
import type { TransformerConfig } from "../config.ts";
import { expectSize, parameterShapes } from "../config.ts";
import { FAMILIES } from "./families.ts";
import { Fields, type Json } from "./fields.ts";
import { isIgnored } from "./ignored.ts";
import { layersOf } from "./layers.ts";
import { ropesOf } from "./ropes.ts";

/**
 * What a Hugging Face `config.json` says, as a `transformer`'s config: of Llama 2 and 3, SmolLM2 and
 * 3, Qwen2, 2.5 and 3, Mistral, OLMo 2, Granite, Phi-3 and Phi-4-mini, Gemma 2 and 3 (of multimodal
 * ones the language model) and GPT-2. Reads the Hub's spelling and that of transformers 5
 * (`rope_parameters`). A key that may change the forward pass and is not known is refused.
 * @param json the parsed file
 * @param path where it comes from, for messages
 * @returns plain JSON
 * @throws DataError with path and key
 * @example
 *   const config = configOf(JSON.parse(await readFile(path, "utf8")), path);
 *   const { params, config: loaded } = await paramsFrom(config, file);
 *   const model = transformer(loaded);
 */
export function configOf(json: unknown, path: string): TransformerConfig {
  if (!isRecord(json)) throw new DataError(`${path}: expected a JSON object, got ${typeof json}`);
  refuseQuantised(json, path);
  const text = textConfig(json);
  const type = text["model_type"];
  const family = typeof type === "string" ? FAMILIES[type] : undefined;
  if (!family)
    throw new DataError(
      `${path}: expected model_type to be one of ${Object.keys(FAMILIES).join(", ")}, ` +
        `got ${JSON.stringify(type)}`,
    );
  const fields = new Fields(text, path, family.defaults, family.spelling);
  const width = fields.count("hidden_size");
  const heads = fields.count("num_attention_heads");
  const layers = fields.count("num_hidden_layers");
  if (layers > MOST_LAYERS) fields.fail("num_hidden_layers", `at most ${MOST_LAYERS}`, layers);
  const headDim = fields.countOr("head_dim", Math.floor(width / heads));
  const config: TransformerConfig = {
    vocabSize: fields.count("vocab_size"),
    layers,
    width,
    heads,
    kvHeads: fields.countOrNone("num_key_value_heads") ?? heads,
    headDim,
    hidden: fields.countOr("intermediate_size", 4 * width),
    epsilon: fields.number("rms_norm_eps"),
    activation: activationOf(fields),
    tieEmbeddings: fields.flag("tie_word_embeddings"),
    ...ropesOf(fields, path, headDim),
    ...layersOf(fields, family, layers),
    ...family.variant(fields, width),
  };
  const dead = new Set(family.dead);
  const unknown = fields.unread().find((key) => !isIgnored(key) && !dead.has(key));
  if (unknown !== undefined)
    throw new DataError(
      `${path}: ${unknown}: ${JSON.stringify(text[unknown])} may change what a ${type} model ` +
        "computes, and is not known; remove it if it does not",
    );
  return checked(config, path);
}

/** Settings that contradict each other are the file's fault. */
function checked(config: TransformerConfig, path: string): TransformerConfig {
  try {
    expectSize(parameterShapes(completeConfig(config)));
    return config;
  } catch (error) {
    if (error instanceof RangeError) throw new DataError(`${path}: ${error.message}`);
    throw error;
  }
}

/** Gemma 3's multimodal files keep the language model's settings apart. */
export function textConfig(json: Json): Json {
  if (json["model_type"] !== "gemma3") return json;
  const { text_config: text, tie_word_embeddings: tie } = json;
  return {
    model_type: "gemma3_text",
    ...(tie !== undefined && { tie_word_embeddings: tie }),
    ...(isRecord(text) && text),
  };
}

function activationOf(fields: Fields): "silu" | "gelu" {
  const name = fields.text("hidden_act");
  if (name === "silu" || name === "swish") return "silu";
  if (name === "gelu_pytorch_tanh" || name === "gelu_new" || name === "gelu_fast") return "gelu";
  return fields.fail("hidden_act", "silu, gelu_pytorch_tanh or gelu_new", name);
}

function refuseQuantised(json: Json, path: string): void {
  const quantisation = json["quantization_config"] ?? json["compression_config"];
  if (!isRecord(quantisation)) return;
  const method = quantisation["quant_method"] ?? "an unnamed method";
  throw new DataError(
    `${path}: expected full-precision weights, got quantization_config of ${String(method)}: open ` +
      "the repository that it was quantised from, or dequantise it in transformers " +
      "(model.dequantize(), then save_pretrained)",
  );
}
