import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import type { Params } from "../../../src/nn/config.ts";
import { adaptedModel, withAdapter } from "../../../src/nn/lora/adapted.ts";
import { loraOf } from "../../../src/nn/lora.ts";
import { crossEntropy } from "../../../src/nn/losses.ts";
import { type Transformer, transformer } from "../../../src/nn/transformer.ts";
import { valueAndGrad } from "../../../src/tensor/grad.ts";
import { key } from "../../../src/tensor/random.ts";
import type { TypedArray } from "../../../src/tensor/tensor.ts";
import { readAdapter, writeAdapter } from "../../../src/weights/adapterFiles.ts";
import {
  type AdapterReference,
  absent,
  baseConfig,
  baseParams,
  batchOf,
  folder,
  readBytes,
  readJson,
  readTensors,
  reason,
} from "./reference.ts";

const files = {
  read: async (path: string) => readBytes(path.slice(folder.length + 1)),
};

let reference: Engine;
let wasm: Engine;
beforeAll(async () => {
  reference = await createEngine({ backend: "reference" });
  wasm = await createEngine({ backend: "wasm", threads: 1 });
});
afterAll(() => Promise.all([reference.close(), wasm.close()]));

const names = [
  "llama3.1-sharded--modules-to-save",
  "llama3.2-tied--qv-r4",
  "mistral-sliding--all-linear-patterns",
  "qwen2-tied--regex-dora-r4",
  "qwen3-tied--all-linear-rslora-r8",
];

async function opened(name: string) {
  const expected = readJson<AdapterReference>(`lora/${name}/reference.json`);
  const { config, params: adapter } = await readAdapter(files, `${folder}/lora/${name}`);
  const of = expected.base.replace("models/", "");
  const base = baseParams(of);
  return {
    model: transformer(baseConfig(of)),
    expected,
    config,
    adapter,
    base,
    tensors: readTensors(`lora/${name}/reference.safetensors`),
  };
}

/** PEFT's names in memory, which its files lack. */
const inMemory = (name: string): string =>
  name
    .replace(/^base_model\.model\./, "")
    .replace(/(lora_[AB])/, "$1.default")
    .replace(/(lora_magnitude_vector)/, "$1.default.weight")
    .replace(/^lm_head\.weight$/, "lm_head.modules_to_save.default.weight");

function furthest(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  expect(got.length).toBe(wanted.length);
  let most = 0;
  for (let i = 0; i < got.length; i++)
    most = Math.max(most, Math.abs((got[i] as number) - (wanted[i] as number)));
  return most;
}

const norm = (x: TypedArray): number => Math.hypot(...x);

