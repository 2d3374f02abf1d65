import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { slicedPlan } from "../../src/compile/slices/slicedPlan.ts";
import { planStats } from "../../src/compile/statistics.ts";
import { apply, constant, full, stored, tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import { round } from "../../src/tensor/storage/types.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { agreesInParts, matrix, planOf } from "./inParts.ts";

/** Logits, the table and its gradient are cut or not, each in up to 8 parts. */
const heads = fc
  .record({
    tokens: fc.integer({ min: 1, max: 64 }),
    vocabulary: fc.integer({ min: 4, max: 20 }).map((groups) => 8 * groups),
    width: fc.constantFrom(4, 12, 24),
    anchored: fc.boolean(),
    times: fc.integer({ min: 1, max: 3 }),
  })
  .map((head) => ({ ...head, most: 8 * head.vocabulary * head.times }));
type Head = typeof heads extends fc.Arbitrary<infer T> ? T : never;

const leavesOf = ({ tokens, vocabulary, width }: Head): Tensor<"constant">[] => [
  matrix([vocabulary, width], 1),
  constant(
    Int32Array.from({ length: tokens }, (_, i) => (i * 61) % vocabulary),
    [1, tokens],
  ),
  constant(
    Int32Array.from({ length: tokens }, (_, i) => (i * 97) % vocabulary),
    [tokens],
  ),
];

/** An embedding tied to its head, a loss, all gradients, and a step of an optimizer. */
const learns =
  ({ vocabulary, tokens, width, anchored }: Head) =>
  (table: Tensor, ids: Tensor, labels: Tensor) => {
    const hidden = ops.gather(table, ids);
    const logits = ops.matmul(hidden, table, { transposeB: true });
    const rows = ops.reshape(logits, [tokens, vocabulary]);
    const g = full([tokens], 0.3);
    const anchor = ops.logSoftmax(ops.mul(rows, 0.5));
    const loss = anchored
      ? apply("anchoredKl", [anchor, rows], {})
      : apply("crossEntropy", [rows, labels], {});
    const slope = anchored
      ? apply("anchoredKlGrad", [g, anchor, rows], {})
      : apply("crossEntropyGrad", [g, rows, labels], {});
    const cotangent = ops.matmul(slope, table);
    const flat = ops.reshape(hidden, [tokens, width]);
    const gradient = ops.add(
      ops.matmul(slope, flat, { transposeA: true }),
      ops.scatterAdd(ops.reshape(ids, [tokens]), cotangent, vocabulary),
    );
    const step = apply(
      "adamwUpdate",
      [table, gradient, ops.square(gradient), tensor([0.1, 1, 1])],
      { epsilon: 1e-3, weightDecay: 0.1 },
    );
    return [
      ...[loss, cotangent, ops.add(table, step), ops.sum(ops.square(gradient))],
      ...[ops.max(rows, { axis: -1 }), ops.argmax(rows), ops.mul(gradient, ops.sum(loss))],
    ];
  };

describe("a plan in parts", () => {
  test("computes what it computes whole", () =>
    fc.assert(
      fc.asyncProperty(heads, async (head) => {
        await agreesInParts(learns(head), leavesOf(head), head.most);
      }),
      { numRuns: 40 },
    ));

  test("sums rows, columns and columns of one number", async () => {
    const sums = (x: Tensor) => [ops.sum(x, { axis: 0 }), ops.sum(x, { axis: 1 }), ops.sum(x)];
    for (const shape of [
      [512, 4],
      [2048, 1],
      [4, 512],
    ])
      await agreesInParts(sums, [matrix(shape, 1)], 1024);
    const column = (x: Tensor) => [ops.exp(x), ops.softmax(x), ops.sum(ops.exp(x), { axis: -1 })];
    await agreesInParts(column, [matrix([2048, 1], 1)], 1024);
    await agreesInParts((x: Tensor) => ops.sum(ops.exp(x)), [matrix([2048], 1)], 1024);
  });

  test("is the plan itself where nothing is large", () => {
    const plan = planOf((x: Tensor) => ops.exp(x), [matrix([8, 8], 1)]);
    expect(slicedPlan(plan, 64)).toBe(plan);
  });

  test("holds the logits of some rows at a time", async () => {
    const [tokens, vocabulary, width] = [512, 256, 4];
    const args = [matrix([tokens, width], 1), matrix([vocabulary, width], 2)];
    const fn = (h: Tensor, table: Tensor) => {
      const logits = ops.matmul(h, table, { transposeB: true });
      const labels = constant(new Int32Array(tokens), [tokens]);
      const slope = apply("crossEntropyGrad", [full([tokens], 1), logits, labels], {});
      return [
        apply("crossEntropy", [logits, labels], {}),
        ops.matmul(slope, table),
        ops.matmul(slope, h, { transposeA: true }),
      ];
    };
    const parts = await agreesInParts(fn, args, 64 * vocabulary);
    const logits = 4 * tokens * vocabulary;
    expect(planStats(planOf(fn, args)).peakBytes).toBeGreaterThan(2 * logits);
    expect(planStats(parts).peakBytes).toBeLessThan(0.4 * logits);
  });

  test.each([
    ["a number", [1, 1], { broadcast: 2 }],
    ["a row", [1, 4], { broadcast: 2 }],
    // Of a column each part takes its own rows.
    ["a column", [512, 1], { slice: 2, broadcast: 2 }],
  ] as const)("spreads %s over each part at once", async (_, shape, wanted) => {
    const spread = (x: Tensor) => ops.exp(ops.broadcastTo(x, [512, 4]));
    const { steps } = await agreesInParts(spread, [matrix(shape, 1)], 1024);
    const found: Record<string, number> = {};
    for (const { op } of steps) found[op] = (found[op] ?? 0) + 1;
    expect(found).toEqual({ ...wanted, exp: 2 });
  });

  test("widens codes part by part, given or part of the program", async () => {
    const shape = [96, 32];
    const table = matrix(shape, 3).data;
    for (const dtype of ["bf16", "q8_0"] as const) {
      const codes = stored(dtype, round(dtype, table), shape);
      const read = (x: Tensor) => {
        const wide = ops.cast(x, "float");
        const hidden = ops.gather(wide, constant(Int32Array.of(95, 0, 40), [3]));
        return [hidden, ops.matmul(hidden, wide, { transposeB: true })];
      };
      await agreesInParts(read, [codes], 1024);
      await agreesInParts(() => read(codes), [], 1024);
    }
  });

  test("reads parts of stored numbers as they are where kernels widen them", async () => {
    const shape = [96, 32];
    const codes = stored("bf16", round("bf16", matrix(shape, 3).data), shape);
    const widening = { gather: true, matmul: true };
    const read = (x: Tensor) => {
      const wide = ops.cast(x, "float");
      const hidden = ops.gather(wide, constant(Int32Array.of(95, 0, 40), [3]));
      const logits = ops.matmul(hidden, wide, { transposeB: true });
      return [hidden, logits, ops.matmul(logits, wide)];
    };
    const plan = await agreesInParts(read, [codes], 1024, widening);
    expect(plan.steps.filter(({ op }) => op === "cast")).toEqual([]);
    // Sums over rows of parts go through copies: of numbers, not of codes.
    const sum = (x: Tensor) =>
      ops.matmul(matrix([96, 40], 7), ops.cast(x, "float"), { transposeA: true });
    const inRows = await agreesInParts(sum, [codes], 1024, widening);
    expect(inRows.steps.some(({ op }) => op === "cast")).toBe(true);
  });

  test("names a step that cannot go through parts, and says what to do", () => {
    const tall = matrix([512, 4], 1);
    const wider = (x: Tensor) => ops.concat([x, ops.exp(x)], 1);
    expect(() => slicedPlan(planOf(wider, [tall]), 1024)).toThrow(
      "concat [512, 8]: expected tensors of at most 1024 numbers, which the device gives a kernel " +
        "at once, got [512, 4] and [512, 4]; shorter or fewer sequences at a time are smaller",
    );
    const long = (x: Tensor) => ops.broadcastTo(x, [4, 1001]);
    expect(() => slicedPlan(planOf(long, [matrix([1, 1], 1)]), 512)).toThrow(
      "broadcast [4, 1001]: expected rows of at most 8 numbers where a tensor has more than 512, got 1001",
    );
  });
});
