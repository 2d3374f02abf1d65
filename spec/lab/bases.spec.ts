import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { numericsOf } from "../../src/engines/numerics.ts";
import * as study from "../../src/experiment/experiment.ts";
import type { Recipe } from "../../src/experiment/recipe.ts";
import { pretrainingName } from "../../src/experiment/row/pretrainingName.ts";
import { madeWith } from "../../src/lab/bases/bases.ts";
import { makeBases, shipped } from "../../src/lab/bases/make.mjs";
import { recipes } from "../../src/lab/setup/setup.ts";
import { encodeSafetensors } from "../../src/weights/safetensors.ts";
import { checkpointsInMemory } from "../../src/weights/store.ts";

const folder = fileURLToPath(new URL("../../src/lab/bases", import.meta.url));

test("the bases that come with the page are those of the recipes as they are", async () => {
  const wanted = await Promise.all(
    Object.entries(shipped).flatMap(([name, seeds]) =>
      seeds.map((seed) => pretrainingName(recipes[name] as Recipe, seed, madeWith)),
    ),
  );
  const there = (await readdir(folder)).filter((file) => file.endsWith(".safetensors"));
  expect(there.sort()).toEqual(wanted.map((name) => `${name}.safetensors`).sort());
});

test("making a base again gives the same bytes", async () => {
  await using engine = await createEngine({ backend: "wasm", threads: 1 });
  const made = checkpointsInMemory();
  const [name = ""] = await makeBases(engine, recipes["smoke"] as Recipe, [0], made, {
    ...study,
    pretrainingName,
    numericsOf,
  });
  const weights = await made.load(name);
  const bytes = weights && encodeSafetensors(weights);
  expect(bytes && Buffer.from(bytes).equals(await readFile(`${folder}/${name}.safetensors`))).toBe(
    true,
  );
});
