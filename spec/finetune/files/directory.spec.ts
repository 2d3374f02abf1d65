import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDirectory } from "../../../src/finetune/files/directory.ts";
import { completeRecipe } from "../../../src/finetune/recipe.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-"));
});
afterEach(() => rm(folder, { recursive: true }));

const recipe = completeRecipe({ model: "m", data: "d" });
const inputs = { model: "a", data: "b", retain: undefined, eval: undefined };
const open = async (path: string, name: string, version = 1): Promise<void> => {
  const numerics = { class: name, version };
  await (await openDirectory(path, { recipe, inputs, numerics })).close();
};

test("a fine-tune goes on with the numerics that it was begun with, and no others", async () => {
  const path = join(folder, "run");
  await open(path, "wasm-fma");
  await open(path, "wasm-fma");
  await expect(open(path, "wasm-plain")).rejects.toThrow(
    `${path}: expected the numerics that it was begun with, wasm-fma-1, got wasm-plain-1: CPUs with and without`,
  );
  await expect(open(path, "wasm-fma", 2)).rejects.toThrow("got wasm-fma-2: versions of anchorgrad");
  const written = JSON.parse(await readFile(join(path, "inputs.json"), "utf8"));
  expect(written).toEqual({ model: "a", data: "b", numerics: { class: "wasm-fma", version: 1 } });
});

test("what stands there is looked at before it is believed, or anything removed", async () => {
  const path = join(folder, "run");
  await open(path, "wasm-fma");
  const stand = (standing: object): Promise<void> =>
    writeFile(join(path, "standing.json"), JSON.stringify({ stage: "sft", ...standing }));
  const [standing, metrics] = ["standing.json", "metrics.jsonl"].map((name) => join(path, name));
  await stand({ bytes: 9 });
  await expect(open(path, "wasm-fma")).rejects.toThrow(
    `${metrics}: expected 9 bytes or more, got 0`,
  );
  for (const wrong of [-1, 0.5, 2 ** 60, "1"]) {
    await stand({ bytes: wrong });
    await expect(open(path, "wasm-fma")).rejects.toThrow(
      `${standing}: expected where a run stands`,
    );
  }
  for (const checkpoint of ["../../secret", "a/sft-1.safetensors", "", 3]) {
    await stand({ bytes: 0, checkpoint });
    await expect(open(path, "wasm-fma")).rejects.toThrow(
      `${standing}: expected where a run stands`,
    );
  }
  const left = "a.safetensors.1-1-00000000-0123456789.partial";
  await writeFile(join(folder, left), "of others");
  await expect(open(folder, "wasm-fma")).rejects.toThrow("expected an empty folder or one of a");
  expect((await readdir(folder)).sort()).toEqual([left, "run"]);
});
