import { writeOutput } from "../finetune/outputFolder.ts";
import { jsonText } from "../json/jsonText.ts";
import type { FullConfig, Params } from "../nn/config.ts";
import type { BpeFile } from "../text/bpe/file.ts";
import { writeWhole } from "../weights/files.ts";
import { writeSafetensors } from "../weights/write.ts";
import { chatTemplate, endOfText, specials, turnEnd } from "./chat.ts";

/** What was done and what came of it, in a base's folder. */
export const RECORD = "pretraining.json";

export interface Base {
  readonly config: FullConfig;
  readonly params: Params;
  readonly tokenizer: BpeFile;
  /** Of RECORD. */
  readonly record: unknown;
  /** README.md. */
  readonly card: string;
}

/** config.json of Llama's kind. */
const configJson = (config: FullConfig) => ({
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  vocab_size: config.vocabSize,
  hidden_size: config.width,
  intermediate_size: config.hidden,
  num_hidden_layers: config.layers,
  num_attention_heads: config.heads,
  num_key_value_heads: config.kvHeads,
  head_dim: config.headDim,
  max_position_embeddings: config.contextLength,
  rms_norm_eps: config.epsilon,
  rope_theta: config.ropeTheta,
  hidden_act: config.activation,
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: config.tieEmbeddings,
  ...{ bos_token_id: endOfText, eos_token_id: turnEnd, pad_token_id: endOfText },
  torch_dtype: "float32",
});

const tokenizerConfig = (contextLength: number) => ({
  tokenizer_class: "PreTrainedTokenizerFast",
  ...{
    bos_token: specials[endOfText],
    eos_token: specials[turnEnd],
    pad_token: specials[endOfText],
  },
  model_max_length: contextLength,
  clean_up_tokenization_spaces: false,
  chat_template: chatTemplate,
});

const generationConfig = {
  ...{ bos_token_id: endOfText, eos_token_id: [turnEnd, endOfText], pad_token_id: endOfText },
  do_sample: false,
};

/** Writes a base as a Hugging Face folder: whole or not at all. */
export async function writeBase(
  folder: string,
  { config, params, tokenizer, record, card }: Base,
  { overwrite }: { readonly overwrite: boolean },
): Promise<void> {
  await writeOutput(folder, { kind: "model", last: "config.json" }, { overwrite }, async (here) => {
    const write = (name: string, content: string) => writeWhole(`${here}/${name}`, content);
    const metadata = { format: "pt" };
    await writeSafetensors(`${here}/model.safetensors`, { tensors: params, metadata });
    await write("tokenizer.json", `${JSON.stringify(tokenizer)}\n`);
    await write("tokenizer_config.json", jsonText(tokenizerConfig(config.contextLength)));
    await write("generation_config.json", jsonText(generationConfig));
    await write(RECORD, jsonText(record));
    await write("README.md", card);
    await write("config.json", jsonText(configJson(config)));
  });
}
