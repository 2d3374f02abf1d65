// node bench/scale/case.mjs MODEL prefill,B,T|decode,B,SLOTS|step,B,T|lora,B,T [--dtype bf16] [--rounded]
// [--threads 1] [--repeats 8] [--layers n]: one case of a model of real size, with random weights, in
// this process. Prints a line of JSON: CPU and wall ms of each run, FLOP, memory.
import { parseArgs } from "node:util";
import { createEngine } from "../../dist/src/index.js";
import { cpuMs } from "../statistics.mjs";
import { casesOf, modelOf, weightsOf } from "./cases.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** How frozen matrices are kept: float, bf16, f16 or q8_0. */
    dtype: { type: "string", default: "float" },
    /** Inputs of linear layers in q8_0, too, as llama.cpp has them with such weights. */
    rounded: { type: "boolean", default: false },
    threads: { type: "string", default: "1" },
    repeats: { type: "string", default: "8" },
    layers: { type: "string" },
  },
});
const [name, what = "prefill,1,128"] = positionals;
const [kind, B, T] = what.split(",").map((x, i) => (i === 0 ? x : Number(x)));
const layers = values.layers && Number(values.layers);
const linearInputs = values.rounded ? "q8_0" : "float";
const gradientCheckpointing = kind === "lora";
const model = modelOf(name, { layers, linearInputs, gradientCheckpointing });
const cases = casesOf(model, B, T);
if (!Object.hasOwn(cases, kind))
  throw new RangeError(`expected one of ${Object.keys(cases).join(", ")} with ,B,T, got ${what}`);
const engine = await createEngine({ backend: "wasm", threads: Number(values.threads) });
const put = (x) => engine.put(x);
const { run, donate, args: first, next } = cases[kind](weightsOf(model, values.dtype, put), put);
const program = engine.compile(run, { donate });
await program.prepare(...first);
let args = first;
const [cpu, wall] = [[], []];
for (let i = 0; i < Number(values.repeats); i++) {
  const [began, before] = [performance.now(), cpuMs()];
  const result = await program(...args);
  cpu.push(cpuMs() - before);
  wall.push(performance.now() - began);
  args = await next(result, args, i, engine);
}
const { flop } = program.stats();
const heap = engine.memory().peakBytes / 2 ** 20;
const rss = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ cpu, wall, gflop: flop / 1e9, heap, rss }));
process.exit(0);
