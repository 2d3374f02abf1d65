import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { constant } from "../../src/tensor/apply.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { inParts, wholeOf } from "../../src/tensor/parts.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import type { StoredType } from "../../src/weights/dtypes.ts";
import { openWeights } from "../../src/weights/openWeights.ts";
import { encodeSafetensors, readSafetensors } from "../../src/weights/safetensors.ts";
import { saveWeights } from "../../src/weights/saveWeights.ts";
import { type TensorSource, writeSafetensors } from "../../src/weights/write.ts";

const root = await mkdtemp(join(tmpdir(), "anchorgrad-weights-"));
afterAll(() => rm(root, { recursive: true }));

const source = (name: string, data: Tensor, type: StoredType = "F32"): TensorSource => ({
  ...{ name, shape: data.shape, type },
  // As a whole or in parts: the files are the same.
  read: () => (data.shape.length > 1 ? inParts(data) : data),
});
const numbers = (count: number, seed: number): Tensor =>
  constant(
    Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i)),
    [count],
  );
const model = (seed: number): TensorSource[] => [
  source("embed", constant(numbers(600, seed).data, [20, 30])),
  source("norm", numbers(30, seed + 1)),
  source("head", constant(numbers(600, seed + 2).data, [20, 30])),
];

async function readBack(folder: string): Promise<Record<string, number[]>> {
  const file = await openWeights(folder);
  const rows: Record<string, number[]> = {};
  for (const name of file.names) rows[name] = Array.from((await file.read(name)).data);
  return rows;
}
async function wanted(sources: readonly TensorSource[]): Promise<Record<string, number[]>> {
  const rows: Record<string, number[]> = {};
  for (const { name, read } of sources) {
    const given = await read();
    rows[name] = [...(given instanceof Tensor ? given : await wholeOf(given, name)).data];
  }
  return rows;
}

describe("writeSafetensors", () => {
  test("refuses what is no record of tensors, and unknown types", async () => {
    const path = join(root, "never.safetensors");
    const bare = { w: numbers(3, 1) } as unknown as { tensors: Record<string, Tensor> };
    await expect(writeSafetensors(path, bare)).rejects.toThrow(
      new TypeError("writeSafetensors: expected { tensors, metadata }, got no tensors by name"),
    );
    const weights = { tensors: { w: numbers(3, 1) } };
    await expect(writeSafetensors(path, weights, { dtype: "F4" as "F32" })).rejects.toThrow(
      /^writeSafetensors: dtype: expected one of .*BF16.*, got F4$/,
    );
    const typeOf = () => "f4" as StoredType;
    expect(() => encodeSafetensors({ ...weights, metadata: {} }, typeOf)).toThrow(RangeError);
    expect(await readdir(root)).not.toContain("never.safetensors");
  });

  test("each tensor in its own type, with the widest first", async () => {
    const path = join(root, "mixed.safetensors");
    const tensors = {
      b: constant(Float32Array.of(1, -2, 0.5), [3]),
      d: constant(Float64Array.of(Math.PI), [1]),
      i: constant(Int32Array.of(7, -8), [2]),
      l: constant(Int32Array.of(-9), []),
    };
    const dtype = (name: string): StoredType | undefined =>
      name === "b" ? "BF16" : name === "l" ? "I64" : undefined;
    await writeSafetensors(path, { tensors, metadata: { format: "pt" } }, { dtype });
    const back = await readSafetensors(path);
    expect(back.metadata).toEqual({ format: "pt" });
    for (const [name, { data, shape }] of Object.entries(tensors)) {
      expect(back.tensors[name]?.data, name).toEqual(data);
      expect(back.tensors[name]?.shape, name).toEqual(shape);
    }
    const file = await openWeights(path);
    expect(file.names.map((name) => file.dtypeOf(name)).sort()).toEqual([
      ...["BF16", "F64", "I32", "I64"],
    ]);
    expect((await readFile(path)).indexOf("data_offsets")).toBeGreaterThan(0);
  });

  test("without metadata there is none, and BF16 is rounded from float64 once", async () => {
    const path = join(root, "double.safetensors");
    // Just above the middle of 1 and 1 + 2^-7: float32 rounds it onto the middle.
    const x = 1 + 2 ** -8 + 2 ** -40;
    const tensors = { x: constant(Float64Array.of(x, -x), [2]) };
    await writeSafetensors(path, { tensors }, { dtype: "BF16" });
    const back = await readSafetensors(path);
    expect(Array.from(back.tensors["x"]?.data ?? [])).toEqual([1 + 2 ** -7, -1 - 2 ** -7]);
    expect(back.metadata).toEqual({});
  });

  const one = (data: unknown): Tensor => constant(data as Float32Array, [1]);
  test.each<[string, () => unknown, RegExp]>([
    ["Uint8Array", () => ({ tensors: { a: one(Uint8Array.of(1)) } }), /a: expected numbers in a/],
    [
      "__metadata__",
      () => ({ tensors: { __metadata__: one(Float32Array.of(1)) } }),
      /another name/,
    ],
    [
      "__proto__",
      () => ({ tensors: Object.fromEntries([["__proto__", one(Float32Array.of(1))]]) }),
      /another name/,
    ],
    ["metadata of numbers", () => ({ tensors: {}, metadata: { step: 3 } }), /metadata of strings/],
    [
      "half a character",
      () => ({ tensors: { "\ud800": one(Float32Array.of(1)) } }),
      /a name in Unicode/,
    ],
  ])("refuses %s, and leaves no file", async (_, weights, message) => {
    const path = join(root, "refused.safetensors");
    const given = weights() as Parameters<typeof writeSafetensors>[1];
    await expect(writeSafetensors(path, given)).rejects.toThrow(message);
    expect(() => encodeSafetensors({ metadata: {}, ...given })).toThrow(message);
    expect((await readdir(root)).filter((name) => name.startsWith("refused"))).toEqual([]);
  });

  test("refuses integers as floats, and floats as integers", async () => {
    const path = join(root, "kinds.safetensors");
    const ints = { tensors: { i: constant(Int32Array.of(1), [1]) } };
    const floats = { tensors: { f: numbers(1, 0) } };
    await expect(writeSafetensors(path, ints, { dtype: () => "BF16" })).rejects.toThrow(TypeError);
    await expect(writeSafetensors(path, floats, { dtype: "I32" })).rejects.toThrow(TypeError);
    await writeSafetensors(path, ints, { dtype: "BF16" });
  });
});

