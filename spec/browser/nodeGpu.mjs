// Trains the peers' small GPT on Node's WebGPU for as many steps as asked, prints what came of each as a
// line of JSON, and ends by itself.
import { info, make } from "../../bench/peers/own.mjs";
import { createEngine } from "../../dist/src/index.js";
import { batch, config, weights } from "./peerData.ts";

const made = { createBindGroup: 0, createBuffer: 0 };

const start = () => createEngine({ backend: "webgpu" });
for (const engine of await Promise.all([start(), start()])) await engine.close();
const model = await make(config, weights(), batch(), { device: "webgpu" });
console.log(JSON.stringify({ backend: info.backend }));
const { globals } = await import("webgpu");
for (const name of Object.keys(made)) {
  const create = globals.GPUDevice.prototype[name];
  globals.GPUDevice.prototype[name] = function (...args) {
    made[name] += 1;
    return create.apply(this, args);
  };
}
for (let i = 0; i < Number(process.argv[2]); i++) {
  Object.assign(made, { createBindGroup: 0, createBuffer: 0 });
  console.log(JSON.stringify({ loss: await model.step(), ...made }));
}
