import { expect, test } from "vitest";
import { type Driver, WORK } from "../../../src/engines/gpu/driver.ts";
import { prepare } from "../../../src/engines/gpu/executable.ts";
import { trace } from "../../../src/engines/trace.ts";
import * as nn from "../../../src/nn/index.ts";
import { adamw } from "../../../src/optim/adamw.ts";
import { applyUpdates } from "../../../src/optim/optimizer.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { optional } from "../../../src/tensor/definitions.ts";
import { valueAndGrad } from "../../../src/tensor/grad.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { sizeOf } from "../../../src/tensor/shapes.ts";
import type { Shape, Tensor } from "../../../src/tensor/tensor.ts";
import { traits } from "./emitted.ts";

/** A WebGPU of hardware that makes nothing: kernels are counted, not run. */
const counting: Driver<null> = {
  description: "counts",
  readsWait: true,
  most: Infinity,
  traits: { ...traits.webgpu, reads: 15, operands: 16, ...WORK.compute },
  compile: async () => ({ source: "", run: () => [] }),
  allocate: () => null,
  write() {},
  async written() {},
  read: async () => new Float32Array(),
  copy: () => null,
  codes: {
    allocate: () => null,
    write() {},
    read: async () => new Uint8Array(),
    cast: async () => ({ source: "", run: () => [] }),
  },
  windows: { every: 64, open: () => null },
  free() {},
  async check() {},
  memory: () => ({ bytes: 0, buffers: 0, peakBytes: 0 }),
  async close() {},
};

const LAYERS = 2;
const LENGTH = 64;
/** SmolLM2-135M's shapes, but for layers and vocabulary. */
const model = nn.transformer({
  ...{ layers: LAYERS, vocabSize: 1024, heads: 9, kvHeads: 3, headDim: 64, width: 576 },
  ...{ hidden: 1536, contextLength: 64, ropeTheta: 1e5, epsilon: 1e-5, tieEmbeddings: true },
});
const zeros = (shape: Shape): Tensor => constant(new Float32Array(sizeOf(shape)), shape);
const ids = (shape: Shape): Tensor => constant(new Int32Array(sizeOf(shape)), shape);
const params: nn.Params = Object.fromEntries(
  Object.entries(model.shapes).map(([name, shape]) => [name, zeros(shape)]),
);

/** Launches of a program, by the operations of each. */
async function launchesOf(
  fn: (...args: never[]) => unknown,
  args: readonly unknown[],
): Promise<ReadonlyMap<string, number>> {
  const { plan } = trace(fn, args, [], { lacking: optional });
  const program = await prepare(counting, plan);
  const counts = new Map<string, number>();
  for (const { ops: names } of program.sources?.() ?? []) {
    const key = names.join(" ");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, n) => sum + n, 0);

test("a training step launches no update, and no sum of the residual stream, on its own", async () => {
  const optimizer = adamw({ learningRate: 1e-4 });
  const step = (p: nn.Params, state: ReturnType<typeof optimizer.init>, t: Tensor, l: Tensor) => {
    const loss = (q: nn.Params) => nn.crossEntropy(model.apply(q, t), l);
    const [value, gradients] = valueAndGrad(loss)(p);
    const [updates, next] = optimizer.update(gradients, state, p);
    return [value, applyUpdates(p, updates), next];
  };
  const batch = [ids([1, LENGTH]), ids([1, LENGTH])];
  const counts = await launchesOf(step, [params, optimizer.init(params), ...batch]);
  for (const alone of ["ema emaSquare adamwUpdate add", "swiglu", "add"])
    expect(counts.get(alone) ?? 0, alone).toBeLessThan(2);
  // Norms, softmaxes and their gradients are one launch each.
  expect(counts.get("causalSoftmax")).toBe(LAYERS);
  expect(counts.get("rmsNorm")).toBe(2 * LAYERS + 1);
  expect(total(counts)).toBe(151);
});

test("a token more launches what its products, norms and caches are", async () => {
  const cache = Array.from({ length: LAYERS }, () => ({
    keys: zeros([1, 3, LENGTH, 64]),
    values: zeros([1, 3, LENGTH, 64]),
  }));
  const decode = (p: nn.Params, held: nn.Prefilled["cache"], inputs: nn.DecodeInputs) => {
    const { logits, cache: next } = model.decode(p, held, inputs);
    return [ops.argmax(logits), next];
  };
  const inputs = { tokens: ids([1]), previous: ids([1]), positions: ids([1]) };
  const counts = await launchesOf(decode, [params, cache, inputs]);
  expect(counts.get("matmul add")).toBe(2 * LAYERS);
  expect(total(counts)).toBe(43);
});
