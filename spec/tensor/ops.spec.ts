import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { full, ids, numbersOnce, tensor } from "../../src/tensor/apply.ts";
import { DataError, ShapeError } from "../../src/tensor/errors.ts";
import { grad } from "../../src/tensor/grad.ts";
import * as ops from "../../src/tensor/ops.ts";
import * as random from "../../src/tensor/random.ts";
import { broadcastShapes, sizeOf, stridesOf } from "../../src/tensor/shapes.ts";
import type { Shape, Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";

const engine = await testEngine();

const count = (shape: Shape): Tensor =>
  tensor(
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => i + 1),
    shape,
  );

/** NumPy's rule, element by element: missing leading axes are 1, an axis of 1 repeats. */
function numpyAdd(a: Shape, b: Shape, out: Shape): number[] {
  const at = (shape: Shape, index: readonly number[]): number => {
    const strides = stridesOf(shape);
    return shape.reduce((from, n, axis) => {
      const i = index[axis + index.length - shape.length] as number;
      return from + (n === 1 ? 0 : i) * (strides[axis] as number);
    }, 0);
  };
  const strides = stridesOf(out);
  return Array.from({ length: sizeOf(out) }, (_, flat) => {
    const index = out.map((n, axis) => Math.floor(flat / (strides[axis] as number)) % n);
    return at(a, index) + 1 + at(b, index) + 1;
  });
}

const axes = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean(), fc.boolean()), {
  maxLength: 4,
});

describe("broadcasting", () => {
  test("follows NumPy's rule for any two shapes that fit", async () => {
    await fc.assert(
      fc.asyncProperty(axes, fc.nat(4), async (lengths, dropped) => {
        const a = lengths.map(([n, one]) => (one ? 1 : n));
        const b = lengths.map(([n, , one]) => (one ? 1 : n)).slice(dropped);
        const y = await engine.run(() => ops.add(count(a), count(b)));
        const out = broadcastShapes("add", a, b);
        expect(y.shape).toEqual(out);
        expect([...y.data]).toEqual(numpyAdd(a, b, out));
      }),
      { numRuns: 300 },
    );
  });

  test("has the gradient of repeating: each repeat adds up", async () => {
    const f = (x: Tensor) => ops.sum(ops.mul(x, count([3, 2])));
    const g = await engine.run(() => grad(f)(tensor([10, 20])));
    expect([...g.data]).toEqual([1 + 3 + 5, 2 + 4 + 6]);
  });

  test("refuses shapes that do not fit, naming both", () => {
    expect(() => ops.add(count([2, 3]), count([2]))).toThrow(
      "add: expected shapes that broadcast together, got [2, 3] and [2]",
    );
  });
});

