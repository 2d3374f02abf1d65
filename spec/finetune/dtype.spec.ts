import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { runFinetune } from "../../src/finetune/finetune.ts";
import type { WeightsDtype } from "../../src/finetune/keptAs.ts";
import { type LoadedModel, loadModel } from "../../src/finetune/load.ts";
import { saveGguf, saveModel } from "../../src/finetune/save.ts";
import { generate } from "../../src/nn/index.ts";
import { constant, ids } from "../../src/tensor/apply.ts";
import { sizeOf } from "../../src/tensor/shapes.ts";
import { bytesOf, type Codes, isStorageType, widen } from "../../src/tensor/storage/types.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { jsonl, writeTinyModel } from "./tinyModel.ts";

let place: string;
let engine: Engine;
/** In float32, in bf16, and in GGUF's Q8_0. */
let files: Readonly<Record<"f32" | "bf16" | "q8_0", string>>;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  engine = await createEngine({ backend: "wasm", threads: 1 });
  const f32 = await writeTinyModel(join(place, "f32"), { width: 32 });
  const loaded = await loadModel(f32);
  files = { f32, bf16: join(place, "bf16"), q8_0: join(place, "q8.gguf") };
  await saveModel(files.bf16, loaded, { dtype: "BF16" });
  // The tiny tokenizer has no name in GGUF.
  const textless = { ...loaded, files: { ...loaded.files, text: {} } };
  await saveGguf(files.q8_0, textless, { dtype: "Q8_0" });
});
afterAll(async () => {
  await engine.close();
  await rm(place, { recursive: true });
});

/** The same model with float32 numbers in place of codes. */
const widened = ({ params }: LoadedModel): LoadedModel["params"] =>
  Object.fromEntries(
    Object.entries(params).map(([name, x]) => {
      const { data, dtype, shape } = x as Tensor<"constant">;
      if (!isStorageType(dtype)) return [name, x];
      return [name, constant(widen(dtype, data as Codes), shape)];
    }),
  );

test("types are named in either case, and none is taken for another", async () => {
  const loaded = await loadModel(files.f32);
  const [lower, unknown] = [join(place, "lower"), join(place, "unknown")];
  await saveModel(lower, loaded, { dtype: "bf16" });
  const weights = (folder: string) => readFile(join(folder, "model.safetensors"));
  expect(await weights(lower)).toEqual(await weights(files.bf16));
  await expect(saveModel(unknown, loaded, { dtype: "int4" as "bf16" })).rejects.toThrow(
    new RangeError("saveModel: dtype: expected one of F32, F16, BF16, got int4"),
  );
  await expect(saveGguf(unknown, loaded, { dtype: "Q4_K" as "Q8_0" })).rejects.toThrow(
    new RangeError("saveGguf: dtype: expected one of F32, F16, BF16, Q8_0, got Q4_K"),
  );
  expect(await readdir(place)).not.toContain("unknown");
});

const tokens = ids([[3, 1, 4, 1, 5, 9, 2, 6]]);

const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] as number))), 0);

describe.each(["bf16", "f16", "q8_0"] as const)("a model in %s", (dtype) => {
  const load = (on?: Engine): Promise<LoadedModel> =>
    loadModel(files.f32, { dtype, ...(on && { engine: on }) });

  test("has matrices of that type, and vectors of floats", async () => {
    const { params } = await load();
    for (const { dtype: kept, shape } of Object.values(params))
      expect(kept).toBe(shape.length === 1 ? "float" : dtype);
  });

  test("takes the memory of its codes on an engine", async () => {
    const before = engine.memory().bytes;
    const { params } = await load(engine);
    const bytes = Object.values(params).reduce(
      (sum, x) => sum + bytesOf(x.dtype, sizeOf(x.shape)),
      0,
    );
    const held = engine.memory().bytes - before;
    expect(held).toBeGreaterThanOrEqual(bytes);
    expect(held).toBeLessThan(bytes + 64 * Object.keys(params).length);
    engine.release(params);
  });

  test("computes what float32 does with the same numbers, captured and given", async () => {
    const loaded = await load();
    const wide = widened(loaded);
    const { model } = loaded;
    await using reference = await createEngine({ backend: "reference" });
    const on = (x: Engine, params: LoadedModel["params"]) =>
      x.run(() => model.apply(params, tokens));
    expect((await on(reference, loaded.params)).data).toEqual((await on(reference, wide)).data);
    const want = (await on(engine, wide)).data;
    const there = engine.put(loaded.params);
    expect(worst((await on(engine, there)).data, want)).toBeLessThan(1e-4);
    const program = engine.compile(model.apply);
    expect(worst(await engine.read(await program(there, tokens)), want)).toBeLessThan(1e-4);
    engine.release(there);
  });

  test("generates, and is saved as what it has become", async () => {
    const loaded = await load(engine);
    const host = await load();
    const say = async (params: LoadedModel["params"]) =>
      generate(engine, { model: loaded.model, params, prompts: [[3, 1, 4]], maxNewTokens: 12 });
    expect(await say(loaded.params)).toEqual(await say(widened(host)));
    const folder = join(place, `saved-${dtype}`);
    await saveModel(folder, loaded, { engine, dtype: "F32" });
    const again = await loadModel(folder);
    for (const [name, x] of Object.entries(widened(host)))
      expect(again.params[name]?.data, name).toEqual(Float32Array.from((x as Tensor).data));
    engine.release(loaded.params);
  });
});

describe("by default a model is held", () => {
  const typesOf = async (from: string, dtype?: WeightsDtype): Promise<Set<string>> => {
    const { params } = await loadModel(from, dtype ? { dtype } : {});
    return new Set(Object.values(params).flatMap((x) => (x.shape.length > 1 ? x.dtype : [])));
  };

  test("in float32", async () => {
    expect(await typesOf(files.bf16)).toEqual(new Set(["float"]));
  });

  test("or, where that is asked for, as its files have it", async () => {
    expect(await typesOf(files.f32, "file")).toEqual(new Set(["float"]));
    expect(await typesOf(files.bf16, "file")).toEqual(new Set(["bf16"]));
    expect(await typesOf(files.q8_0, "file")).toEqual(new Set(["q8_0"]));
  });

  test("without a change of its numbers", async () => {
    for (const from of [files.bf16, files.q8_0]) {
      const [kept, wide] = [await loadModel(from, { dtype: "file" }), await loadModel(from)];
      for (const [name, x] of Object.entries(widened(kept)))
        expect(x.data, name).toEqual(wide.params[name]?.data);
    }
  });
});

test("an adapter over bf16 is trained as over float32 with the same numbers", async () => {
  const rows = Array.from({ length: 6 }, (_, i) => ({ prompt: `a${i}`, completion: `b${i}` }));
  await writeFile(join(place, "data.jsonl"), jsonl(rows));
  const losses = async (dtype: "f32" | "bf16"): Promise<number[]> => {
    const recipe = {
      ...{ model: files.bf16, data: join(place, "data.jsonl"), method: "sft" as const, dtype },
      ...{
        epochs: 2,
        batch: 3,
        lora: 2,
        samples: 0,
        lookEvery: 0,
        backend: "wasm" as const,
        seed: 1,
      },
    };
    const found: number[] = [];
    const out = join(place, `run-${dtype}`);
    for await (const event of runFinetune({ recipe, out, threads: 1, memory: 2 ** 30 }))
      if (event.kind === "step") found.push(event.loss);
    return found;
  };
  const [stored, wide] = [await losses("bf16"), await losses("f32")];
  expect(stored.length).toBe(4);
  expect(stored).toEqual(wide);
});
