import fc from "fast-check";
import { expect } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import * as random from "../../src/tensor/random.ts";
import { graphs } from "../compile/graphs.ts";

/** Expects programs whose elementwise steps are computed together to equal the reference. */
export async function fusesAsReference(engine: Engine, runs: number): Promise<void> {
  await using reference = await createEngine({ backend: "reference" });
  await fc.assert(
    fc.asyncProperty(graphs, async (graph) => {
      const leaves = graph.shapes.map((shape, i) => random.normal(random.key(i), shape));
      const outputs = graph.results(leaves);
      const [got, want] = await Promise.all([
        engine.run(() => outputs),
        reference.run(() => outputs),
      ]);
      want.forEach((expected, i) => {
        const numbers = Float64Array.from(expected.data);
        const scale = numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
        const worst = numbers.reduce(
          (most, x, j) => Math.max(most, Math.abs(x - (got[i]?.data[j] as number))),
          0,
        );
        expect(worst / scale, `output ${i}`).toBeLessThan(3e-5);
      });
    }),
    { numRuns: runs },
  );
}