describe("errors", () => {
  test("name the function, the expectation and the fact, on the author's line", () => {
    expect(() => ops.matmul(count([1, 2]), count([3, 1]))).toThrow(
      "matmul: expected [m, k] and [k, n], got [1, 2] and [3, 1]",
    );
    expect(() => ops.matmul(count([1, 2]), count([3, 1]))).toThrow(ShapeError);
    expect(() => ops.reshape(count([6]), [4, 2])).toThrow(
      "reshape: expected 8 elements for [4, 2], got [6]",
    );
    expect(() => ops.sum(count([6]), { axis: 1 })).toThrow(
      "sum: expected an axis of a rank 1 tensor, got 1",
    );
    expect(() => ops.gather(count([2, 2]), count([1]))).toThrow(
      "gather: expected input 1 to be int, got float",
    );
    expect(() => tensor([[1, 2], [3]])).toThrow(
      "tensor: expected rows of equal length, got [2, 2]",
    );
    expect(() => ids([0.5])).toThrow("ids: expected integers, got 0.5");
    for (const n of [2 ** 31, -(2 ** 31) - 1, 2 ** 32 + 1, 1e300])
      expect(() => ids([[0], [n]])).toThrow(`ids: expected integers of 32 bits, got ${n}`);
    for (const n of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => ids([n])).toThrow(DataError);
    expect(ids([2 ** 31 - 1, -(2 ** 31)])).toMatchObject({ shape: [2], dtype: "int" });
    for (const typed of [Int32Array.of(1, 2), Float32Array.of(1, 2), Float64Array.of(1, 2)])
      expect(ids(typed)).toMatchObject({ attrs: { data: Int32Array.of(1, 2) }, shape: [2] });
    expect(() => ids(Float32Array.of(0.5))).toThrow(DataError);
    for (const make of [ids, tensor]) {
      const big = BigInt64Array.of(1n) as unknown as Int32Array;
      expect(() => make(big)).toThrow("expected a typed array of numbers, got BigInt64Array");
      const view = new DataView(new ArrayBuffer(8)) as unknown as Int32Array;
      expect(() => make(view)).toThrow("expected a typed array of numbers, got DataView");
      expect(() => make(view)).toThrow(TypeError);
    }
    expect(() => ops.transpose(count([2, 2]), [0, 0])).toThrow(
      "transpose: expected each axis once in permutation [0, 0], got [2, 2]",
    );
    expect(() => ops.pad(count([2]), [-1], [0])).toThrow(
      "pad: expected zeros for each axis, of which there are [-1] before and [0] after, got [2]",
    );
    expect(() => ops.slice(count([2]), [1], [2])).toThrow(
      "slice: expected room for start [1] size [2], got [2]",
    );
    expect(() => ops.reshape(count([4]), [3, -1])).toThrow(
      "reshape: expected whole numbers from 0 on as lengths, got [3, 1.3333333333333333]",
    );
    expect(() => random.normal(random.key(0), [2, -1])).toThrow(
      "random.normal: expected whole numbers from 0 on as lengths, got [2, -1]",
    );
    expect(() => ops.exp(count([2])).data).toThrow("this is a description of exp");
  });
});

test("what types would forbid is an error that says what was expected", () => {
  const [text, nothing] = ["a", undefined] as unknown as [number, number];
  expect(() => tensor([[1, text]])).toThrow('tensor: expected numbers in nested arrays, got "a"');
  expect(() => tensor(nothing)).toThrow("tensor: expected numbers in nested arrays, got undefined");
  expect(() => ops.add(1, nothing)).toThrow("ops: expected a tensor or a number, got undefined");
  expect(() => ops.exp(text)).toThrow("ops: expected a tensor or a number, got a");
  const seed = 1 as unknown as random.Key;
  for (const draw of [random.normal, random.uniform])
    expect(() => draw(seed, [2])).toThrow("random: expected a key, such as random.key(0), got 1");
  expect(() => random.split(seed)).toThrow("random: expected a key");
});

const lengths = fc.array(fc.oneof(fc.integer({ min: -2, max: 4 }), fc.double({ max: 9 })), {
  maxLength: 3,
});
const moves: fc.Arbitrary<(x: Tensor) => Tensor> = fc.oneof(
  lengths.map((shape) => (x: Tensor) => ops.reshape(x, shape)),
  lengths.map((shape) => (x: Tensor) => ops.broadcastTo(x, shape)),
  lengths.map((axes) => (x: Tensor) => ops.transpose(x, axes)),
  fc.tuple(lengths, lengths).map(
    ([start, size]) =>
      (x: Tensor) =>
        ops.slice(x, start, size),
  ),
  fc.tuple(lengths, lengths).map(
    ([before, after]) =>
      (x: Tensor) =>
        ops.pad(x, before, after),
  ),
  lengths.map(
    ([axis = 0]) =>
      (x: Tensor) =>
        ops.concat([x, x], axis),
  ),
  lengths.map((axis) => (x: Tensor) => ops.sum(x, { axis })),
);

test("any lengths, starts and axes are an error at once, or can be computed", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
      moves,
      async (shape, move) => {
        let y: Tensor;
        try {
          y = move(count(shape));
        } catch (error) {
          expect((error as Error).message).toMatch(/^\w+: expected /);
          return;
        }
        const { data } = await engine.run(() => y);
        expect(data).toHaveLength(sizeOf(y.shape));
        expect(y.shape.every((n) => Number.isInteger(n) && n >= 0)).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
});

