import { fileURLToPath } from "node:url";
import { chromiumPath, openblasFolder, pythonWithTorch } from "./installed.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const node = (peer, options = {}) => ({
  command: [process.execPath, "--max-old-space-size=8192", at("node.mjs"), peer],
  options,
});
const page = (peer, device, options = {}) => ({
  command: [process.execPath, at("browser.mjs"), peer],
  options: { device, ...options },
});
function torch(python, threads) {
  const blas = openblasFolder();
  const count = String(threads);
  const env = { OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count, OMP_WAIT_POLICY: "PASSIVE" };
  return {
    command: [python, at("models/torch_peer.py"), at("data")],
    options: { threads },
    env: blas ? { ...env, LD_LIBRARY_PATH: blas } : env,
  };
}

/** Every peer that can run on this machine's GPU: name → { command, options, env, sizes }. */
export function gpuPeersHere() {
  const python = pythonWithTorch();
  const cuda = [python, at("models/torch_peer.py"), at("data")];
  const onGpu = (peer, device) => page(peer, device, { gpu: true, warm: WARM });
  const inChromium = chromiumPath() && {
    "anchorgrad webgpu, Chromium": onGpu("anchorgrad", "webgpu"),
    "jax-js webgpu, Chromium": onGpu("jax", "webgpu"),
    "tfjs webgpu, Chromium": onGpu("tfjs", "webgpu"),
    "anchorgrad webgl2, Chromium": onGpu("anchorgrad", "webgl2"),
    "tfjs webgl, Chromium": onGpu("tfjs", "webgl"),
  };
  return {
    "anchorgrad webgpu, Node": node("anchorgrad", { device: "webgpu", warm: WARM }),
    "jax-js webgpu, Node": node("jax", { device: "webgpu", warm: WARM }),
    ...inChromium,
    ...(python && {
      "PyTorch, CUDA": { command: cuda, options: { device: "cuda", threads: 1, warm: WARM } },
    }),
  };
}
/** Steps after which a GPU's clock is up and a repeated step gets the same memory. */
const WARM = 25;

/** Every peer that can run here: name → { command, options, env, sizes }. */
export function peersHere() {
  const python = pythonWithTorch();
  const inNode = {
    "anchorgrad wasm, Node, 1 thread": node("anchorgrad", { threads: 1 }),
    "anchorgrad wasm, Node, 2 threads": node("anchorgrad", { threads: 2 }),
    "jax-js wasm, Node, 1 thread": node("jax"),
    "tfjs wasm, Node, 1 thread": node("tfjs"),
    "tfjs wasm with transposes apart, Node, 1 thread": node("tfjs", { tuned: true }),
  };
  const pytorch = python && {
    "PyTorch, 1 thread": torch(python, 1),
    "PyTorch, 2 threads": torch(python, 2),
  };
  const inChromium = chromiumPath() && {
    "anchorgrad wasm, Chromium, 2 threads": page("anchorgrad", "wasm", { threads: 2 }),
    "jax-js wasm, Chromium, 2 workers": page("jax", "wasm"),
    "tfjs wasm with transposes apart, Chromium": page("tfjs", "wasm", { tuned: true }),
    "anchorgrad webgl2, Chromium": { ...page("anchorgrad", "webgl2"), sizes: "SM" },
    "tfjs webgl, Chromium": { ...page("tfjs", "webgl"), sizes: "SM" },
    "anchorgrad webgpu, Chromium": { ...page("anchorgrad", "webgpu"), sizes: "SM" },
    "jax-js webgpu, Chromium": { ...page("jax", "webgpu"), sizes: "SM" },
    "tfjs webgpu, Chromium": { ...page("tfjs", "webgpu"), sizes: "S" },
  };
  return { ...pytorch, ...inNode, ...inChromium };
}
