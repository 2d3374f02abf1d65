import fc from "fast-check";
import { expect, test } from "vitest";
import { slicedPlan } from "../../../src/compile/slices/slicedPlan.ts";
import { trace } from "../../../src/engines/trace.ts";
import { transformer } from "../../../src/nn/index.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { grad } from "../../../src/tensor/grad.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { agreesInParts, matrix } from "../inParts.ts";

/** A cache of some sequences and heads, and rows for it: none, some of them twice, or more than one tensor holds. */
const caches = fc.record({
  B: fc.integer({ min: 1, max: 3 }),
  G: fc.integer({ min: 1, max: 3 }),
  V: fc.integer({ min: 1, max: 150 }),
  R: fc.oneof(fc.constantFrom(0, 1, 5), fc.integer({ min: 60, max: 200 })),
  C: fc.constantFrom(2, 5, 8),
  times: fc.integer({ min: 1, max: 3 }),
});
const idsOf = (shape: readonly [number, number, number], V: number): Tensor<"constant"> =>
  constant(
    Int32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => (i * i * 31 + i) % V),
    shape,
  );

test("rows written into a tensor in parts are those written into the whole", () =>
  fc.assert(
    fc.asyncProperty(caches, async ({ B, G, V, R, C, times }) => {
      const args = [matrix([B, G, V, C], 1), idsOf([B, G, R], V), matrix([B, G, R, C], 2)];
      const write = (x: Tensor, ids: Tensor, rows: Tensor) => {
        const written = ops.scatterRows(ops.exp(x), ids, ops.neg(rows));
        return [written, ops.exp(written)];
      };
      // Ids are not cut: as rows they are longer than what they name.
      await agreesInParts(write, args, Math.max(64 * C * times, B * G * R), {}, 0);
    }),
    { numRuns: 60 },
  ));

test("more rows than one tensor holds are written in order", async () => {
  const [R, C] = [200, 4];
  for (const V of [40, 100]) {
    const args = [matrix([1, 1, V, C], 1), idsOf([1, 1, R], V), matrix([1, 1, R, C], 2)];
    const write = (x: Tensor, ids: Tensor, rows: Tensor) => ops.scatterRows(x, ids, rows);
    const { steps } = await agreesInParts(write, args, 256, {}, 0);
    const writes = steps.filter(({ op }) => op === "scatterRows");
    expect(writes.length).toBeGreaterThanOrEqual(4);
  }
});

test("a cache in parts is written in place, each part at once where it has whole matrices", () => {
  const [B, G, V, R, C] = [2, 4, 64, 1, 8];
  const args = [matrix([B, G, V, C], 1), idsOf([B, G, R], V), matrix([B, G, R, C], 2)];
  const write = (x: Tensor, ids: Tensor, rows: Tensor) => ops.scatterRows(x, ids, rows);
  const { plan } = trace(write, args, [0]);
  const parts = slicedPlan(plan, 2 * V * C);
  const written = parts.steps.filter(({ op }) => op === "scatterRows");
  expect(parts.outputs).toHaveLength(4);
  expect(written.map(({ output }) => output.shape)).toEqual(Array(4).fill([2, V, C]));
  for (const [i, { buffer }] of parts.outputs.entries())
    expect(parts.buffers[buffer]?.reuses).toBe(parts.inputs[i]?.buffer);
});

test("gradients pass through rows written into a tensor in parts", async () => {
  const [V, R, C] = [150, 6, 4];
  const ids = idsOf([1, 1, R], V);
  const learns = (x: Tensor) =>
    grad((y: Tensor) => ops.sum(ops.exp(ops.scatterRows(y, ids, matrix([1, 1, R, C], 2)))))(x);
  await agreesInParts(learns, [matrix([1, 1, V, C], 1)], 256);
});

test("a model's cache in parts is grown, written and attended to", async () => {
  const [B, P, S] = [4, 6, 128];
  const model = transformer({
    ...{ vocabSize: 32, layers: 2, width: 16, hidden: 32, heads: 2, kvHeads: 2, headDim: 8 },
    ...{ contextLength: S, ropeTheta: 1e4, epsilon: 1e-5, tieEmbeddings: true },
  });
  const names = Object.keys(model.shapes);
  const weights = names.map((name, i) => matrix(model.shapes[name] ?? [], i));
  const below = (n: number, seed: number): Tensor<"constant"> =>
    constant(
      Int32Array.from({ length: B * n }, (_, i) => (i * seed + 5) % 32),
      [B, n],
    );
  const each = (x: number) => constant(new Int32Array(B).fill(x), [B]);
  const answers = (...given: Tensor[]) => {
    const params = Object.fromEntries(names.map((name, i) => [name, at(given, i)]));
    const { logits, cache } = model.prefill(params, below(P, 7), each(P - 1), S);
    const [tokens, previous] = [each(3), each(9)];
    const next = model.decode(params, cache, { tokens, previous, positions: each(P) });
    return [logits, next.logits, ...next.cache.flatMap(({ keys, values }) => [keys, values])];
  };
  // Of keys [4, 2, 128, 8] each part has more than a sequence, and no whole number of heads.
  const { steps } = await agreesInParts(answers, weights, 3072);
  expect(steps.filter(({ op }) => op === "scatterRows").length).toBeGreaterThan(2 * 2 * 2);
});
