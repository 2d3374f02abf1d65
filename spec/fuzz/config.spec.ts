import { describe, expect, test } from "vitest";
import { generationOptionsOf } from "../../src/nn/generate/generationConfig.ts";
import {
  adapterConfigJson,
  adapterConfigOf,
  configOf,
  lora,
  transformer,
} from "../../src/nn/index.ts";
import { constant } from "../../src/tensor/apply.ts";
import { sizeOf } from "../../src/tensor/shapes.ts";
import { readAdapter, writeAdapter } from "../../src/weights/adapterFiles.ts";
import { families } from "../nn/huggingFace/families.ts";
import { attack, mutants, mutate, mutateJson, mutateText } from "./mutants.ts";

const text = new TextDecoder();
const bytes = new TextEncoder();

describe("config.json", () => {
  test.each(Object.entries(families))(
    "of %s with other values is refused, or makes a model",
    async (_, valid) => {
      expect(transformer(configOf(valid, "config.json")).config.layers).toBeGreaterThan(1);
      const { fault } = await attack(
        mutants(400, Object.keys(families).length),
        (roll) => mutateJson(valid, roll),
        (json) => {
          const { shapes, config } = transformer(configOf(json, "config.json"));
          const sizes = Object.values(shapes).map(sizeOf);
          return config.width > 0 && sizes.every((size) => Number.isFinite(size) && size > 0);
        },
      );
      expect(fault).toBeUndefined();
    },
  );
});

describe("generation_config.json", () => {
  test("with other values is refused, or its numbers can be followed", async () => {
    const valid = {
      ...{ do_sample: true, temperature: 0.6, top_k: 40, top_p: 0.9, min_p: 0.05 },
      ...{ repetition_penalty: 1.1, max_new_tokens: 20, eos_token_id: [1, 2], bos_token_id: 0 },
    };
    const { fault } = await attack(
      mutants(2000),
      (roll) => mutateJson(valid, roll),
      (json) =>
        Object.values(generationOptionsOf(json, "generation_config.json")).every(
          (x) => typeof x !== "number" || Number.isFinite(x),
        ),
    );
    expect(fault).toBeUndefined();
  });
});

describe("a PEFT adapter", () => {
  const { config } = lora({
    ...{ rank: 2, targets: ["q_proj", "down_proj"], rankPattern: { "layers.0": 1 } },
    ...{ alphaPattern: { q_proj: 3 }, excludeModules: ["k_proj"], modulesToSave: ["lm_head"] },
  });
  const json: unknown = JSON.parse(adapterConfigJson(config, { base: "org/base" }));

  test("its config with other values is refused, or read back the same", async () => {
    const { fault } = await attack(
      mutants(2000),
      (roll) => mutateJson(json, roll),
      (mutant) => {
        const read = adapterConfigOf(mutant, "adapter_config.json");
        const again = adapterConfigOf(JSON.parse(adapterConfigJson(read)), "adapter_config.json");
        return JSON.stringify({ ...again, file: 0 }) === JSON.stringify({ ...read, file: 0 });
      },
    );
    expect(fault).toBeUndefined();
  });

  test("its folder with other bytes is refused, or consistent", async () => {
    const name = "base_model.model.model.layers.0.self_attn.q_proj";
    const params = {
      [`${name}.lora_A.weight`]: constant(Float32Array.from({ length: 8 }, Math.sqrt), [2, 4]),
      [`${name}.lora_B.weight`]: constant(Float32Array.from({ length: 8 }, Math.sin), [4, 2]),
    };
    const files = new Map<string, Uint8Array>();
    const write = async (path: string, content: string | Uint8Array): Promise<void> => {
      files.set(path, typeof content === "string" ? bytes.encode(content) : content);
    };
    await writeAdapter({ write }, "a", { config, params });
    const names = [...files.keys()].toSorted();
    expect(names).toEqual(["a/adapter_config.json", "a/adapter_model.safetensors"]);
    const { fault } = await attack(
      mutants(2000),
      (roll) => {
        const which = names[roll(2)] ?? "";
        const file = files.get(which) ?? new Uint8Array();
        const changed =
          which.endsWith(".json") && roll(2) === 0
            ? bytes.encode(mutateText(text.decode(file), roll))
            : mutate(file, roll);
        return new Map([...files, [which, changed] as const]);
      },
      async (mutant) => {
        const read = async (path: string) => mutant.get(path);
        const adapter = await readAdapter({ read }, "a");
        return Object.values(adapter.params).every(
          ({ data, shape }) => data.length === sizeOf(shape),
        );
      },
    );
    expect(fault).toBeUndefined();
  });
});
