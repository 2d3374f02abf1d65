import { DataError } from "../../tensor/errors.ts";
import { isCount } from "../../tensor/shapes.ts";
import type { GenerateOptions, SamplingOptions } from "./options.ts";

/** What a checkpoint says about how it wants to be generated from. */
export interface GenerationDefaults extends SamplingOptions {
  readonly temperature: number;
  /** Each ends a sequence; where config.json says otherwise, these hold. */
  readonly stopTokens: Required<GenerateOptions>["stopTokens"];
  readonly maxNewTokens?: number;
}

/** Of samples where generation_config.json does not say: transformers' own. */
const DEFAULTS = { temperature: 1, topK: 50 };

/** Keys of rules that are not known here, with the values that switch them off beside null, false
 * and what is empty. Keys that are in no list act in no rule of transformers'. */
const OFF: Readonly<Record<string, readonly unknown[]>> = {
  ...{ num_beams: [1], num_beam_groups: [1], num_return_sequences: [1], diversity_penalty: [0] },
  ...{ no_repeat_ngram_size: [0], encoder_no_repeat_ngram_size: [0], min_length: [0] },
  ...{ min_new_tokens: [0], encoder_repetition_penalty: [1], guidance_scale: [1], typical_p: [1] },
  ...{ epsilon_cutoff: [0], eta_cutoff: [0], penalty_alpha: [0], top_h: [], dola_layers: [] },
  ...{ bad_words_ids: [], force_words_ids: [], constraints: [], sequence_bias: [] },
  ...{ suppress_tokens: [], begin_suppress_tokens: [], forced_bos_token_id: [] },
  ...{ forced_eos_token_id: [], forced_decoder_ids: [], exponential_decay_length_penalty: [] },
  ...{ stop_strings: [], watermarking_config: [] },
};

/**
 * Reads generation_config.json: the options of `generate` that a checkpoint asks for. Without
 * do_sample it asks for the likeliest token.
 * @param path where it comes from, for messages
 * @throws DataError with path and key for what cannot be, or asks for what is not known here
 */
export function generationOptionsOf(json: unknown, path: string): GenerationDefaults {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new DataError(`${path}: expected a JSON object, got ${shown(json)}`);
  const record = json as Readonly<Record<string, unknown>>;
  const fail = (key: string, expected: string): never => {
    throw new DataError(`${path}: ${key}: expected ${expected}, got ${shown(record[key])}`);
  };
  for (const [key, values] of Object.entries(OFF))
    if (!isOff(record[key]) && !values.includes(record[key]))
      fail(key, "nothing, as it is not supported here");
  const number = (key: string, is: (x: number) => boolean, expected: string) => {
    const value = record[key] ?? undefined;
    if (value === undefined) return undefined;
    return typeof value === "number" && is(value) ? value : fail(key, expected);
  };
  const isShare = (p: number) => p >= 0 && p <= 1;
  const samples = record["do_sample"] ?? false;
  if (typeof samples !== "boolean") fail("do_sample", "true or false");
  const given = {
    temperature: number("temperature", (t) => t >= 0 && Number.isFinite(t), "a number ≥ 0"),
    // 0 switches it off.
    topK: number("top_k", isCount, "a whole number ≥ 0"),
    topP: number("top_p", isShare, "a number in [0, 1]"),
    minP: number("min_p", isShare, "a number in [0, 1]"),
    repetitionPenalty: number(
      "repetition_penalty",
      (p) => p > 0 && Number.isFinite(p),
      "a number > 0",
    ),
    maxNewTokens: number("max_new_tokens", (n) => isCount(n) && n > 0, "a positive integer"),
  };
  const { temperature = DEFAULTS.temperature, topK = DEFAULTS.topK, topP, minP } = given;
  const { repetitionPenalty, maxNewTokens } = given;
  return {
    temperature: samples ? temperature : 0,
    ...(samples && topK > 0 && { topK }),
    ...(samples && topP !== undefined && { topP }),
    ...(samples && minP !== undefined && { minP }),
    ...(repetitionPenalty !== undefined && { repetitionPenalty }),
    ...(maxNewTokens !== undefined && { maxNewTokens }),
    stopTokens: stopTokensOf(record["eos_token_id"], () =>
      fail("eos_token_id", "a token id or a list of them"),
    ),
  };
}

function stopTokensOf(value: unknown, fail: () => never): readonly number[] {
  const ids: readonly unknown[] = Array.isArray(value) ? value : [value ?? []].flat();
  return ids.map((id) => (typeof id === "number" && isCount(id) ? id : fail()));
}

const isOff = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  (typeof value === "object" && Object.keys(value).length === 0);

function shown(value: unknown): string {
  if (typeof value === "object" && value !== null)
    return Array.isArray(value) ? "a list" : "an object";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
