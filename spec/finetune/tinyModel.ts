import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createEngine } from "../../src/engines/create.ts";
import { transformer } from "../../src/nn/transformer.ts";
import { mul } from "../../src/tensor/ops.ts";
import { key } from "../../src/tensor/random.ts";
import { writeSafetensors } from "../../src/weights/write.ts";
import { byteLevel, byteLevelJson, template, tokenizerConfig } from "../text/tiny.ts";

/** A random Llama of a few thousand numbers with a tokenizer and a chat template, as a folder. */
export async function writeTinyModel(
  folder: string,
  { layers = 1, width = 16 }: { readonly layers?: number; readonly width?: number } = {},
): Promise<string> {
  const hidden = width === 16 ? 24 : 2 * width;
  const model = transformer({
    ...{ vocabSize: byteLevel.vocabSize, contextLength: 64, layers, heads: 2, width },
    ...{ hidden, tieEmbeddings: false },
  });
  await using engine = await createEngine({ backend: "reference" });
  const tensors = await engine.run(() => {
    const params = model.init(key(1));
    // An adapter leaves the head as it is, so that it must be able to tell tokens apart.
    const head = params["lm_head.weight"];
    return head ? { ...params, "lm_head.weight": mul(head, 40) } : params;
  });
  const config = {
    ...{ model_type: "llama", architectures: ["LlamaForCausalLM"], hidden_act: "silu" },
    ...{ vocab_size: model.config.vocabSize, max_position_embeddings: 64, rms_norm_eps: 1e-5 },
    ...{ hidden_size: width, intermediate_size: hidden, num_hidden_layers: layers },
    ...{ num_attention_heads: 2, num_key_value_heads: 2, rope_theta: 10000 },
    ...{ tie_word_embeddings: false, bos_token_id: 1, eos_token_id: 2, torch_dtype: "float32" },
  };
  await mkdir(folder, { recursive: true });
  const write = (name: string, value: unknown) =>
    writeFile(join(folder, name), JSON.stringify(value));
  await write("config.json", config);
  await write("tokenizer.json", byteLevelJson());
  await write("tokenizer_config.json", { ...tokenizerConfig, chat_template: template.marked });
  await writeSafetensors(
    join(folder, "model.safetensors"),
    { tensors, metadata: { format: "pt" } },
    { dtype: "F32" },
  );
  return folder;
}

export const jsonl = (rows: readonly object[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join("");
