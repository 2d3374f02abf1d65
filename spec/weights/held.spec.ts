import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/finetune/load.ts";
import { lora } from "../../src/nn/lora.ts";
import { transformer } from "../../src/nn/transformer.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { key } from "../../src/tensor/random.ts";
import { writeAdapter } from "../../src/weights/adapterFiles.ts";
import { encodeNumbers, type StoredType, storedTypes } from "../../src/weights/dtypes.ts";
import { encodeGguf } from "../../src/weights/gguf/write.ts";
import { openWeights } from "../../src/weights/openWeights.ts";
import { writeSafetensors } from "../../src/weights/write.ts";

const folder = mkdtempSync(join(tmpdir(), "held-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a program in JavaScript may pass, whatever the types say. */
// biome-ignore lint/suspicious/noExplicitAny: types would refuse what is to be refused here
type Anything = any;

/** Bytes as numbers again. */
function read(bytes: Uint8Array, type: StoredType): readonly number[] {
  const { decode, bytes: each, view } = storedTypes[type];
  if (!decode) return [...view(bytes)];
  const numbers = new Float32Array(bytes.length / each);
  decode(bytes, numbers);
  return [...numbers];
}

describe("a type that is written", () => {
  test.each(["F16", "BF16", "F32"] as const)("%s makes no finite number infinite", (type) => {
    const scale = type === "F16" ? 2 ** 16 : 2 ** 128;
    fc.assert(
      fc.property(fc.double({ min: 0.99, max: 1.01, noNaN: true }), fc.boolean(), (x, below) => {
        const value = (below ? -x : x) * scale;
        const write = () => encodeNumbers(Float64Array.of(1, value), type, "w");
        let bytes: Uint8Array;
        try {
          bytes = write();
        } catch (error) {
          expect(`${error}`).toMatch(`DataError: w: expected numbers that are finite in ${type}`);
          expect(x).toBeGreaterThan(0.995);
          return;
        }
        const [, back = NaN] = read(bytes, type);
        expect(Number.isFinite(back)).toBe(true);
        expect(back / value).toBeCloseTo(1, 2);
      }),
    );
    for (const odd of [NaN, Infinity, -Infinity])
      expect(read(encodeNumbers(Float64Array.of(odd), type, "w"), type)).toEqual([odd]);
  });

  test("q8_0 gives no block a scale of infinity", async () => {
    const of = (x: number) =>
      encodeGguf({
        ...{ metadata: {} },
        tensors: [
          { name: "w", shape: [32], type: "Q8_0", read: () => tensor(Array<number>(32).fill(x)) },
        ],
      });
    await expect(of(8e6)).resolves.toBeInstanceOf(Uint8Array);
    await expect(of(9e6)).rejects.toThrow(/w: expected numbers that are finite in Q8_0/);
  });
});

test("an adapter is written with the ranks of its config, and whole", async () => {
  const model = transformer({ vocabSize: 8, contextLength: 8, layers: 1, heads: 1, width: 4 });
  const adapter = lora({ rank: 2, alpha: 4, rankPattern: { q_proj: 1 } });
  const params = adapter.init(key(0), model, model.init(key(1)));
  const write = async () => {};
  const written = (config: typeof adapter.config, given = params) =>
    writeAdapter({ write }, "a", { config, params: given });
  await expect(written(adapter.config)).resolves.toBeUndefined();
  await expect(written(lora({ rank: 3, alpha: 4 }).config)).rejects.toThrow(
    /expected .*lora_A\.weight of rank 3, as the config says, got \[/,
  );
  const [first = "", ...rest] = Object.keys(params);
  const less = Object.fromEntries(rest.map((name) => [name, params[name] ?? tensor(0)]));
  await expect(written(adapter.config, less)).rejects.toThrow(`expected ${first} beside`);
});

test("what is no model, content or adapter is asked for by name", async () => {
  writeFileSync(join(folder, "config.json"), "{}");
  await expect(openWeights(folder)).rejects.toThrow(
    /expected model\.safetensors .* without weights/,
  );
  await expect(loadModel(undefined as Anything)).rejects.toThrow(
    /expected a folder's path, or files/,
  );
  await expect(loadModel(folder, { dtype: "f64" as Anything })).rejects.toThrow(
    "loadModel: dtype: expected one of f32, bf16, f16, q8_0, file, got f64",
  );
  await expect(writeSafetensors("x", undefined as Anything)).rejects.toThrow(/expected { tensors,/);
  await expect(encodeGguf(undefined as Anything)).rejects.toThrow(/expected { metadata, tensors }/);
  expect(() => lora(undefined as Anything)).toThrow(/lora: expected options of rank, alpha/);
  const none = lora({ rank: 1, layersToTransform: [5] });
  const model = transformer({ vocabSize: 8, contextLength: 8, layers: 1, heads: 1, width: 4 });
  expect(() => none.init(key(0), model, model.init(key(1)))).toThrow(
    /"all-linear" in the layers 5/,
  );
});
