import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { type LoadedModel, loadModel } from "../../src/finetune/load.ts";
import { saveAdapter, saveGguf, saveModel } from "../../src/finetune/save.ts";
import { ids } from "../../src/tensor/apply.ts";
import { thisProcess } from "../../src/weights/disk/owner.ts";
import { ownerMark } from "../../src/weights/disk/temporary.ts";
import { filesOf } from "../../src/weights/modelFiles.ts";
import { openWeights } from "../../src/weights/openWeights.ts";
import { apart, checkpoint } from "../nn/huggingFace/checkpoints.ts";
import { checkpoints, isAbsent, models, reason } from "../weights/checkpoints.ts";
import { writeTinyModel } from "./tinyModel.ts";

let place: string;
let engine: Engine;
let wasm: Engine;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  engine = await createEngine({ backend: "reference" });
  wasm = await createEngine({ backend: "wasm", threads: 1 });
});
afterAll(async () => {
  await Promise.all([engine.close(), wasm.close()]);
  await rm(place, { recursive: true });
});

const inputs = (name: string) => ids(checkpoint(name).reference.input_ids);

async function logitsOf({ model, params }: LoadedModel, name: string, on = engine) {
  const { data } = await on.run(() => model.apply(params, inputs(name)));
  return data;
}

const logits64 = async (name: string) =>
  (await (await checkpoint(name).numbers()).read("logits64")).data as Float64Array;

describe.skipIf(isAbsent)(`checkpoints${reason}`, () => {
  test.each(models)("%s: loaded, its logits are those of transformers", async (name) => {
    const loaded = await loadModel(`${checkpoints}/models/${name}`);
    // transformers has dynamic rope's base in float32.
    const tolerance = name === "llama-rope-dynamic" ? 1e-6 : 1e-9;
    expect(apart(await logitsOf(loaded, name), await logits64(name))).toBeLessThan(tolerance);
    expect(loaded.tokenizer).toBeUndefined();
    expect(loaded.generation.tokenizerSize).toBe(loaded.config.vocabSize);
  });

  test("on an engine the parameters are there, one by one, and nothing is on the host", async () => {
    const name = "phi3-mini";
    const { buffers } = wasm.memory();
    const loaded = await loadModel(`${checkpoints}/models/${name}`, { engine: wasm });
    expect(Object.values(loaded.params).map(({ op }) => op)).not.toContain("constant");
    expect(apart(await logitsOf(loaded, name, wasm), await logits64(name))).toBeLessThan(5e-5);
    wasm.release(loaded.params);
    expect(wasm.memory().buffers).toBe(buffers);
  });

  test.each(models)("%s: saved, it is what it was to the bit", async (name) => {
    const from = `${checkpoints}/models/${name}`;
    const loaded = await loadModel(from);
    const to = join(place, name);
    await saveModel(to, loaded);
    const [original, again] = [await openWeights(from), await openWeights(to)];
    const isBuffer = (tensor: string) => /^h\.\d+\.attn\.(masked_)?bias$/.test(tensor);
    expect(again.names.toSorted()).toEqual(original.names.filter((n) => !isBuffer(n)).toSorted());
    for (const tensor of again.names) {
      expect(again.dtypeOf(tensor)).toBe(original.dtypeOf(tensor));
      expect(await again.read(tensor)).toEqual(await original.read(tensor));
    }
    const { head_dim, tie_word_embeddings, ...rest } = JSON.parse(
      await readFile(join(to, "config.json"), "utf8"),
    );
    expect(checkpoint(name).json("config.json")).toMatchObject(rest);
    expect(tie_word_embeddings).toBe(loaded.config.tieEmbeddings);
    if (name !== "gpt2") expect(head_dim).toBe(loaded.config.headDim);
    const back = await loadModel(to);
    expect(back.params).toEqual(loaded.params);
    expect(back.config).toEqual(loaded.config);
  });
});

test.skipIf(isAbsent)(`files of a page are opened as a folder is${reason}`, async () => {
  const folder = `${checkpoints}/stories260K`;
  const names = await readdir(folder);
  const blobs = await Promise.all(
    names.map(async (name) => [name, new Blob([await readFile(join(folder, name))])] as const),
  );
  const dropped = await loadModel(filesOf(Object.fromEntries(blobs)));
  const { params, config, stopTokens } = await loadModel(folder);
  expect(dropped).toMatchObject({ config, stopTokens });
  expect(dropped.params).toEqual(params);
});

describe.skipIf(isAbsent)(`a trained model with its tokenizer${reason}`, () => {
  const from = `${checkpoints}/stories260K`;

  test("has all that generation asks for, from a folder and from a GGUF file", async () => {
    const loaded = await loadModel(from);
    expect(loaded.stopTokens).toEqual([1, 2]);
    expect(loaded.generation).toEqual({ temperature: 0, stopTokens: [1, 2], tokenizerSize: 512 });
    const text = "Once upon a time, there was a little girl named Lily.";
    const tokens = loaded.tokenizer?.encode(text) ?? [];
    expect(loaded.tokenizer?.decode(tokens, { skipSpecialTokens: true })).toBe(text);
    const gguf = await loadModel(`${checkpoints}/gguf/stories260K-q8_0.gguf`);
    expect(gguf.tokenizer?.encode(text)).toEqual(tokens);
    expect(gguf.tokenizer?.specialTokens).toEqual(loaded.tokenizer?.specialTokens);
    expect(gguf.config).toEqual(loaded.config);
  });

  test("is saved as GGUF and opened again to the bit", async () => {
    const loaded = await loadModel(from);
    const path = join(place, "stories.gguf");
    expect(await saveGguf(path, loaded)).toEqual([]);
    const back = await loadModel(path);
    expect(back.params).toEqual(loaded.params);
    await expect(saveGguf(path, loaded)).rejects.toThrow("expected a new file");
    const hf = join(place, "from-gguf");
    await saveModel(hf, back);
    const again = await loadModel(hf);
    expect(again.params).toEqual(loaded.params);
    expect(again.tokenizer?.specialTokens).toEqual(loaded.tokenizer?.specialTokens);
    expect(again.stopTokens).toEqual(back.stopTokens);
  });
});

