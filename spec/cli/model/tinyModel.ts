import { loadModel } from "../../../src/finetune/load.ts";
import { saveAdapter, saveModel } from "../../../src/finetune/save.ts";
import { configOf } from "../../../src/nn/huggingFace/configOf.ts";
import { lora } from "../../../src/nn/lora.ts";
import { transformer } from "../../../src/nn/transformer.ts";
import { key, normal } from "../../../src/tensor/random.ts";
import { filesOf } from "../../../src/weights/modelFiles.ts";
import { encodeSafetensors } from "../../../src/weights/safetensors.ts";
import { byteLevelJson, sentencePieceJson, template, tokenizerConfig } from "../../text/tiny.ts";

const tokenizers = { byteLevel: byteLevelJson, sentencePiece: sentencePieceJson };
type TokenizerName = "byteLevel" | "sentencePiece";

export interface TinyOptions {
  readonly tokenizer?: TokenizerName;
  /** Whether it has a chat template. */
  readonly chat?: boolean;
  readonly seed?: number;
  readonly generation?: object;
}

/** Writes a random model with a tokenizer into a folder, as those of the Hub are. */
export async function tinyModel(
  folder: string,
  { tokenizer = "byteLevel", chat = false, seed = 0, generation }: TinyOptions = {},
): Promise<void> {
  const json = tokenizers[tokenizer]();
  const size = Object.keys(json.model["vocab"] as object).length;
  const config = {
    ...{ architectures: ["LlamaForCausalLM"], model_type: "llama", vocab_size: size + 3 },
    ...{ hidden_size: 32, intermediate_size: 48, num_hidden_layers: 2, num_attention_heads: 4 },
    ...{ num_key_value_heads: 2, max_position_embeddings: 256, rms_norm_eps: 1e-5 },
    ...{ rope_theta: 10000, tie_word_embeddings: true, torch_dtype: "float32" },
    ...{ bos_token_id: 1, eos_token_id: 2 },
  };
  const tensors = transformer(configOf(config, "config.json")).init(key(seed));
  const text = (value: unknown) => new Blob([JSON.stringify(value)]);
  const files = filesOf({
    "config.json": text(config),
    "model.safetensors": new Blob([
      encodeSafetensors({ tensors, metadata: {} }, () => "F32").slice().buffer as ArrayBuffer,
    ]),
    "tokenizer.json": text(json),
    "tokenizer_config.json": text(tokenizerConfig),
    ...(chat && { "chat_template.jinja": new Blob([template.plain]) }),
    ...(generation && { "generation_config.json": text(generation) }),
  });
  await saveModel(folder, await loadModel(files));
}

/** Writes an adapter over such a model that changes it. */
export async function tinyAdapter(folder: string, base: string): Promise<void> {
  const { params, model } = await loadModel(base);
  const adapter = lora({ rank: 2, alpha: 8 });
  const fresh = adapter.init(key(7), model, params);
  const changed = Object.fromEntries(
    Object.entries(fresh).map(([name, tensor], i) => [
      name,
      normal(key(100 + i), tensor.shape, { std: 0.2 }),
    ]),
  );
  await saveAdapter(folder, { adapter: adapter.config, params: changed, folder: base });
}
