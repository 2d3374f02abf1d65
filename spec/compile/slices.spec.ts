import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Plan, Value } from "../../src/compile/plan.ts";
import { cutOf, partSizes } from "../../src/compile/slices/cuts.ts";
import { slicedPlan } from "../../src/compile/slices/slicedPlan.ts";
import { planStats } from "../../src/compile/statistics.ts";
import { createReferenceDevice } from "../../src/engines/reference/device.ts";
import { trace } from "../../src/engines/trace.ts";
import { apply, constant, full, stored, tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import { shapeRules } from "../../src/tensor/shapeRules.ts";
import { at, sizeOf } from "../../src/tensor/shapes.ts";
import { lengthOf, round } from "../../src/tensor/storage/types.ts";
import type { Shape, Tensor } from "../../src/tensor/tensor.ts";

const numbers = (n: number, seed: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(i * 0.7 + seed));
const matrix = (shape: Shape, seed: number): Tensor<"constant"> =>
  constant(numbers(sizeOf(shape), seed), shape);

const planOf = (fn: (...args: never[]) => unknown, args: readonly Tensor[], donated = []): Plan =>
  trace(fn, args, donated).plan;

/** Runs a plan; inputs and outputs that are in parts are cut up and put together. */
async function run(plan: Plan, args: readonly Tensor[], most: number): Promise<Float64Array[]> {
  const device = createReferenceDevice();
  const executable = await device.prepare(plan);
  const inputs = args.flatMap((x) => {
    const { data } = x as Tensor<"constant">;
    let from = 0;
    return partSizes(x.shape, most).map((size) => {
      const length = lengthOf(x.dtype, [size]);
      const part = data.slice(from, from + length);
      from += length;
      return device.upload(part, [size], x.dtype);
    });
  });
  const outputs = await executable.run(inputs);
  return Promise.all(
    outputs.map(async (buffer, i) => {
      const { shape, dtype } = plan.outputs[i] as Value;
      return Float64Array.from(await device.read(buffer, shape, dtype));
    }),
  );
}

/** Expects each step to make what the rules of shapes say of what it is given. */
function isWellFormed({ steps }: Plan): void {
  for (const { op, inputs, attrs, output } of steps) {
    const rule: object = shapeRules[op];
    const shape = (rule as (inputs: readonly Value[], attrs: unknown) => Shape)(inputs, attrs);
    expect(shape, op).toEqual(output.shape);
  }
}

/** Expects a function to compute the same in parts, and no tensor to be larger than `most`. */
async function agreesInParts(
  fn: (...args: never[]) => unknown,
  args: readonly Tensor[],
  most: number,
): Promise<Plan> {
  const plan = planOf(fn, args);
  const parts = slicedPlan(plan, most);
  for (const { elements } of parts.buffers) expect(elements).toBeLessThanOrEqual(most);
  isWellFormed(parts);
  const [wanted, pieces] = [await run(plan, args, Infinity), await run(parts, args, most)];
  for (const [i, { shape }] of plan.outputs.entries()) {
    const own = pieces.splice(0, partSizes(shape, most).length).flatMap((x) => Array.from(x));
    const want = at(wanted, i);
    expect(own).toHaveLength(want.length);
    const scale = want.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-9);
    const worst = want.reduce((m, x, j) => Math.max(m, Math.abs(x - at(own, j))), 0);
    expect(worst / scale, `output ${i}`).toBeLessThan(1e-12);
  }
  expect(pieces).toHaveLength(0);
  return parts;
}

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

  test("names a step that cannot go through parts, and says what to do", () => {
    const tall = matrix([512, 4], 1);
    const turned = (x: Tensor) => ops.transpose(x);
    expect(() => slicedPlan(planOf(turned, [tall]), 1024)).toThrow(
      "transpose [4, 512]: expected tensors of at most 1024 numbers, which the device gives a kernel " +
        "at once, got [512, 4]; shorter or fewer sequences at a time are smaller",
    );
    const long = (x: Tensor) => ops.broadcastTo(x, [4, 1001]);
    expect(() => slicedPlan(planOf(long, [matrix([1, 1], 1)]), 512)).toThrow(
      "broadcast [4, 1001]: expected rows of at most 8 numbers where a tensor has more than 512, got 1001",
    );
  });
});

test("tensors are cut alike, into parts that begin at multiples of 64 numbers", () => {
  const shapes = fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 200 }));
  fc.assert(
    fc.property(shapes, fc.integer({ min: 12_800, max: 100_000 }), ([rows, width], most) => {
      const sizes = partSizes([rows, width], most);
      expect(sizes.reduce((a, b) => a + b, 0)).toBe(rows * width);
      for (const size of sizes) expect(size).toBeLessThanOrEqual(most);
      for (const size of sizes.slice(0, -1)) {
        expect(size % width).toBe(0);
        expect(size % 64).toBe(0);
      }
      expect(cutOf([rows, width], most) === undefined).toBe(rows * width <= most);
      if (width > 1) expect(partSizes([1, rows, width], most)).toEqual(sizes);
    }),
  );
});
