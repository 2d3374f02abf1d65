/**
 * Computes on Node's WebGPU as kernels for hardware do, with the features that its adapter has, and prints how far
 * results are from the reference engine's, a line of JSON a check.
 */
import type { ShaderFeature } from "../../../kernels/gpu/kernel.ts";
import { createEngine } from "../../../src/engines/create.ts";
import { type Engine, engineOf } from "../../../src/engines/engine.ts";
import { createGpuDevice } from "../../../src/engines/gpu/device.ts";
import { WORK } from "../../../src/engines/gpu/driver.ts";
import { neg } from "../../../src/tensor/ops.ts";
import type { TypedArray } from "../../../src/tensor/tensor.ts";
import { fewRowsResults } from "../sizes/fewRows.ts";
import { productResults } from "./products.ts";
import { reductionResults } from "./rows.ts";
import { storedResults } from "./stored.ts";

interface Check {
  resultsOf(engine: Engine): Promise<Readonly<Record<string, TypedArray>>>;
  /** Whether products may round their factors. */
  readonly halves?: boolean;
  /** Those to use; all that there are by default. */
  readonly features?: readonly ShaderFeature[];
}

/** Fewer steps than threads, and more; columns that are no groups of four. */
const FEW_ROWS = [
  [1, 1, 576, 130],
  [2, 8, 68, 64],
] as const;

const checks: Readonly<Record<string, Check>> = {
  rows: { resultsOf: reductionResults },
  "rows in memory": { resultsOf: reductionResults, features: [] },
  // One with more after it.
  "few rows": { resultsOf: (engine) => fewRowsResults(engine, FEW_ROWS, neg) },
  stored: { resultsOf: storedResults },
  products: { resultsOf: productResults },
  halves: { resultsOf: productResults, halves: true },
};

/** Relative to a result as a vector; infinite where NaN and infinities do not stand where they should. */
function distance(own: TypedArray | undefined, wanted: TypedArray): number {
  if (own?.length !== wanted.length) return Infinity;
  let difference = 0;
  let size = 0;
  for (const [i, x] of wanted.entries()) {
    const y = own[i] as number;
    if (Object.is(x, y)) continue;
    if (!Number.isFinite(x) || !Number.isFinite(y)) return Infinity;
    difference += (x - y) ** 2;
    size += x * x;
  }
  return Math.sqrt(difference / (size || 1));
}

const reference = await createEngine({ backend: "reference" });
/** All of them, unless some are named. */
const named = process.argv.slice(2);
for (const [check, { resultsOf, halves = false, features }] of Object.entries(checks)) {
  if (named.length > 0 && !named.includes(check)) continue;
  const wanted = await resultsOf(reference);
  const traits = { ...WORK.compute, halves };
  const device = await createGpuDevice("webgpu", traits, features ? { features } : {});
  await using engine = engineOf(device, "it is tested");
  const own = await resultsOf(engine);
  const errors = Object.entries(wanted).map(([name, x]) => [name, distance(own[name], x)]);
  const { description } = engine;
  console.log(JSON.stringify({ check, description, errors: Object.fromEntries(errors) }));
}
await reference.close();
