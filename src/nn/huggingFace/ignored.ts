// biome-ignore format: a table
/** Keys of config.json that do not change the forward pass of a language model in evaluation. */
const IGNORED: ReadonlySet<string> = new Set([
  // what the file is
  "architectures", "auto_map", "model_type", "name_or_path", "model_name", "tokenizer_class",
  "torch_dtype", "dtype", "is_llama_config", "license",
  // training and its randomness
  "initializer_range", "attention_dropout", "attn_pdrop", "embd_pdrop", "resid_pdrop",
  "hidden_dropout", "dropout", "classifier_dropout", "pretraining_tp", "gradient_checkpointing",
  "reorder_and_upcast_attn", "z_loss_coefficient",
  // how a program runs it
  "use_cache", "cache_implementation", "attn_implementation", "return_dict", "torchscript",
  "use_bfloat16", "tf_legacy_loss", "chunk_size_feed_forward", "output_attentions",
  "output_hidden_states", "use_flash_attn", "unsloth_fixed", "layer_norm_eps_cast",
  // other heads than the language model's
  "id2label", "label2id", "num_labels", "finetuning_task", "task_specific_params", "problem_type",
  "summary_type", "summary_use_proj", "summary_activation", "summary_proj_to_labels",
  "summary_first_dropout",
  // generation: its home is generation_config.json
  "max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups",
  "diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty",
  "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids",
  "num_return_sequences", "output_scores", "return_dict_in_generate", "remove_invalid_values",
  "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens", "prefix",
  "generation_config",
  // said twice: the family reads another key
  "n_ctx", "sliding_window_size", "rope_theta_base", "model_max_length", "seq_length",
]);

/** Kinds of keys that do not change it either. */
const IGNORED_KINDS: readonly RegExp[] = [/^_/, /_token_ids?$/, /_token_index$/, /version$/];

export const isIgnored = (key: string): boolean =>
  IGNORED.has(key) || IGNORED_KINDS.some((kind) => kind.test(key));
