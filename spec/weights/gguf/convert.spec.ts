import { describe, expect, test } from "vitest";
import { constant } from "../../../src/tensor/apply.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { inParts } from "../../../src/tensor/parts.ts";
import { sizeOf } from "../../../src/tensor/shapes.ts";
import { fromGguf } from "../../../src/weights/gguf/back.ts";
import { toGguf } from "../../../src/weights/gguf/convert.ts";
import { type Architecture, ggufName, huggingFaceName } from "../../../src/weights/gguf/names.ts";
import { preOf, preTokenizerOf } from "../../../src/weights/gguf/pre.ts";
import { readGguf } from "../../../src/weights/gguf/read.ts";
import { kinds, tokenizerKeys } from "../../../src/weights/gguf/tokenizer.ts";
import { ggufTokenizer } from "../../../src/weights/gguf/tokenizerJson.ts";
import { encodeGguf } from "../../../src/weights/gguf/write.ts";
import { reading, rowsIn, type TensorFile } from "../../../src/weights/weightFile.ts";

/** Tensors of these shapes with numbers that tell them apart. */
function fileOf(shapes: Readonly<Record<string, readonly number[]>>): TensorFile {
  const read = (name: string) => {
    const shape = shapes[name] ?? [];
    const seed = name.length;
    return constant(
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.fround(Math.sin(seed + i))),
      shape,
    );
  };
  return {
    names: Object.keys(shapes),
    dtypeOf: () => "F32",
    shapeOf: (name) => shapes[name] ?? [],
    ...reading((name, rows) => rowsIn(inParts(read(name)), rows, name)),
  };
}

const config = {
  ...{ model_type: "llama", vocab_size: 6, hidden_size: 4, intermediate_size: 8 },
  ...{ num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 1, head_dim: 4 },
  ...{ max_position_embeddings: 64, rms_norm_eps: 1e-5, tie_word_embeddings: true },
};
const shapes = {
  "model.embed_tokens.weight": [6, 4],
  "model.layers.0.self_attn.q_proj.weight": [8, 4],
  "model.layers.0.self_attn.q_proj.bias": [8],
  "model.layers.0.self_attn.k_proj.weight": [4, 4],
  "model.norm.weight": [4],
};

describe("a model of our own", () => {
  test("q and k go from halves to neighbours and back, rows too", async () => {
    const weights = fileOf(shapes);
    const ours = await readGguf(await encodeGguf(await toGguf({ weights, config })));
    const bias = (await weights.read("model.layers.0.self_attn.q_proj.bias")).data;
    expect([...(await ours.read("blk.0.attn_q.bias")).data]).toEqual(
      [0, 2, 1, 3, 4, 6, 5, 7].map((i) => bias[i]),
    );
    const back = (await fromGguf(ours)).weights;
    for (const name of weights.names)
      expect((await back.read(name)).data).toEqual((await weights.read(name)).data);
    const q = "model.layers.0.self_attn.q_proj.weight";
    expect(await back.read(q, [1, 3])).toEqual(await weights.read(q, [1, 3]));
  });

  test("a head that is the embedding again is left out, another one stays", async () => {
    const head = { ...shapes, "lm_head.weight": [6, 4] };
    const weights = fileOf(head);
    const tied = await toGguf({
      weights: {
        ...weights,
        ...reading((name) =>
          weights.stream(name === "lm_head.weight" ? "model.embed_tokens.weight" : name),
        ),
      },
      config,
    });
    expect(tied.tensors.map(({ name }) => name)).not.toContain("output.weight");
    const untied = await toGguf({ weights, config });
    expect(untied.tensors.map(({ name }) => name)).toContain("output.weight");
  });

  test.each([0, -2, 0.5, 3])("%d heads are refused by a DataError", async (heads) => {
    const weights = fileOf(shapes);
    const wrong = { ...config, num_attention_heads: heads };
    const content = await toGguf({ weights, config: wrong });
    await expect(encodeGguf(content)).rejects.toThrow(DataError);
  });

  test.each<[string, object, object, RegExp]>([
    ["an unknown model type", { model_type: "mamba" }, {}, /model_type of llama.*got "mamba"/],
    ["a missing number", { hidden_size: null }, {}, /a number for hidden_size, got none/],
    ["a wrong number", { rms_norm_eps: "1e-5" }, {}, /rms_norm_eps, got "1e-5"/],
    ["an untied model without head", { tie_word_embeddings: false }, {}, /expected lm_head/],
    ["a tensor llama.cpp lacks", {}, { "model.layers.0.lora_A.weight": [1] }, /lora_A/],
  ])("%s is refused", async (_, change, more, message) => {
    const weights = fileOf({ ...shapes, ...more });
    const converting = toGguf({ weights, config: { ...config, ...change } });
    await expect(converting).rejects.toThrow(DataError);
    await expect(converting).rejects.toThrow(message);
  });
});

