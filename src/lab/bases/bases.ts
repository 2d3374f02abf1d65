import type { Engine } from "../../engines/engine.ts";
import { NUMERICS_VERSION, type Numerics, numericsOf } from "../../engines/numerics.ts";
import type { Recipe } from "../../experiment/recipe.ts";
import { pretrainingName } from "../../experiment/row/pretrainingName.ts";
import { decodeSafetensors } from "../../weights/safetensors.ts";
import type { Checkpoints } from "../../weights/store.ts";

/** Where the base models that come with the page are, by the name of their pre-training. */
const addresses: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(
    import.meta.glob<string>("./*.safetensors", { query: "?url", import: "default", eager: true }),
  ).map(([path, address]) => [path.replace(/^\.\/(.*)\.safetensors$/, "$1"), address]),
);

/** What the bases were pre-trained with; every other engine starts from the same. */
export const madeWith: Numerics = { class: "wasm-fma", version: NUMERICS_VERSION };

/** Whether a base comes with the page. */
export const hasBase = async (recipe: Recipe, seed: number): Promise<boolean> =>
  Object.hasOwn(addresses, await pretrainingName(recipe, seed, madeWith));

/**
 * Pre-trainings that come with the page, before those that are kept.
 * @param engine what the run trains on
 */
export async function withBases(
  kept: Checkpoints,
  recipe: Recipe,
  seed: number,
  engine: Engine,
): Promise<Checkpoints> {
  const wanted = await pretrainingName(recipe, seed, numericsOf(engine));
  const shipped = addresses[await pretrainingName(recipe, seed, madeWith)];
  return {
    ...kept,
    async load(name) {
      if (name !== wanted || shipped === undefined) return kept.load(name);
      const response = await fetch(shipped);
      if (!response.ok)
        throw new Error(`${shipped}: expected a base model, got ${response.status}`);
      return decodeSafetensors(new Uint8Array(await response.arrayBuffer()), shipped);
    },
  };
}