describe.skipIf(absent)(`adapters of PEFT${reason}`, () => {
  describe.each(names)("%s", (name) => {
    test(`gives the logits of PEFT on the reference engine and on wasm`, async () => {
      const { expected, config, adapter, base, tensors, model } = await opened(name);
      const { tokens } = batchOf(expected);
      const together = adaptedModel(model, config);
      const over = withAdapter(model, config, base);
      const cases: [Engine, Transformer, Params, number][] = [
        [reference, together, { ...base, ...adapter }, 1e-9],
        [reference, over, adapter, 1e-9],
        [wasm, together, { ...base, ...adapter }, 5e-5],
        [wasm, over, adapter, 5e-5],
      ];
      for (const [engine, adapted, params, tolerance] of cases) {
        const logits = await engine.run(() => adapted.apply(params, tokens));
        expect(furthest(logits.data, tensors["logits64"]?.data ?? [])).toBeLessThan(tolerance);
      }
      const plain = await reference.run(() => model.apply(base, tokens));
      expect(furthest(plain.data, tensors["base_logits64"]?.data ?? [])).toBeLessThan(1e-9);
    });

    test(`gives the loss and every gradient`, async () => {
      const { expected, config, adapter, base, model } = await opened(name);
      const { tokens, labels, mask } = batchOf(expected);
      const over = withAdapter(model, config, base);
      const step = valueAndGrad((params: Params) =>
        crossEntropy(over.apply(params, tokens), labels, mask),
      );
      for (const [engine, tolerance] of [
        [reference, 1e-9],
        [wasm, 5e-5],
      ] as const) {
        const run = engine.compile((params: Params) => {
          const [value, gradients] = step(params);
          return { value, gradients };
        });
        const { value, gradients } = await run(adapter);
        const [loss] = await engine.read(value);
        expect(Math.abs((loss as number) - expected.loss64)).toBeLessThan(tolerance * 10);
        expect(Object.keys(gradients).map(inMemory).sort()).toEqual(
          Object.keys(expected.grads64).sort(),
        );
        for (const [of, gradient] of Object.entries(gradients)) {
          const wanted = expected.grads64[inMemory(of)];
          const got = await engine.read(gradient);
          const size = wanted?.norm ?? 0;
          // PEFT's gradients of adapters were rounded to float32, each by 2⁻²⁴ of itself at most.
          const rounding = 2 ** -24 * size;
          expect(Math.abs(norm(got) - size)).toBeLessThan(tolerance * size + rounding);
          for (const [i, x] of (wanted?.first16 ?? []).entries()) {
            const apart = Math.abs((got[i] as number) - x);
            expect(apart).toBeLessThan(tolerance * size + 2 ** -24 * Math.abs(x));
          }
        }
      }
    });

    test("merges into PEFT's weights, which give the adapter's logits", async () => {
      const { expected, config, adapter, base, tensors, model } = await opened(name);
      const { tokens } = batchOf(expected);
      const merged = loraOf(config).merge(base, adapter);
      for (const [of, wanted] of Object.entries(expected.merged)) {
        const got = merged[of]?.data ?? new Float32Array();
        expect(got).toBeInstanceOf(Float32Array);
        expect(Math.abs(norm(got) / wanted.norm - 1)).toBeLessThan(1e-6);
        expect(furthest(got.slice(0, 16), wanted.first16)).toBeLessThan(1e-6);
        const delta = got.map((x, i) => x - (base[of]?.data[i] ?? 0));
        expect(Math.abs(norm(delta) / wanted.delta_norm - 1)).toBeLessThan(1e-6);
      }
      for (const [of, { data }] of Object.entries(tensors))
        if (of.startsWith("merged."))
          expect(furthest(merged[of.slice("merged.".length)]?.data ?? [], data)).toBeLessThan(1e-6);
      const logits = await reference.run(() => model.apply(merged, tokens));
      expect(furthest(logits.data, tensors["logits64"]?.data ?? [])).toBeLessThan(1e-5);
    });

    test("starts as PEFT's fresh adapters do", async () => {
      const { expected, config, base, model } = await opened(name);
      const { tokens } = batchOf(expected);
      const fresh = loraOf(config).init(key(1), model, base);
      expect(Object.keys(fresh).length).toBe(Object.keys(expected.trainable).length);
      for (const [of, tensor] of Object.entries(fresh)) {
        const shape = expected.trainable[`base_model.model.${inMemory(of)}`];
        expect([of, tensor.shape]).toEqual([of, shape]);
        const statistics = expected.init_A_absmax_std[`base_model.model.${inMemory(of)}`];
        if (!statistics) continue;
        const [absmax, std] = statistics;
        const bound = 1 / Math.sqrt(tensor.shape[1] as number);
        const largest = Math.max(...tensor.data.map(Math.abs));
        expect(largest).toBeLessThanOrEqual(bound);
        // Both are draws of one distribution: the largest is near the bound, the spread near ⅓^½ of it.
        expect(Math.abs(largest - absmax)).toBeLessThan(bound / 8);
        const spread = norm(Float64Array.from(tensor.data)) / Math.sqrt(tensor.data.length);
        expect(Math.abs(spread - std)).toBeLessThan(bound / 6);
      }
      const over = withAdapter(model, config, base);
      const [before, after] = [
        await reference.run(() => model.apply(base, tokens)),
        await reference.run(() => over.apply(fresh, tokens)),
      ];
      expect(furthest(before.data, after.data)).toBeLessThan(1e-12);
    });
  });

  test.each(names)("%s: read and written again it is the same to the byte", async (name) => {
    const adapter = await readAdapter(files, `${folder}/lora/${name}`);
    const written = new Map<string, string | Uint8Array>();
    const write = async (path: string, content: string | Uint8Array) => {
      written.set(path, content);
    };
    await writeAdapter({ write }, "out", adapter);
    const json = new TextDecoder().decode(readBytes(`lora/${name}/adapter_config.json`));
    expect(written.get("out/adapter_config.json")).toBe(json);
    expect(written.get("out/adapter_model.safetensors")).toEqual(
      readBytes(`lora/${name}/adapter_model.safetensors`),
    );
  });
});
