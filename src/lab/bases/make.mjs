// Pre-trains the base models that come with the lab: those that are there already stay, those of
// former recipes go.
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Which seeds of which studies; the three minis share their bases. */
export const shipped = { smoke: [0, 1, 2], full: [0, 1], "mini-igsm": [0] };

const folder = fileURLToPath(new URL(".", import.meta.url));

/** Makes the bases of a study's seeds in a folder. @returns their names */
export async function makeBases(
  engine,
  recipe,
  seeds,
  checkpoints,
  { experiment, pretrainingName, numericsOf },
) {
  const rows = recipe.rows.slice(0, 1);
  const options = { seeds, pretrained: checkpoints };
  for await (const m of experiment(engine, { ...recipe, rows }, options))
    if (m.kind === "attempt")
      console.log(`${recipe.name}, seed ${m.seed}: ${m.seconds.toFixed(1)} s`);
  return Promise.all(seeds.map((seed) => pretrainingName(recipe, seed, numericsOf(engine))));
}

async function main() {
  const dist = new URL("../../../dist/src/", import.meta.url);
  const from = (path) => import(new URL(path, dist));
  const { createEngine, fullRecipe, smokeRecipe } = await from("index.js");
  const { experiment } = await from("experiment/experiment.js");
  const { pretrainingName } = await from("experiment/row/pretrainingName.js");
  const { numericsOf } = await from("engines/numerics.js");
  const study = { experiment, pretrainingName, numericsOf };
  const { checkpointFolder } = await from("weights/files.js");
  const { miniRecipe, miniTargets } = await from("experiment/recipes/minis.js");
  const minis = Object.fromEntries(miniTargets.map((target) => [target, miniRecipe(target)]));
  const recipes = { smoke: smokeRecipe, full: fullRecipe, ...minis };
  const engine = await createEngine({ backend: "wasm" });
  const names = [];
  for (const [name, seeds] of Object.entries(shipped))
    names.push(...(await makeBases(engine, recipes[name], seeds, checkpointFolder(folder), study)));
  await engine.close();
  const kept = new Set(names.map((name) => `${name}.safetensors`));
  // The page has no use for digests: a base is fetched with the page itself.
  for (const file of await readdir(folder))
    if (/\.safetensors(\.sha256)?$/.test(file) && !kept.has(file)) await rm(join(folder, file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
