/**
 * Computes at the sizes of real models on Node's WebGPU and prints how far each result is from the
 * wasm engine's, or the reference engine's for long rows, a line of JSON a check: relative to the result as a vector.
 */
import { createEngine } from "../../../src/engines/create.ts";
import { type Engine, engineOf } from "../../../src/engines/engine.ts";
import { createGpuDevice } from "../../../src/engines/gpu/device.ts";
import type { WebGpuOptions } from "../../../src/engines/gpu/webgpu.ts";
import type { TypedArray } from "../../../src/tensor/tensor.ts";
import { errorsOnWide, wideCases } from "../../engines/wide/cases.ts";
import { attentionResults } from "./attention.ts";
import { fewRowsResults } from "./fewRows.ts";
import { modelResults } from "./models.ts";
import { moveResults } from "./moves.ts";
import { rowResults } from "./rows.ts";
import { stepResults } from "./step.ts";
import { TALL, tableResults } from "./table.ts";

type Results = Readonly<Record<string, TypedArray>>;

const wasm = await createEngine({ backend: "wasm", threads: 1 });
const tell = (check: string, errors: Readonly<Record<string, number>>): void =>
  console.log(JSON.stringify({ check, errors }));

interface Options extends WebGpuOptions {
  /** Whether groups of cells share what they fetch, which a software rasteriser does not ask for. */
  readonly shares?: boolean;
}

async function onGpu<T>(
  { shares, ...options }: Options,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const traits = shares === undefined ? {} : { shares };
  await using engine = engineOf(await createGpuDevice("webgpu", traits, options), "it is tested");
  return await work(engine);
}

async function compare(
  check: string,
  options: Options,
  resultsOf: (engine: Engine) => Promise<Results>,
  other = wasm,
): Promise<void> {
  const [own, wanted] = [await onGpu(options, resultsOf), await resultsOf(other)];
  tell(
    check,
    Object.fromEntries(
      Object.entries(wanted).map(([name, result]) => [name, distance(own[name], result)]),
    ),
  );
}

function distance(own: TypedArray | undefined, wanted: TypedArray): number {
  if (own?.length !== wanted.length) return Infinity;
  let difference = 0;
  let size = 0;
  wanted.forEach((x, i) => {
    difference += (x - (own[i] as number)) ** 2;
    size += x * x;
  });
  return Math.sqrt(difference / (size || 1));
}

await onGpu({ whole: true }, async (engine) => {
  for (const operation of Object.keys(wideCases)) {
    // Their forty shaders would take longer to compile than all the rest.
    const every = operation === "matmul" ? 7 : 1;
    const errors = await errorsOnWide(engine, operation, every);
    tell(operation, Object.fromEntries(errors.entries()));
  }
});
await compare("few rows", { shares: true }, (engine) => fewRowsResults(engine));
await compare("step", { shares: true }, stepResults);
const reference = await createEngine({ backend: "reference" });
await compare("rows", {}, rowResults, reference);
await compare("shared rows", { shares: true }, rowResults, reference);
await compare("tall", {}, (engine) => tableResults(engine, TALL));
// Bindings so small that embedding, head and most other weights lie in parts.
await compare("sliced", { bindingBytes: 2 ** 16 }, (engine) =>
  tableResults(engine, { rows: 700, width: 96 }),
);
await compare("attention in parts", { bindingBytes: 2 ** 16 }, attentionResults);
await compare("moves in parts", { bindingBytes: 2 ** 16 }, moveResults);
await compare("block", { whole: true, bindingBytes: 2e6 }, (engine) =>
  modelResults(engine, { layers: 1, vocabSize: 1024, length: 20, dtype: "bf16" }),
);
await compare("model", {}, (engine) =>
  modelResults(engine, { layers: 4, vocabSize: 1024, length: 12 }),
);
await wasm.close();
