import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { fromGguf } from "../../../src/weights/gguf/back.ts";
import { toGguf } from "../../../src/weights/gguf/convert.ts";
import { readGguf } from "../../../src/weights/gguf/read.ts";
import { ggufTokenizer } from "../../../src/weights/gguf/tokenizerJson.ts";
import { encodeGguf } from "../../../src/weights/gguf/write.ts";
import { openWeights } from "../../../src/weights/openWeights.ts";
import type { TensorFile } from "../../../src/weights/weightFile.ts";
import { checkpoints, isAbsent, models, reason } from "../checkpoints.ts";

const json = async (path: string) => JSON.parse(await readFile(`${checkpoints}/${path}`, "utf8"));
const folderOf = (model: string): string => (model === "stories260K" ? model : `models/${model}`);

function sameTensor(a: Tensor, b: Tensor, name: string): void {
  expect(a.shape, name).toEqual(b.shape);
  const [x, y] = [a, b].map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  expect(a.data.constructor).toBe(b.data.constructor);
  expect(x && y && Buffer.compare(x, y), name).toBe(0);
}

async function equalTensors(a: TensorFile, b: TensorFile): Promise<void> {
  expect(new Set(a.names)).toEqual(new Set(b.names));
  for (const name of a.names) sameTensor(await a.read(name), await b.read(name), name);
}

describe.skipIf(isAbsent)(`reference GGUF files${reason}`, () => {
  const f32 = ["llama3.2-tied", "qwen2-tied", "qwen3-tied"];

  test.each(f32)("%s.gguf holds its model to the bit, under its names", async (model) => {
    const file = await readGguf(`${checkpoints}/gguf/${model}.gguf`);
    const { weights, config } = await fromGguf(file);
    await equalTensors(weights, await openWeights(`${checkpoints}/models/${model}`));
    const wanted = await json(`models/${model}/config.json`);
    for (const key of Object.keys(config))
      if (wanted[key] !== undefined && !["eos_token_id", "rope_scaling"].includes(key))
        expect(config[key] ?? null, key).toEqual(wanted[key]);
    if (model === "llama3.2-tied") expect(config["rope_scaling"]).toEqual(wanted.rope_scaling);
  });

  test.each([...f32, "stories260K-q8_0"])("%s.gguf is written again as it was", async (name) => {
    const path = `${checkpoints}/gguf/${name}.gguf`;
    const file = await readGguf(path);
    const tensors = file.names.map((tensor) => ({
      ...{ name: tensor, shape: file.shapeOf(tensor) },
      type: file.dtypeOf(tensor) as "F32",
      read: () => file.read(tensor),
    }));
    const again = await encodeGguf({ ...file, tensors });
    expect(Buffer.compare(again, await readFile(path))).toBe(0);
  });

  test.each(f32)("%s becomes the tensors and keys of the reference", async (model) => {
    const weights = await openWeights(`${checkpoints}/models/${model}`);
    for (const form of ["config.json", "config.v5.json"]) {
      const config = await json(`models/${model}/${form}`);
      const content = await toGguf({ weights, config }, { dtype: "F32", name: `tiny ${model}` });
      const ours = await readGguf(await encodeGguf(content));
      const reference = await readGguf(`${checkpoints}/gguf/${model}.gguf`);
      for (const [key, value] of Object.entries(reference.metadata))
        if (!key.startsWith("tokenizer.")) {
          expect(ours.metadata[key], key).toEqual(value);
          expect(ours.types[key], key).toBe(reference.types[key]);
        }
      await equalTensors(ours, reference);
    }
  });

  test("the trained model in Q8_0: tokenizer, tensors and keys of the reference", async () => {
    const weights = await openWeights(`${checkpoints}/stories260K`);
    const [config, tokenizer, tokenizerConfig] = await Promise.all(
      ["config", "tokenizer", "tokenizer_config"].map((name) => json(`stories260K/${name}.json`)),
    );
    const content = await toGguf(
      { weights, config, tokenizer, tokenizerConfig },
      { dtype: "Q8_0", name: "stories260K" },
    );
    expect(content.warnings).toEqual([]);
    const ours = await readGguf(await encodeGguf(content));
    const reference = await readGguf(`${checkpoints}/gguf/stories260K-q8_0.gguf`);
    expect(ours.metadata).toEqual(reference.metadata);
    expect(ours.types).toEqual(reference.types);
    await equalTensors(ours, reference);
  });

  test("a tokenizer.json comes back from the metadata", async () => {
    const { metadata } = await readGguf(`${checkpoints}/gguf/stories260K-q8_0.gguf`);
    const { tokenizer } = ggufTokenizer(metadata);
    expect(tokenizer).toEqual(await json("stories260K/tokenizer.json"));
  });
});

describe.skipIf(isAbsent)(`checkpoints through GGUF${reason}`, () => {
  test.each([...models, "stories260K"])("%s comes back to the bit", async (model) => {
    const folder = folderOf(model);
    const weights = await openWeights(`${checkpoints}/${folder}`);
    const config = await json(`${folder}/config.json`);
    for (const dtype of ["F32", undefined] as const) {
      const content = await toGguf({ weights, config }, dtype && { dtype });
      const back = await fromGguf(await readGguf(await encodeGguf(content)));
      const kept = weights.names.filter((name) => !/^h\.\d+\.attn\.bias$/.test(name));
      expect(new Set(back.weights.names)).toEqual(new Set(kept));
      for (const name of kept) {
        const original = await weights.read(name);
        const again = await back.weights.read(name);
        // Gemma's norms are stored as 1 + w, which float32 has exactly for |w| of 2^-16 and more.
        sameTensor(again, original, name);
      }
      for (const key of ["hidden_size", "rope_theta", "rms_norm_eps", "n_embd", "head_dim"])
        if (config[key] !== undefined) expect(back.config[key], key).toBe(config[key]);
    }
  });

  test("what llama.cpp computes otherwise is told", async () => {
    const warned = new Map<string, readonly string[]>();
    for (const model of models) {
      const weights = await openWeights(`${checkpoints}/models/${model}`);
      for (const form of ["config", "config.v5"]) {
        const { warnings } = await toGguf({
          weights,
          config: await json(`models/${model}/${form}.json`),
        });
        const told = warnings.filter((text) => !text.includes("tokenizer.json"));
        if (form === "config") warned.set(model, told);
        else expect(told, model).toEqual(warned.get(model));
      }
    }
    const differing = [...warned].filter(([, told]) => told.length > 0).map(([model]) => model);
    // The rows of llama.cpp's agreement whose log-probabilities are off by more than 1e-3, and
    // Phi-3, whose window llama.cpp leaves out.
    expect(differing.sort()).toEqual([
      ...["gemma2", "gemma3-text", "llama-rope-dynamic", "mistral-sliding", "phi3-mini"],
      ...["qwen2-sliding", "smollm3"],
    ]);
  });
});

test.skipIf(isAbsent)(`openWeights opens a GGUF file as a checkpoint${reason}`, async () => {
  const file = await openWeights(`${checkpoints}/gguf/qwen2-tied.gguf`);
  await equalTensors(file, await openWeights(`${checkpoints}/models/qwen2-tied`));
  await expect(openWeights(`${checkpoints}/gguf`)).rejects.toThrow("give the file's path");
});
