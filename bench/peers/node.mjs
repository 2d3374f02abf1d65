// node node.mjs <peer> <size> <options as JSON>: one peer in one Node process; prints RESULT {...}.
import { createRequire } from "node:module";
import { cpuMs } from "../statistics.mjs";
import { makeJax } from "./models/jax.mjs";
import { makeTfjs } from "./models/tfjs.mjs";
import { initialWeights, MODELS, trainingBatch } from "./spec.mjs";
import { timeSteps } from "./timing.mjs";

const [peer, size, json] = process.argv.slice(2);
const options = JSON.parse(json);
const model = MODELS[size];
const data = [model, initialWeights(model), trainingBatch(model)];
const require = createRequire(import.meta.url);

const peers = { anchorgrad, tfjs, jax };

async function anchorgrad() {
  const { info, make } = await import("./own.mjs");
  const { step } = await make(...data, options);
  return { step, backend: info.backend };
}

async function tfjs() {
  const tf = require("@tensorflow/tfjs");
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(
    require.resolve("@tensorflow/tfjs-backend-wasm/package.json").replace("package.json", "dist/"),
  );
  await tf.setBackend("wasm");
  const step = makeTfjs(tf, ...data, options);
  return { step, backend: `tfjs ${tf.version.tfjs}, ${tf.getBackend()}` };
}

async function jax() {
  await import("./node20.mjs");
  if (options.device === "webgpu") await provideDawn();
  const { device = "wasm" } = options;
  const library = await import("@jax-js/jax");
  const devices = await library.init();
  if (!devices.includes(device)) throw new Error(`jax-js has no ${device} here, only ${devices}`);
  library.defaultDevice(device);
  return { step: makeJax(library, ...data), backend: `jax-js, ${device}` };
}

/** What browsers have. */
async function provideDawn() {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  const navigator = { hardwareConcurrency: 2, userAgent: "Node", gpu: create([]) };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
}

console.warn = () => {}; // advice of the peers about other backends
const { step, backend } = await peers[peer]();
const result = await timeSteps(step, options, async () => cpuMs());
const peakMB = process.resourceUsage().maxRSS / 1024;
console.log(`RESULT ${JSON.stringify({ backend, peakMB, ...result })}`);
process.exit(0);
