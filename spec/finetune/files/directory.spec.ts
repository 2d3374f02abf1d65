import { mkdtemp, readFile, rm } from "node:fs/promises";
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
