import { expect } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import { full } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** Expects a program to be compiled before it first runs, to tell how far that is, and its sources. */
export async function warmsUp(engine: Engine, compiled?: RegExp): Promise<void> {
  const told: [number, number][] = [];
  const program = engine.compile(
    (x: Tensor) => ops.softmax(ops.matmul(ops.softmax(x), x, { transposeB: true })),
    { onProgress: (...progress) => told.push(progress) },
  );
  const x = engine.put(full([4, 4], 0.5));
  await program.prepare(x);
  const { kernels, launches } = program.stats();
  expect(told).toEqual(Array.from({ length: kernels }, (_, i) => [i + 1, kernels]));
  const sources = program.sources();
  expect(sources.length).toBe(launches);
  expect(new Set(sources.map(({ source }) => source)).size).toBe(kernels);
  const [plan] = program.plans();
  for (const { steps, ops, source, compiled: text } of sources) {
    expect(ops).toEqual(steps.map((step) => plan?.steps[step]?.op));
    expect(source).toMatch(/^function\(a0/);
    if (compiled) expect(text).toMatch(compiled);
    else expect(text).toBeUndefined();
  }
  const [y] = [await program(x)];
  expect(told.length).toBe(kernels);
  expect(await engine.read(y)).toEqual(new Float32Array(16).fill(0.25));
}
