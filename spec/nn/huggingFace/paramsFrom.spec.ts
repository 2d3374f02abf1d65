import { describe, expect, test } from "vitest";
import {
  crossEntropy,
  generate,
  type Params,
  paramsFrom,
  type Transformer,
  tensorsFor,
  transformer,
} from "../../../src/nn/index.ts";
import { full, ids } from "../../../src/tensor/apply.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { grad } from "../../../src/tensor/grad.ts";
import { wholeOf } from "../../../src/tensor/parts.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { testEngine } from "../../testEngine.ts";
import { oracleLogits } from "../oracle.ts";
import { apart } from "./checkpoints.ts";
import { configFor, families, inMemory, randomFile, rowsOf } from "./families.ts";

const engine = await testEngine();

const sequence = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8];
const numbers = (x: Tensor | undefined) => [...(x?.data ?? [])];
async function written(tensors: ReturnType<typeof tensorsFor>): Promise<Record<string, Tensor>> {
  const all: Record<string, Tensor> = {};
  for (const { name, stream } of tensors) all[name] = await wholeOf(stream(), name);
  return all;
}

describe.each(Object.keys(families))("%s", (family) => {
  const config = configFor(family);
  const file = randomFile(config, 7);

  test("computes what plain loops compute, also token by token", async () => {
    const { params, config: found } = await paramsFrom(config, inMemory(file));
    const model = transformer(found);
    const wanted = oracleLogits(model.config, params, sequence);
    const { data } = await engine.run(() => model.apply(params, ids([sequence])));
    expect(apart(data, wanted.flat())).toBeLessThan(1e-11);
    // Continuations from a short prompt take what the loops find likeliest.
    const [got] = await generate(engine, {
      model,
      params,
      prompts: [sequence.slice(0, 2)],
      maxNewTokens: 8,
    });
    const grown = sequence.slice(0, 2);
    for (const token of got ?? []) {
      const row = at(oracleLogits(model.config, params, grown), grown.length - 1);
      expect(token).toBe(row.indexOf(Math.max(...row)));
      grown.push(token);
    }
  });

  test("is written as it was read", async () => {
    const { params, config: found } = await paramsFrom(config, inMemory(file));
    const back = await written(tensorsFor(found, params, Object.keys(file)));
    expect(Object.keys(back).sort()).toEqual(Object.keys(file).sort());
    for (const [name, tensor] of Object.entries(back)) {
      expect(tensor.shape, name).toEqual(file[name]?.shape);
      expect(numbers(tensor), name).toEqual(numbers(file[name]));
    }
  });

  test("names what is missing, misshaped or unknown", async () => {
    const name = Object.keys(file).find((each) => /layers\.1|h\.1/.test(each)) ?? "";
    const { [name]: gone, ...rest } = file;
    await expect(paramsFrom(config, inMemory(rest), "m")).rejects.toThrow(
      `m: expected a tensor ${name} [${gone?.shape.join(", ")}], got none`,
    );
    await expect(paramsFrom(config, inMemory({ ...rest, [name]: full([3], 0) }))).rejects.toThrow(
      `expected ${name} to be [${gone?.shape.join(", ")}], got [3]`,
    );
    const strange = inMemory({ ...file, "model.layers.0.self_attn.sinks": full([4], 0) });
    await expect(paramsFrom(config, strange)).rejects.toThrow(DataError);
    await expect(paramsFrom(config, strange)).rejects.toThrow(
      "model.layers.0.self_attn.sinks [4] belongs to no parameter",
    );
  });
});

