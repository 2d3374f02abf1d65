// Trains one peer in a page; the browser's runner calls `trainPeer`.
import * as jaxLibrary from "@jax-js/jax";
import * as tf from "@tensorflow/tfjs";
import * as tfWasm from "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgpu";
import { makeJax } from "./models/jax.mjs";
import { makeTfjs } from "./models/tfjs.mjs";
import { info, make } from "./own.mjs";
import { initialWeights, MODELS, trainingBatch } from "./spec.mjs";
import { timeSteps } from "./timing.mjs";

const peers = { anchorgrad, tfjs, jax };

async function anchorgrad(data, options) {
  const { step } = await make(...data, options);
  return { step, backend: info.backend };
}

async function tfjs(data, options) {
  tfWasm.setWasmPaths("/tfjs/");
  if (!(await tf.setBackend(options.device))) throw new Error(`tfjs has no ${options.device} here`);
  const step = makeTfjs(tf, ...data, options);
  return { step, backend: `tfjs ${tf.version.tfjs}, ${tf.getBackend()}` };
}

async function jax(data, { device }) {
  const devices = await jaxLibrary.init();
  if (!devices.includes(device)) throw new Error(`jax-js has no ${device} here, only ${devices}`);
  jaxLibrary.defaultDevice(device);
  return { step: makeJax(jaxLibrary, ...data), backend: `jax-js, ${device}` };
}

window.trainPeer = async (peer, size, options) => {
  const model = MODELS[size];
  const data = [model, initialWeights(model), trainingBatch(model)];
  const { step, backend } = await peers[peer](data, options);
  return { backend, ...(await timeSteps(step, options, window.cpuMs)) };
};
