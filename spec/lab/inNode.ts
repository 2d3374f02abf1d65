import { fileURLToPath } from "node:url";
import { createEngine } from "../../src/engines/create.ts";
import { experiment } from "../../src/experiment/experiment.ts";
import type { Distributions, Measurement } from "../../src/experiment/measurements.ts";
import type { RowRecipe } from "../../src/experiment/recipe.ts";
import type { RunConfig } from "../../src/experiment/runs/run.ts";
import type { Choice, Seen } from "../../src/lab/tokens/protocol.ts";
import { createReader } from "../../src/lab/tokens/reader.ts";
import type { Params } from "../../src/nn/config.ts";
import { checkpointFolder } from "../../src/weights/files.ts";
import { encodeSafetensors } from "../../src/weights/safetensors.ts";
import { checkpointsInMemory } from "../../src/weights/store.ts";

const bases = fileURLToPath(new URL("../../src/lab/bases", import.meta.url));

/** A run of the page, repeated in Node. */
export interface Repeated {
  readonly measurements: readonly Measurement[];
  /** What the models of an outer step of the headline's row see in an example. */
  see(choice: Choice, outer: number): Promise<Seen>;
}

/** @param config what the page ran, on WebAssembly from a base that comes with it */
export async function repeatInNode({ recipe, seeds }: RunConfig): Promise<Repeated> {
  await using engine = await createEngine({ backend: "wasm", threads: 2 });
  const { headline, reference } = recipe;
  const [base, row] = [recipe.rows[0], recipe.rows.find(({ id }) => id === headline)];
  const [seed = 0] = seeds;
  const students: Params[] = [];
  const checkpoints = checkpointsInMemory();
  const measurements: Measurement[] = [];
  for await (const m of experiment(engine, recipe, {
    ...{ seeds, checkpoints, pretrained: checkpointFolder(bases) },
    async show(student) {
      if (student.ended && student.row === headline)
        students.push(await engine.run(() => student.params));
    },
  }))
    measurements.push(m);
  const weightsOf = async (id = ""): Promise<Params> =>
    (await checkpoints.load(`seed-${seed}/${id}`))?.tensors as Params;

  return {
    measurements,
    async see(choice, outer) {
      await using alone = await createEngine({ backend: "wasm", threads: 1 });
      const reader = createReader(alone, recipe, seed);
      const models = {
        snapshot: outer === 0 ? await weightsOf(base?.id) : students[outer - 1],
        reference: await weightsOf(reference),
        next: students[outer],
      };
      for (const [name, tensors] of Object.entries(models))
        reader.keep(name, encodeSafetensors({ tensors: tensors as Params, metadata: {} }));
      const { alpha } = measurements.find(
        (m): m is Distributions =>
          m.kind === "distributions" && m.row === headline && m.outer === outer,
      ) as Distributions;
      const anchor = { row: row as RowRecipe, alpha: alpha as number };
      const names = { snapshot: "snapshot", reference: "reference", next: "next" };
      return await reader.see(choice, { ...names, anchor });
    },
  };
}
