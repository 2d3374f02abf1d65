import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { type Engine, engineOf } from "../../src/engines/engine.ts";
import { NUMERICS_VERSION, numericsName, numericsOf } from "../../src/engines/numerics.ts";
import { createWasmDevice } from "../../src/engines/wasm/device.ts";
import { experiment } from "../../src/experiment/experiment.ts";
import { measurementText } from "../../src/experiment/measurements.ts";
import { tinyRecipe } from "./tiny.ts";

/** A row of each kind. */
const ids = [
  ...["base", "sft-5e-3", "anchored-0.1-T5-K2", "moving-0.1", "anchored-probability-0.1-T5-K2"],
  ...["asft-0.1", "merge-0.3"],
];
const rows = tinyRecipe.rows.filter(({ id }) => ids.includes(id));

/**
 * SHA-256 of what the tiny study measures. Where a digest changes, numbers have changed that caches
 * and stores hold: `NUMERICS_VERSION` is to grow, and the digests here are to follow.
 */
const digests: Readonly<Record<string, string>> = {
  "wasm-fma-1": "29de4847b022e552b1d30052856642b8db5286d417f3f34c14f5e82651fa530c",
  "wasm-plain-1": "a36114b38156453b002617ec0a62b3346b443e01661433228ff6a7786ce39b8d",
};

async function digestOf(engine: Engine): Promise<string> {
  const hash = createHash("sha256");
  for await (const m of experiment(engine, { ...tinyRecipe, rows }))
    if (m.kind !== "attempt") hash.update(`${measurementText(m)}\n`);
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
