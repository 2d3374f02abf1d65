import { describe, expect, test } from "vitest";
import { generationOptionsOf } from "../../../src/nn/generate/generationConfig.ts";
import { DataError } from "../../../src/tensor/errors.ts";

const of = (json: unknown) => generationOptionsOf(json, "m/generation_config.json");

describe("generationOptionsOf(json, path)", () => {
  test("reads what published checkpoints say", () => {
    // The shapes of Llama 3.x's, Qwen3's and Qwen2.5's files.
    const llama = {
      ...{ bos_token_id: 128000, do_sample: true, eos_token_id: [128001, 128008, 128009] },
      ...{ temperature: 0.6, top_p: 0.9, transformers_version: "4.45.0" },
    };
    expect(of(llama)).toEqual({
      ...{ temperature: 0.6, topK: 50, topP: 0.9, stopTokens: [128001, 128008, 128009] },
    });
    const qwen = {
      ...{ bos_token_id: 151643, pad_token_id: 151643, do_sample: true, temperature: 0.7 },
      ...{ repetition_penalty: 1.05, top_k: 20, top_p: 0.8, eos_token_id: [151645, 151643] },
    };
    expect(of(qwen)).toEqual({
      ...{ temperature: 0.7, topK: 20, topP: 0.8, repetitionPenalty: 1.05 },
      stopTokens: [151645, 151643],
    });
  });

  test("asks for the likeliest token unless it samples", () => {
    expect(of({})).toEqual({ temperature: 0, stopTokens: [] });
    expect(of({ temperature: 0.6, top_k: 3, eos_token_id: 2 })).toEqual({
      ...{ temperature: 0, stopTokens: [2] },
    });
    expect(of({ do_sample: true, top_k: 0, min_p: 0.1, max_new_tokens: 9 })).toEqual({
      ...{ temperature: 1, minP: 0.1, maxNewTokens: 9, stopTokens: [] },
    });
    expect(of({ eos_token_id: null, num_beams: 1, guidance_scale: null })).toEqual({
      ...{ temperature: 0, stopTokens: [] },
    });
  });

  test.each([
    [[], "expected a JSON object, got a list"],
    [{ temperature: "hot" }, 'temperature: expected a number ≥ 0, got "hot"'],
    [{ top_k: -1 }, "top_k: expected a whole number ≥ 0, got -1"],
    [{ top_p: 2 }, "top_p: expected a number in [0, 1], got 2"],
    [{ repetition_penalty: 0 }, "repetition_penalty: expected a number > 0, got 0"],
    [{ do_sample: 1 }, "do_sample: expected true or false, got 1"],
    [{ eos_token_id: [1, "2"] }, "eos_token_id: expected a token id or a list of them, got a list"],
    [{ eos_token_id: -1 }, "eos_token_id: expected a token id or a list of them, got -1"],
    [{ num_beams: 4 }, "num_beams: expected nothing, as it is not supported here, got 4"],
    [{ no_repeat_ngram_size: 3 }, "no_repeat_ngram_size: expected nothing"],
    [{ suppress_tokens: [1] }, "suppress_tokens: expected nothing"],
  ])("refuses %j", (json, why) => {
    expect(() => of(json)).toThrow(DataError);
    expect(() => of(json)).toThrow(`m/generation_config.json: ${why}`);
  });
});
