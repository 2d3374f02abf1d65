import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { type Engine, engineOf } from "../../src/engines/engine.ts";
import { NUMERICS_VERSION, numericsName, numericsOf } from "../../src/engines/numerics.ts";
import { createWasmDevice } from "../../src/engines/wasm/device.ts";
import { experiment } from "../../src/experiment/experiment.ts";
import type { Result } from "../../src/experiment/measurements.ts";
import { weightsName } from "../../src/experiment/recipe.ts";
import { canonicalJson } from "../../src/json/canonicalJson.ts";
import { encodeSafetensors } from "../../src/weights/safetensors.ts";
import { checkpointsInMemory } from "../../src/weights/store.ts";
import { tinyRecipe } from "./tiny.ts";

/** A row of each kind. */
const ids = [
  ...["base", "sft-5e-3", "anchored-0.1-T5-K2", "moving-0.1", "anchored-probability-0.1-T5-K2"],
  ...["asft-0.1", "merge-0.3"],
];
const rows = tinyRecipe.rows.filter(({ id }) => ids.includes(id));

const scores = [
  ...["target", "targetLoss", "prior", "signOff", "klFromBase", "klToBase", "klToReference"],
  ...["klFromAnchor", "entropy", "overlap", "onTarget", "distance"],
];

/** What numerics are told by: figures that are added later change nothing that is kept. */
const figures: { readonly [K in Result["kind"]]: readonly string[] } = {
  progress: ["loss", "tokens"],
  certificate: [
    ...["measured", "bound", "inexactness", "alpha", "referenceKl", "anchorKl", "psi", "eta"],
    ...["leastSlack", "cumulative", "sequence"],
  ],
  probe: scores,
  row: scores,
  distributions: ["tokens"],
  retention: ["certified", "alpha", "allowed", "planned"],
};

/**
 * SHA-256 of what the tiny study measures, and of its weights. Where a digest changes, numbers have
 * changed that caches and stores hold: `NUMERICS_VERSION` is to grow, and the digests are to follow.
 */
const digests: Readonly<Record<string, string>> = {
  "wasm-fma-1": "d9ccf3f82456a886c0fe0bf0decc33bab2f0052a2e09afc036949f8871dab008",
  "wasm-plain-1": "1d7af5094fd052f53532a1a763c6a4fa60a2fe97736e4b2d96eda7bac63cbe41",
};

async function digestOf(engine: Engine): Promise<string> {
  const hash = createHash("sha256");
  const checkpoints = checkpointsInMemory();
  for await (const m of experiment(engine, { ...tinyRecipe, rows }, { checkpoints })) {
    if (m.kind === "attempt") continue;
    const known = Object.entries(m).filter(([name]) => figures[m.kind].includes(name));
    hash.update(canonicalJson(Object.fromEntries(known)));
  }
  for (const id of ids) {
    const weights = await checkpoints.load(weightsName(0, id));
    if (!weights) throw new Error(`expected the weights of ${id}`);
    hash.update(encodeSafetensors(weights));
  }
  return hash.digest("hex");
}

const engines = {
  wasm: () => createEngine({ backend: "wasm", threads: 1 }),
  "wasm without fused multiply-add": async () =>
    engineOf(await createWasmDevice({ threads: 2, relaxedSimd: false }), "it was asked for"),
};

test.each(Object.entries(engines))(
  "the study's numbers are those of their version: %s",
  async (_, start) => {
    await using engine = await start();
    const name = numericsName(numericsOf(engine));
    expect([name, await digestOf(engine)]).toEqual([name, digests[name]]);
  },
);

test("there is a row of each kind", () => {
  expect(rows.map(({ id }) => id)).toEqual(ids);
});

test("there are digests of this version alone", () => {
  for (const name of Object.keys(digests))
    expect(name).toMatch(new RegExp(`-${NUMERICS_VERSION}$`));
});
