import { expect } from "vitest";
import type { Engine } from "../../../src/engines/engine.ts";
import { full } from "../../../src/tensor/apply.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { errorsOnWide, wideCases } from "./cases.ts";

export const wideOperations: readonly string[] = Object.keys(wideCases);

/** Expects an engine to agree with the reference on one operation's cases, or on every so many-th. */
export async function agreesOnWide(engine: Engine, operation: string, every = 1): Promise<void> {
  for (const [i, error] of (await errorsOnWide(engine, operation, every)).entries())
    expect(error, `case ${i}`).toBeLessThan(1e-5);
}

/** Sums of more terms than GPU.js lets a loop of unknown length have. */
export async function sumsManyTerms(engine: Engine, lengths: readonly number[]): Promise<void> {
  for (const length of lengths) {
    const long = full([1, length], 0.5);
    const [sum, dot] = await engine.run(() => [
      ops.sum(ops.transpose(long), { axis: 0 }),
      ops.matmul(long, long, { transposeB: true }),
    ]);
    expect(sum?.data[0]).toBe(length / 2);
    expect(dot?.data[0]).toBe(length / 4);
  }
}