describe("paramsFrom(config, file)", () => {
  test("splits fused rows in their order", async () => {
    const config = configFor("phi3");
    const file = randomFile(config, 1);
    const { params } = await paramsFrom(config, inMemory(file));
    const qkv = file["model.layers.0.self_attn.qkv_proj.weight"] as Tensor;
    const gateUp = file["model.layers.2.mlp.gate_up_proj.weight"] as Tensor;
    expect(qkv.shape).toEqual([32 + 16 + 16, 32]);
    const rows: [string, Tensor][] = [
      ["model.layers.0.self_attn.q_proj.weight", rowsOf(qkv, 0, 32)],
      ["model.layers.0.self_attn.k_proj.weight", rowsOf(qkv, 32, 48)],
      ["model.layers.0.self_attn.v_proj.weight", rowsOf(qkv, 48, 64)],
      ["model.layers.2.mlp.gate_proj.weight", rowsOf(gateUp, 0, 10)],
      ["model.layers.2.mlp.up_proj.weight", rowsOf(gateUp, 10, 20)],
    ];
    for (const [name, wanted] of rows) expect(numbers(params[name])).toEqual(numbers(wanted));
  });

  test("turns GPT-2's matrices, with its prefix or without, and passes its masks over", async () => {
    const config = configFor("gpt2");
    const file = randomFile(config, 2);
    const { params } = await paramsFrom(config, inMemory(file));
    const attention = file["h.1.attn.c_attn.weight"] as Tensor; // [in, 3 · out]
    expect(attention.shape).toEqual([12, 36]);
    const key = params["model.layers.1.self_attn.k_proj.weight"] as Tensor; // [out, in]
    for (let r = 0; r < 12; r++)
      for (let c = 0; c < 12; c++)
        expect(key.data[r * 12 + c]).toBe(attention.data[c * 36 + 12 + r]);
    const bias = file["h.1.attn.c_attn.bias"] as Tensor;
    expect(numbers(params["model.layers.1.self_attn.v_proj.bias"])).toEqual(
      numbers(rowsOf(bias, 24, 36)),
    );
    const prefixed = Object.fromEntries(
      Object.entries(file).map(([name, tensor]) => [`transformer.${name}`, tensor]),
    );
    const masks = {
      "transformer.h.0.attn.bias": full([1, 1, 16, 16], 1),
      "transformer.h.0.attn.masked_bias": full([], -1e4),
    };
    const other = await paramsFrom(config, inMemory({ ...prefixed, ...masks }));
    expect(Object.keys(other.params)).toEqual(Object.keys(params));
    expect(tensorsFor(config, params, Object.keys(prefixed)).map(({ name }) => name)).toEqual(
      Object.keys(prefixed),
    );
  });

  test.each([
    ["language_model.model.", "language_model.lm_head."],
    ["model.language_model.", "lm_head."],
    ["", "lm_head."],
  ])("finds the language model under %s", async (prefix, head) => {
    const config = { ...configFor("gemma3_text"), tieEmbeddings: false };
    const file = randomFile(config, 3);
    const renamed = Object.fromEntries(
      Object.entries(file).map(([name, tensor]) => [
        name.replace(/^model\./, prefix).replace(/^lm_head\./, head),
        tensor,
      ]),
    );
    const tower = prefix === "" ? {} : { "vision_tower.blocks.0.weight": full([2, 2], 0) };
    const { params } = await paramsFrom(config, inMemory({ ...renamed, ...tower }));
    for (const [name, tensor] of Object.entries(file))
      expect(numbers(params[name])).toEqual(numbers(tensor));
  });

  test("passes tables of angles over", async () => {
    const config = configFor("llama");
    const file = randomFile(config, 4);
    const table = { "model.layers.0.self_attn.rotary_emb.inv_freq": full([2], 1) };
    await expect(paramsFrom(config, inMemory({ ...file, ...table }))).resolves.toBeDefined();
  });
});

describe("whether the head is the embedding", () => {
  const [EMBEDDING, HEAD] = ["model.embed_tokens.weight", "lm_head.weight"];
  const tied = configFor("qwen3");
  const untied = { ...tied, tieEmbeddings: false };
  const file = randomFile(untied, 5);
  const { [HEAD]: ownHead, [EMBEDDING]: embedding, ...body } = file;
  const given = (heads: Record<string, Tensor | undefined>) =>
    inMemory({ ...body, ...heads } as Record<string, Tensor>);

  test("tied, without a head: tied", async () => {
    const { config, params, warnings } = await paramsFrom(tied, given({ [EMBEDDING]: embedding }));
    expect([config.tieEmbeddings, HEAD in params, warnings]).toEqual([true, false, []]);
  });

  test("tied, with an equal head: tied", async () => {
    const both = given({ [EMBEDDING]: embedding, [HEAD]: embedding });
    const { config, params, warnings } = await paramsFrom(tied, both);
    expect([config.tieEmbeddings, HEAD in params, warnings]).toEqual([true, false, []]);
  });

  test("tied, with another head: both, and a warning", async () => {
    const both = given({ [EMBEDDING]: embedding, [HEAD]: ownHead });
    const { config, params, warnings } = await paramsFrom(tied, both);
    expect(config.tieEmbeddings).toBe(false);
    expect(numbers(params[HEAD])).toEqual(numbers(ownHead));
    expect(warnings).toEqual([
      `${HEAD} differs from ${EMBEDDING} although tie_word_embeddings is true: both are kept`,
    ]);
    expect(tensorsFor(config, params).map(({ name }) => name)).toContain(HEAD);
  });

  test("tied, without an embedding: the head serves", async () => {
    const { config, params, warnings } = await paramsFrom(tied, given({ [HEAD]: ownHead }));
    expect(config.tieEmbeddings).toBe(true);
    expect(numbers(params[EMBEDDING])).toEqual(numbers(ownHead));
    expect(warnings).toEqual([`${EMBEDDING} is not there: ${HEAD} serves as the embedding`]);
  });

  test("untied, without a head: refused, with advice", async () => {
    await expect(paramsFrom(untied, given({ [EMBEDDING]: embedding }), "m")).rejects.toThrow(
      `m: expected a tensor ${HEAD} [13, 12], got none; if the model's head is its embedding, set`,
    );
  });

  test("a tied gradient is the sum of both uses", async () => {
    const { params } = await paramsFrom(tied, inMemory(randomFile(tied, 6)));
    const both = { ...params, [HEAD]: params[EMBEDDING] as Tensor };
    const tokens = ids([sequence]);
    const gradient = (model: Transformer, p: Params) =>
      engine.run(() => grad((x: Params) => crossEntropy(model.apply(x, tokens), tokens))(p));
    const one = await gradient(transformer(tied), params);
    const two = await gradient(transformer(untied), both);
    const head = numbers(two[HEAD]);
    const sum = numbers(two[EMBEDDING]).map((x, i) => x + at(head, i));
    expect(apart(numbers(one[EMBEDDING]), sum)).toBeLessThan(1e-12);
  });
});
