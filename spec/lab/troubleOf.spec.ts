import { expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { troubleOf } from "../../src/lab/worker/troubleOf.ts";

test.each(["webgl2", "webgpu"] as const)(
  "Node's %s is an engine that cannot start",
  async (backend) => {
    const failure = await createEngine({ backend }).catch((error: unknown) => error);
    expect(troubleOf(failure)).toBe("engine");
  },
);

test.each([
  ["lost", "webgl2: the GPU's context was lost and its tensors with it; create a new engine"],
  ["lost", "webgpu: the GPU device was lost and its tensors with it; create a new engine"],
  ["memory", "webgpu: the GPU has no memory left; 12 bytes are in use"],
  ["memory", "WebAssembly.Memory.grow(): Maximum memory size exceeded"],
  ["engine", "WebGPU is present (navigator.gpu) but no adapter is available."],
  ["other", "trainSteps: expected a finite loss, got NaN at step 3"],
] as const)("%s: %s", (kind, message) => {
  expect(troubleOf(new Error(message))).toBe(kind);
});