test("names of every architecture come back", () => {
  const parts: Readonly<Record<Architecture, readonly string[]>> = {
    ...{ llama: [], qwen2: [], qwen3: ["self_attn.q_norm.weight"], granite: [], smollm3: [] },
    phi3: ["self_attn.qkv_proj.weight", "mlp.gate_up_proj.weight"],
    olmo2: ["self_attn.q_norm.weight", "post_feedforward_layernorm.weight"],
    gemma2: ["pre_feedforward_layernorm.weight", "post_attention_layernorm.weight"],
    gemma3: ["self_attn.k_norm.weight", "post_feedforward_layernorm.weight"],
    gpt2: [],
  };
  for (const [arch, own] of Object.entries(parts) as [Architecture, readonly string[]][]) {
    const names =
      arch === "gpt2"
        ? [
            "wte.weight",
            "wpe.weight",
            "h.11.attn.c_attn.bias",
            "h.0.mlp.c_proj.weight",
            "ln_f.bias",
          ]
        : [
            ...["model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"],
            ...[...own, "mlp.down_proj.weight"].map((part) => `model.layers.17.${part}`),
          ];
    for (const name of names) {
      const to = ggufName(name, arch);
      expect(to && huggingFaceName(to, arch), `${arch} ${name} ${to}`).toBe(name);
    }
  }
  expect(ggufName("transformer.h.3.ln_1.weight", "gpt2")).toBe("blk.3.attn_norm.weight");
  expect(ggufName("model.layers.0.toString.weight", "llama")).toBeUndefined();
  expect(huggingFaceName("rope_freqs.weight", "llama")).toBeUndefined();
});

describe("byte-level tokenizers", () => {
  const pres = ["llama-bpe", "smaug-bpe", "qwen2", "tekken", "gpt-4o", "smollm", "gpt-2"];

  test.each(pres)("%s is recognised by what tokenizer.json says", (name) => {
    const pre = preTokenizerOf(name);
    expect(pre && preOf(pre.preTokenizer, pre.ignoreMerges)).toBe(name);
  });

  const tokenizer = {
    added_tokens: [
      { id: 4, content: "<|end|>", special: true },
      { id: 5, content: "<think>", special: false },
    ],
    normalizer: { type: "NFC" },
    pre_tokenizer: preTokenizerOf("qwen2")?.preTokenizer,
    post_processor: null,
    model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2, Ġ: 3 }, merges: [["a", "b"]] },
  };
  const read = (more: object = {}, rows = 8) =>
    tokenizerKeys(
      { tokenizer: { ...tokenizer, ...more }, chatTemplate: "{{ messages }}" },
      { eos_token_id: [4, 5] },
      rows,
    );

  test("tokens, kinds, fillers, merges, ends, template", () => {
    expect(read()).toEqual({
      metadata: {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.tokens": ["a", "b", "ab", "Ġ", "<|end|>", "<think>", "[PAD6]", "[PAD7]"],
        "tokenizer.ggml.token_type": Int32Array.of(1, 1, 1, 1, kinds.control, kinds.user, 5, 5),
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.eos_token_id": 4,
        "tokenizer.ggml.eot_token_id": 5,
        "tokenizer.ggml.add_bos_token": false,
        "tokenizer.chat_template": "{{ messages }}",
      },
      types: {},
      warnings: [],
    });
  });

  test("come back as a tokenizer.json", () => {
    const back = ggufTokenizer(read().metadata);
    expect(back.chatTemplate).toBe("{{ messages }}");
    expect(back.tokenizer).toMatchObject({
      ...{ normalizer: tokenizer.normalizer, pre_tokenizer: tokenizer.pre_tokenizer },
      added_tokens: tokenizer.added_tokens,
      model: { vocab: { ...tokenizer.model.vocab, "<|end|>": 4, "<think>": 5 }, merges: ["a b"] },
    });
  });

  test("what llama.cpp cannot do the same is told", () => {
    const split = { type: "Split", pattern: { Regex: "x" } };
    const other = {
      type: "Sequence",
      pretokenizers: [split, { type: "ByteLevel", use_regex: false }],
    };
    expect(read({ pre_tokenizer: other }).warnings).toEqual([
      expect.stringContaining("no name for"),
    ]);
    expect(read({}, 5).warnings).toEqual([expect.stringContaining("1 tokens beyond the 5 rows")]);
    const spm = { pre_tokenizer: null, model: { ...tokenizer.model, byte_fallback: true } };
    expect(read(spm).warnings).toEqual([expect.stringContaining("without byte tokens")]);
  });

  test.each([
    ["no model", { model: 3 }],
    ["no vocabulary", { model: { type: "BPE" } }],
    ["an id that is none", { model: { type: "BPE", vocab: { a: "0" } } }],
    ["another kind", { pre_tokenizer: null, model: { type: "WordPiece", vocab: { a: 0 } } }],
    ["a merge of three", { model: { ...tokenizer.model, merges: [["a", "b", "c"]] } }],
  ])("%s is refused", (_, more) => {
    expect(() => read(more)).toThrow(DataError);
  });
});
