import type { TransformerConfig } from "../config.ts";
import { textConfig } from "./configOf.ts";
import type { Json } from "./fields.ts";

/**
 * The config.json of a fine-tuned checkpoint: the original's, with what loading may have found to be
 * otherwise made true. head_dim becomes explicit, since readers disagree on its default. Of a
 * multimodal original it describes the language model alone.
 * @param config of the parameters that are written
 * @param original the parsed config.json that they were loaded with
 */
export function huggingFaceConfig(config: TransformerConfig, original: Json): Json {
  const text = textConfig(original);
  const isAlone = text !== original;
  const { headDim, tieEmbeddings = false } = config;
  return {
    ...text,
    ...(isAlone && { architectures: ["Gemma3ForCausalLM"] }),
    ...(config.storage !== "gpt2" && headDim !== undefined && { head_dim: headDim }),
    tie_word_embeddings: tieEmbeddings,
  };
}
