import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../../../src/engines/create.ts";
import type { Engine } from "../../../../src/engines/engine.ts";
import { trace } from "../../../../src/engines/trace.ts";
import { programOf } from "../../../../src/engines/wasm/lowering/program.ts";
import { apply, constant } from "../../../../src/tensor/apply.ts";
import * as ops from "../../../../src/tensor/ops.ts";
import type { Tensor } from "../../../../src/tensor/tensor.ts";

const numbers = (seed: number, shape: readonly [number, number?]): Tensor<"constant"> =>
  constant(
    Float32Array.from({ length: shape[0] * (shape[1] ?? 1) }, (_, i) => Math.sin(i * 0.37 + seed)),
    shape as readonly number[],
  );

/** The head of a model: logits over V tokens for R rows, what is lost, and what is learnt from it. */
const heads = fc
  .record({
    rows: fc.integer({ min: 240, max: 420 }),
    width: fc.integer({ min: 1, max: 20 }),
    transposed: fc.boolean(),
    anchored: fc.boolean(),
  })
  .map((head) => ({ ...head, columns: Math.ceil((2 << 20) / head.rows) + (head.width % 7) }));
type Head = typeof heads extends fc.Arbitrary<infer T> ? T : never;

const leavesOf = ({ rows, columns, width, transposed }: Head): Tensor<"constant">[] => {
  const table = (seed: number) => numbers(seed, transposed ? [columns, width] : [width, columns]);
  const labels = Int32Array.from({ length: rows }, (_, i) => (i * 7919) % columns);
  return [
    numbers(1, [rows, width]),
    table(2),
    table(3),
    numbers(4, [rows]),
    constant(labels, [rows]),
  ];
};

const logitsOf = ({ transposed }: Head) => {
  return (h: Tensor, w: Tensor) => ops.matmul(h, w, { transposeB: transposed });
};
const anchorOf = (x: Tensor, y: Tensor) =>
  ops.logSoftmax(ops.add(ops.mul(x, 0.75), ops.mul(y, 0.25)));
const lossOf = ({ anchored }: Head) => {
  return (x: Tensor, y: Tensor, labels: Tensor) =>
    anchored
      ? apply("anchoredKl", [anchorOf(y, x), x], {})
      : apply("crossEntropy", [x, labels], {});
};
const slopeOf = ({ anchored }: Head) => {
  return (g: Tensor, x: Tensor, y: Tensor, labels: Tensor) =>
    anchored
      ? apply("anchoredKlGrad", [g, anchorOf(y, x), x], {})
      : apply("crossEntropyGrad", [g, x, labels], {});
};
const toHidden = ({ transposed }: Head) => {
  return (d: Tensor, w: Tensor) => ops.matmul(d, w, { transposeB: !transposed });
};
const toTable = ({ transposed }: Head) => {
  return (h: Tensor, d: Tensor) =>
    transposed ? ops.matmul(d, h, { transposeA: true }) : ops.matmul(h, d, { transposeA: true });
};

/** Loss, and the cotangents of hidden states and table. */
const together = (head: Head) => (h: Tensor, w: Tensor, v: Tensor, g: Tensor, labels: Tensor) => {
  const [x, y] = [w, v].map((table) => logitsOf(head)(h, table)) as [Tensor, Tensor];
  const d = slopeOf(head)(g, x, y, labels);
  return [lossOf(head)(x, y, labels), toHidden(head)(d, w), toTable(head)(h, d)] as const;
};

/** Position of the first number whose bits differ, if any. */
function firstDifference(x: Tensor<"constant">, y: Tensor<"constant">): number {
  const [a, b] = [x, y].map(({ data: { buffer, byteOffset, length } }) => {
    return new Uint32Array(buffer, byteOffset, length);
  }) as [Uint32Array, Uint32Array];
  expect(a.length).toBe(b.length);
  return a.findIndex((word, i) => word !== b[i]);
}

const temporariesOf = (fn: unknown, leaves: readonly Tensor[], threads: number): number =>
  programOf(trace(fn as (...args: never[]) => unknown, leaves, []).plan, threads).arenaBytes;

describe("the head over a large vocabulary", () => {
  let engines: Engine[];
  beforeAll(async () => {
    engines = await Promise.all(
      [1, 2].map((threads) => createEngine({ backend: "wasm", threads })),
    );
  });
  afterAll(() => Promise.all(engines.map((engine) => engine.close())));

  test("has the bits that it has step by step, and holds the logits of some rows", () =>
    fc.assert(
      fc.asyncProperty(heads, async (head) => {
        const leaves = leavesOf(head);
        const [h, w, v, g, labels] = leaves as [Tensor, Tensor, Tensor, Tensor, Tensor];
        for (const engine of engines) {
          const run = (fn: () => Tensor) => engine.run(fn);
          const x = await run(() => logitsOf(head)(h, w));
          const y = await run(() => logitsOf(head)(h, v));
          const d = await run(() => slopeOf(head)(g, x, y, labels));
          const apart = [
            await run(() => lossOf(head)(x, y, labels)),
            await run(() => toHidden(head)(d, w)),
            await run(() => toTable(head)(h, d)),
          ];
          const all = await engine.run(() => together(head)(h, w, v, g, labels));
          all.forEach((result, i) => {
            expect([i, firstDifference(result, apart[i] as Tensor<"constant">)]).toEqual([i, -1]);
            expect(result.data.every(Number.isFinite)).toBe(true);
          });
        }
        const logits = 4 * head.rows * head.columns;
        const wide = head.anchored ? 4 : 2;
        expect(temporariesOf(together(head), leaves, 1)).toBeLessThan(0.6 * wide * logits);
      }),
      { numRuns: 20 },
    ));

  test("keeps logits that are wanted whole, and those whose gradient waits for the loss", async () => {
    const head = { rows: 300, columns: 8000, width: 4, transposed: true, anchored: false };
    const leaves = leavesOf(head);
    const [engine] = engines as [Engine];
    const logits = 4 * head.rows * head.columns;
    const waiting = (h: Tensor, w: Tensor, _: Tensor, g: Tensor, labels: Tensor) => {
      const x = logitsOf(head)(h, w);
      const loss = lossOf(head)(x, x, labels);
      return slopeOf(head)(ops.mul(g, loss), x, x, labels);
    };
    expect(temporariesOf(waiting, leaves, 1)).toBeGreaterThanOrEqual(logits);
    const args = leaves as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const [h, w, , g, labels] = args;
    const x = await engine.run(() => logitsOf(head)(h, w));
    const loss = await engine.run(() => lossOf(head)(x, x, labels));
    const scaled = await engine.run(() => ops.mul(g, loss));
    const apart = await engine.run(() => slopeOf(head)(scaled, x, x, labels));
    expect(firstDifference(await engine.run(() => waiting(...args)), apart)).toBe(-1);
    // A product with what only the last block completes.
    const late = (y: Tensor) => {
      const d = slopeOf(head)(g, y, y, labels);
      return ops.matmul(d, ops.matmul(d, h, { transposeA: true }));
    };
    const product = await engine.run(() => late(x));
    expect(firstDifference(await engine.run(() => late(logitsOf(head)(h, w))), product)).toBe(-1);
    const both = await engine.run(() => {
      const z = logitsOf(head)(h, w);
      return [z, lossOf(head)(z, z, labels)] as const;
    });
    expect(firstDifference(both[0], x)).toBe(-1);
    expect(firstDifference(both[1], loss)).toBe(-1);
  });
});