describe("reductions", () => {
  test("over several axes equal reductions one after the other", async () => {
    const x = count([2, 3, 4]);
    const run = async (y: Tensor) => [...(await engine.run(() => y)).data];
    expect(await run(ops.sum(x, { axis: [0, 2] }))).toEqual(
      await run(ops.sum(ops.sum(x, { axis: 2 }), { axis: 0 })),
    );
    expect(await run(ops.max(x, { axis: [1, -1] }))).toEqual([12, 24]);
    expect((await engine.run(() => ops.sum(x, { axis: 1, keepAxes: true }))).shape).toEqual([
      2, 1, 4,
    ]);
    expect(await run(ops.mean(x))).toEqual([12.5]);
  });

  test("max shares the gradient among ties", async () => {
    const g = await engine.run(() => grad((x: Tensor) => ops.max(x))(tensor([3, 1, 3])));
    expect([...g.data]).toEqual([0.5, 0, 0.5]);
  });
});

describe("matmul", () => {
  test("broadcasts leading axes and lets a matrix serve every batch", async () => {
    const a = count([2, 2, 3]);
    const b = full([3, 1], 1);
    const y = await engine.run(() => ops.matmul(a, b));
    expect(y.shape).toEqual([2, 2, 1]);
    expect([...y.data]).toEqual([6, 15, 24, 33]);
    const z = await engine.run(() => ops.matmul(count([1, 1, 2]), count([3, 2, 1])));
    expect([...z.data]).toEqual([5, 11, 17]);
  });
});

test("full(shape, value) keeps one array for those who ask, and none for who reads once", () => {
  const x = full([2, 3], 0.1);
  expect(numbersOnce(x)).toEqual(Float64Array.of(0.1, 0.1, 0.1, 0.1, 0.1, 0.1));
  expect(numbersOnce(x)).not.toBe(numbersOnce(x));
  expect(x.data).toBe(x.data);
  expect(x.data).toEqual(numbersOnce(x));
  const y = count([2, 3]) as Tensor<"constant">;
  expect(numbersOnce(y)).toBe(y.data);
});

describe("sigmoid(x)", () => {
  test("and its slope keep their digits however small they are", async () => {
    const number = fc.double({ min: -80, max: 80, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(number, { minLength: 1 }), async (xs) => {
        const [y, slope] = await engine.run(() => [
          ops.sigmoid(tensor(xs)),
          grad((x: Tensor) => ops.sum(ops.sigmoid(x)))(tensor(xs)),
        ]);
        xs.forEach((x, i) => {
          const wanted = 1 / (1 + Math.exp(-x));
          const rest = 1 / (1 + Math.exp(x));
          expect(Math.abs((y?.data[i] ?? 0) / wanted - 1)).toBeLessThan(1e-14);
          expect(Math.abs((slope?.data[i] ?? 0) / (wanted * rest) - 1)).toBeLessThan(1e-14);
        });
      }),
    );
  });

  test("is 0 and 1 at the infinities, and has no slope there", async () => {
    const { NEGATIVE_INFINITY, POSITIVE_INFINITY, NaN: nan } = Number;
    const x = tensor([NEGATIVE_INFINITY, -1e30, 0, 1e30, POSITIVE_INFINITY, nan]);
    const [y, slope] = await engine.run(() => [
      ops.sigmoid(x),
      grad((at: Tensor) => ops.sum(ops.sigmoid(at)))(x),
    ]);
    expect([...(y?.data ?? [])]).toEqual([0, 0, 0.5, 1, 1, nan]);
    expect([...(slope?.data ?? [])].map(Math.abs)).toEqual([0, 0, 0.25, 0, 0, nan]);
  });
});

test("operations on integers take no floats beside them", () => {
  const [float, int] = [tensor([1]), ids([1])];
  for (const both of [
    [float, int],
    [int, float],
    [int, int, float],
  ])
    expect(() => ops.concat(both)).toThrow(
      new TypeError(
        `concat: expected one dtype, got ${both.map(({ dtype }) => dtype).join(" and ")}`,
      ),
    );
});

test("argmax is along the last axis, where none is said", async () => {
  const x = tensor([
    [1, 2, 0],
    [4, 3, 9],
  ]);
  const found = await engine.run(() => [ops.argmax(x), ops.argmax(x, -1), ops.argmax(x, 0)]);
  expect(found.map(({ data }) => [...data])).toEqual([
    [1, 2],
    [1, 2],
    [1, 1, 1],
  ]);
});
