// node bench/scale/gpu.mjs [MODEL …] [--layers n] [--vocabulary n] [--length n] [--quick] [--launches] [--minutes 12]
// [--weights f32|bf16|f16|q8_0] [--without subgroups,shader-f16] [--matmul-precision float32|float16]:
// what models of real size take on Node's WebGPU: reading a prompt, a token more, a step of LoRA and an anchored
// one; against what the GPU was measured to do at best. A model that cannot be held is told with the reason.
import { parseArgs } from "node:util";
import { planStats } from "../../dist/src/compile/statistics.js";
import { engineOf } from "../../dist/src/engines/engine.js";
import { createGpuDevice } from "../../dist/src/engines/gpu/device.js";
import { nn } from "../../dist/src/index.js";
import { describeGpuCeiling, measureGpuCeiling } from "../gpu/ceiling.mjs";
import { provideTimedWebGpu } from "../gpu/clock.mjs";
import { provenance } from "../machine.mjs";
import { median } from "../statistics.mjs";
import { figure, percent, table } from "../table.mjs";
import { models } from "./models.mjs";
import { programsOf, putWeights } from "./programs.mjs";

const MIB = 2 ** 20;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** In place of a model's own. */
    layers: { type: "string" },
    vocabulary: { type: "string" },
    /** Tokens of a training step; a prompt has half as many, a cache room for as many. */
    length: { type: "string", default: "256" },
    /** Fewer repeats. */
    quick: { type: "boolean", default: false },
    /** How the engine holds matrices. */
    weights: { type: "string", default: "f32" },
    /** Features that the GPU may have and is not to use, to tell what they bring. */
    without: { type: "string", default: "" },
    "matmul-precision": { type: "string", default: "float32" },
    /** What the launches of each program compute. */
    launches: { type: "boolean", default: false },
    /** After so many nothing is begun or repeated any more, and what was left out is told. */
    minutes: { type: "string", default: "12" },
  },
});
const length = Number(values.length);
const isOver = () => performance.now() > 60_000 * Number(values.minutes);
const sizes = { length, prompt: length / 2, capacity: length };
const FEATURES = ["shader-f16", "subgroups"];
const without = values.without.split(",").filter(Boolean);
for (const feature of without)
  if (!FEATURES.includes(feature))
    throw new RangeError(`bench: expected --without ${FEATURES.join(", ")}, got ${feature}`);
const HEAD = [
  "program",
  ...["ms", "best", "tokens/s", "launches", "kernels", "compiled in ms"],
  ...["rate", "of ceiling", "peak MiB"],
];

const clock = await provideTimedWebGpu();
if (clock) await all(clock, positionals.length > 0 ? positionals : Object.keys(models).slice(1));
else console.log("Dawn finds no GPU here: nothing measured");
// Dawn's threads keep Node from ending.
process.exit(0);

async function all(clock, names) {
  const first = await start();
  const ceiling = await measureGpuCeiling(clock);
  console.log(`${provenance()}\n${first.description}\n${describeGpuCeiling(ceiling)}`);
  await first.close();
  for (const name of names) {
    if (!(name in models))
      throw new RangeError(`bench: expected ${Object.keys(models).join(", ")}, got ${name}`);
    if (isOver()) {
      console.log(`\n${name}: left out after ${values.minutes} minutes`);
      continue;
    }
    const engine = await start();
    console.log(`\n### ${name}\n`);
    try {
      await measureModel(engine, name, ceiling);
    } catch (error) {
      console.log(`${error.name}: ${error.message}`);
      process.exitCode = 1;
    }
    await engine.close();
  }
}

/** An engine as `createEngine` starts it, less what it is to do without; its description names what is left. */
async function start() {
  const halves = values["matmul-precision"] === "float16";
  const features = FEATURES.filter((feature) => !without.includes(feature));
  return engineOf(await createGpuDevice("webgpu", { halves }, { features }), "it was asked for");
}

async function measureModel(engine, name, ceiling) {
  const { layers, vocabulary } = values;
  const json = {
    ...models[name],
    ...(layers === undefined ? {} : { num_hidden_layers: Number(layers) }),
    ...(vocabulary === undefined ? {} : { vocab_size: Number(vocabulary) }),
  };
  const model = nn.transformer(nn.configOf(json, name));
  const began = performance.now();
  const params = await putWeights(engine, model, values.weights);
  const weights = engine.memory().bytes;
  console.log(
    `weights ${figure(weights / MIB)} MiB, made and put in ${figure(performance.now() - began)} ms\n`,
  );
  const [rows, histograms] = [[], []];
  for (const [what, make] of Object.entries(await programsOf(engine, model, params, sizes))) {
    if (isOver()) {
      console.log(`${what}: left out after ${values.minutes} minutes`);
      continue;
    }
    const own = typeof make === "function" ? make() : make;
    const times = await timesOf(own);
    own.release();
    const { flop } = planStats(own.program.plans()[0]);
    const { launches, kernels } = own.program.stats();
    histograms.push(histogram(what, own.program.sources()));
    const [ms, best] = [median(times.repeated), Math.min(...times.repeated)];
    const tokens = { prefill: sizes.prompt, decode: 1 }[what] ?? length;
    // A token more reads all weights; the rest multiplies.
    const [rate, most, unit] =
      what === "decode"
        ? [weights / ms / 1e6, ceiling.gbs.large, "GB/s"]
        : [flop / ms / 1e6, ceiling.gflops, "GFLOP/s"];
    rows.push([
      `${what}, ${tokens} ${tokens === 1 ? "token" : "tokens"}`,
      ...[figure(ms), figure(best), figure((1000 * tokens) / ms), launches, kernels],
      ...[figure(times.first), `${figure(rate)} ${unit}`, percent(rate / most)],
      figure(engine.memory().peakBytes / MIB),
    ]);
  }
  console.log(table(HEAD, rows));
  if (values.launches) console.log(`\n${histograms.join("\n\n")}`);
}

/** Launches by the operations that each computes, the most frequent first. */
function histogram(what, sources) {
  const counts = new Map();
  for (const { ops } of sources) {
    const names = ops.join(" ");
    counts.set(names, (counts.get(names) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return table([what, "launches"], sorted);
}

/** ms of the first run, which compiles, and of others. */
async function timesOf({ run }) {
  const time = async () => {
    const began = performance.now();
    const value = await run();
    if (!Number.isFinite(value)) throw new Error(`bench: expected a number, got ${value}`);
    return performance.now() - began;
  };
  const first = await time();
  await time();
  const repeated = [];
  for (let i = 0; i < (values.quick ? 2 : 20) && !(i > 0 && isOver()); i++)
    repeated.push(await time());
  return { first, repeated };
}
