import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { sizeOf } from "../../src/tensor/shapes.ts";
import { openWeights } from "../../src/weights/openWeights.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { checkpoints, isAbsent, models, reason } from "./checkpoints.ts";

describe.skipIf(isAbsent)(`reference checkpoints${reason}`, () => {
  test.each(models)("%s: every tensor opens, finite and of its shape", async (name) => {
    const file = await openWeights(`${checkpoints}/models/${name}`);
    expect(file.names.length).toBeGreaterThan(10);
    expect(file.metadata).toEqual({ format: "pt" });
    for (const tensor of file.names) {
      const { data, shape } = await file.read(tensor);
      expect(shape).toEqual(file.shapeOf(tensor));
      expect(data).toHaveLength(sizeOf(shape));
      expect(data.every(Number.isFinite)).toBe(true);
    }
  });

  test("shards hold the tensors that the index says", async () => {
    const folder = `${checkpoints}/models/llama3.1-sharded`;
    const text = await readFile(`${folder}/model.safetensors.index.json`, "utf8");
    const map: Record<string, string> = JSON.parse(text).weight_map;
    const file = await openWeights(folder);
    expect(new Set(file.names)).toEqual(new Set(Object.keys(map)));
    expect(new Set(Object.values(map)).size).toBe(3);
    for (const [name, shard] of Object.entries(map)) {
      const { tensors } = await readSafetensors(`${folder}/${shard}`);
      expect(await file.read(name)).toEqual(tensors[name]);
    }
  });
});