test("folders that hold no model say what they hold", async () => {
  const run = join(place, "a run");
  await mkdir(join(run, "adapter"), { recursive: true });
  await writeFile(join(run, "recipe.json"), "{}");
  await writeFile(join(run, "adapter", "adapter_config.json"), "{}");
  await expect(loadModel(run)).rejects.toThrow(
    "a run: expected a model, got the folder of a run, whose adapter is in adapter",
  );
  await expect(loadModel(join(run, "adapter"))).rejects.toThrow(
    "a run/adapter: expected a model, got an adapter: open its base with it as the adapter",
  );
  const tiny = await writeTinyModel(join(place, "tiny"));
  await expect(loadModel(tiny, { adapter: run })).rejects.toThrow(
    "adapter_config.json: expected a PEFT adapter's config, got a folder whose adapter is in",
  );
});

const adapters = isAbsent ? [] : await readdir(`${checkpoints}/lora`);

describe.skipIf(isAbsent)(`adapters of PEFT${reason}`, () => {
  const open = async (name: string) => {
    const folder = `${checkpoints}/lora/${name}`;
    const reference = JSON.parse(await readFile(`${folder}/reference.json`, "utf8"));
    const loaded = await loadModel(`${checkpoints}/${reference.base}`, { adapter: folder });
    const wanted = (await (await openWeights(`${folder}/reference.safetensors`)).read("logits64"))
      .data;
    return { folder, tokens: ids(reference.input_ids), loaded, wanted };
  };

  test.each(adapters)("%s: over its base, and merged, it has PEFT's logits", async (name) => {
    const { loaded, tokens, wanted } = await open(name);
    const { data } = await engine.run(() => loaded.model.apply(loaded.params, tokens));
    expect(apart(data, wanted)).toBeLessThan(1e-9);
    const merged = join(place, `merged-${name}`);
    await saveModel(merged, loaded, { dtype: "F32" });
    const again = await loadModel(merged);
    expect(again.warnings).toEqual([]);
    const plain = await engine.run(() => again.model.apply(again.params, tokens));
    expect(apart(plain.data, wanted)).toBeLessThan(1e-5);
  });

  test.each(adapters)("%s: saved, the folder is PEFT's to the byte", async (name) => {
    const { folder, loaded } = await open(name);
    const to = join(place, `adapter-${name}`);
    await saveAdapter(to, loaded, { base: "" });
    for (const file of ["adapter_config.json", "adapter_model.safetensors"])
      expect(await readFile(join(to, file))).toEqual(await readFile(join(folder, file)));
    await saveAdapter(to, loaded);
    const text = await readFile(join(to, "adapter_config.json"), "utf8");
    const { base_model_name_or_path } = JSON.parse(text);
    expect(base_model_name_or_path).toBe(loaded.folder);
  });

  test("resident parameters are read one by one; without the engine they are refused", async () => {
    const name = "qwen2-tied--regex-dora-r4";
    const { folder, loaded } = await open(name);
    const there = await loadModel(loaded.folder, { adapter: folder, engine: wasm });
    const [one, other] = [join(place, "host"), join(place, "resident")];
    await saveModel(one, loaded);
    await saveModel(other, there, { engine: wasm });
    const file = "model.safetensors";
    expect(await readFile(join(one, file))).toEqual(await readFile(join(other, file)));
    await expect(saveModel(join(place, "x"), there)).rejects.toThrow("or the engine that it is on");
    wasm.release(there.params);
  });

  test("an adapter of another model is refused by name", async () => {
    const { folder } = await open("qwen3-tied--all-linear-rslora-r8");
    await expect(
      loadModel(`${checkpoints}/models/llama-smollm2`, { adapter: folder }),
    ).rejects.toThrow(`${folder}: expected an adapter of this model`);
  });
});

test("what is wrong with a folder is said with the file", async () => {
  const folder = await mkdtemp(join(place, "wrong-"));
  await expect(loadModel(join(place, "nothing"))).rejects.toThrow("nothing: expected a folder");
  await expect(loadModel(folder)).rejects.toThrow("got an empty folder");
  await writeFile(join(folder, "model.safetensors"), "");
  await expect(loadModel(folder)).rejects.toThrow(
    `${folder}/config.json: expected a model's config`,
  );
  await writeFile(join(folder, "config.json"), "[");
  await expect(loadModel(folder)).rejects.toThrow(`${folder}/config.json: expected JSON`);
});

test.skipIf(isAbsent)(`what a process that was ended left beside is removed${reason}`, async () => {
  const loaded = await loadModel(`${checkpoints}/models/llama-smollm2`);
  const to = join(place, "ended");
  // No system gives a process this number.
  const marks = [ownerMark({ ...thisProcess(), pid: 999_999_999 }), ownerMark()] as const;
  const [dead, alive] = [
    `${to}.${marks[0]}-0123456789.partial`,
    `${to}.${marks[1]}-0123456789.partial`,
  ];
  for (const left of [dead, alive]) await mkdir(left);
  await expect(saveModel(to, { ...loaded, params: {} })).rejects.toThrow(TypeError);
  await saveModel(to, loaded);
  const names = (await readdir(place)).filter((name) => name.startsWith("ended"));
  expect(names.sort()).toEqual(["ended", `ended.${marks[1]}-0123456789.partial`]);
});