describe("saveWeights", () => {
  test("one file, then shards in its place, then one file again", async () => {
    const folder = join(root, "layouts");
    expect(await saveWeights(folder, model(1))).toEqual(["model.safetensors"]);
    expect(await readBack(folder)).toEqual(await wanted(model(1)));
    const names = await saveWeights(folder, model(2), { maxShardBytes: 3000 });
    expect(names).toEqual([
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
      "model.safetensors.index.json",
    ]);
    expect((await readdir(folder)).sort()).toEqual([...names]);
    expect(await readBack(folder)).toEqual(await wanted(model(2)));
    const index = JSON.parse(await readFile(join(folder, names[2] as string), "utf8"));
    expect(index).toEqual({
      metadata: { total_size: 4920 },
      weight_map: { embed: names[0], norm: names[0], head: names[1] },
    });
    await saveWeights(folder, model(3));
    expect(await readdir(folder)).toEqual(["model.safetensors"]);
    expect(await readBack(folder)).toEqual(await wanted(model(3)));
  });

  test("a failure in the middle leaves what was there", async () => {
    const folder = join(root, "failing");
    await saveWeights(folder, model(1), { maxShardBytes: 2000 });
    const before = await readdir(folder);
    const broken = model(2).map((tensor) =>
      tensor.name === "head" ? { ...tensor, read: () => numbers(3, 0) } : tensor,
    );
    const saving = saveWeights(folder, broken, { maxShardBytes: 2000 });
    await expect(saving).rejects.toThrow("head: expected a tensor of [20,30], got one of [3]");
    expect(await readdir(folder)).toEqual(before);
    expect(await readBack(folder)).toEqual(await wanted(model(1)));
  });
});

describe("a sharded model", () => {
  const shards = async (name: string, change: (map: Record<string, string>) => unknown) => {
    const folder = join(root, name);
    await saveWeights(folder, model(1), { maxShardBytes: 3000 });
    const path = join(folder, "model.safetensors.index.json");
    const index = JSON.parse(await readFile(path, "utf8"));
    const changed = change(index.weight_map);
    if (changed)
      await writeFile(path, typeof changed === "string" ? changed : JSON.stringify(index));
    return openWeights(folder);
  };

  test("says which shard or tensor is missing", async () => {
    const missing = shards("a", (map) => Object.assign(map, { head: "model-00003.safetensors" }));
    await expect(missing).rejects.toThrow("expected the shard model-00003.safetensors beside it");
    const elsewhere = shards("b", (map) => Object.assign(map, { other: map["head"] }));
    await expect(elsewhere).rejects.toThrow('expected "other" in model-00002-of-00002.safetensors');
  });

  test.each(["../secret.safetensors", "/etc/passwd", "a/b.safetensors", "..", ".hidden", "a\\b"])(
    "does not follow %s out of its folder",
    async (path) => {
      const opening = shards("c", (map) => Object.assign(map, { head: path }));
      await expect(opening).rejects.toThrow("expected the plain name of a file in the same folder");
    },
  );

  test("refuses an index that is none", async () => {
    for (const text of ["[]", "{}", '{"weight_map": {"a": 1}}', "{", '{"a":1,"a":2}', "[[[[[[[[[["])
      await expect(shards("d", () => text)).rejects.toThrow(DataError);
  });
});

test("a folder without weights says what it has instead", async () => {
  await expect(openWeights(join(root, "nowhere"))).rejects.toThrow("got no such folder");
  const folder = await mkdtemp(join(root, "pickles-"));
  await expect(openWeights(folder)).rejects.toThrow("got an empty folder");
  await writeFile(join(folder, "pytorch_model.bin"), "");
  await expect(openWeights(folder)).rejects.toThrow("pytorch_model.bin: Python pickles");
});
