import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { constant, tensor } from "../../src/tensor/apply.ts";
import {
  cut,
  inParts,
  inUnits,
  type Parts,
  sameNumbers,
  type TensorParts,
  turned,
  wholeOf,
} from "../../src/tensor/parts.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** A matrix that comes in parts of given lengths, each in the same memory as the one before. */
function cutIn(x: Tensor, lengths: readonly number[]): TensorParts {
  return {
    ...{ shape: x.shape, dtype: x.dtype },
    async *parts() {
      const memory = new Float32Array(x.data.length);
      const ends = [...lengths.map((n) => n % (x.data.length + 1)), x.data.length];
      let from = 0;
      for (const to of ends.sort((a, b) => a - b)) {
        memory.fill(Number.NaN);
        memory.set(x.data.subarray(from, to));
        yield memory.subarray(0, to - from);
        from = to;
      }
    },
  };
}

const matrix = (rows: number, columns: number): Tensor<"constant"> =>
  constant(
    Float32Array.from({ length: rows * columns }, (_, i) => i + 1),
    [rows, columns],
  );

const cases = fc.record({
  rows: fc.nat(12),
  columns: fc.nat(12),
  cuts: fc.array(fc.nat(200), { maxLength: 5 }),
});

async function all(parts: Parts): Promise<number[][]> {
  const found: number[][] = [];
  for await (const part of parts) found.push([...part]);
  return found;
}

describe("parts of a tensor", () => {
  test("make up the tensor, wherever they are cut", () =>
    fc.assert(
      fc.asyncProperty(cases, async ({ rows, columns, cuts }) => {
        const x = matrix(rows, columns);
        const whole = await wholeOf(cutIn(x, cuts), "x");
        expect(whole.shape).toEqual(x.shape);
        expect([...whole.data]).toEqual([...x.data]);
        expect(await sameNumbers(cutIn(x, cuts), inParts(x))).toBe(true);
      }),
    ));

  test("can be cut at multiples of a unit, but for the last", () =>
    fc.assert(
      fc.asyncProperty(cases, fc.integer({ min: 1, max: 9 }), async ({ rows, cuts }, unit) => {
        const x = matrix(rows, 7);
        const parts = await all(inUnits(cutIn(x, cuts).parts(), unit, x.data.length));
        expect(parts.flat()).toEqual([...x.data]);
        for (const part of parts.slice(0, -1)) expect(part.length % unit).toBe(0);
        expect(parts.every((part) => part.length > 0)).toBe(true);
      }),
    ));

  test("give the numbers from one place to another", () =>
    fc.assert(
      fc.asyncProperty(cases, fc.nat(150), fc.nat(150), async ({ rows, cuts }, a, b) => {
        const x = matrix(rows, 11);
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const found = await all(cut(cutIn(x, cuts).parts(), from, to));
        expect(found.flat()).toEqual([...x.data.slice(from, to)]);
      }),
    ));

  test("of a matrix turn by bands into those of its transpose, or of some columns", () =>
    fc.assert(
      fc.asyncProperty(cases, fc.integer({ min: 1, max: 40 }), async (given, band) => {
        const { rows, columns, cuts } = given;
        const x = matrix(rows, columns);
        const [from, to] = [Math.floor(columns / 3), columns];
        const some = turned(cutIn(x, cuts), [from, to], band);
        expect(some.shape).toEqual([to - from, rows]);
        const parts = await all(some.parts());
        const wanted = Array.from({ length: (to - from) * rows }, (_, i) =>
          at(x.data, (i % rows) * columns + from + Math.floor(i / rows)),
        );
        expect(parts.flat()).toEqual(wanted);
        for (const part of parts) expect(part.length).toBeLessThanOrEqual(Math.max(band, rows));
        const whole = await wholeOf(turned(turned(cutIn(x, cuts), undefined, band)), "x");
        expect([...whole.data]).toEqual([...x.data]);
      }),
    ));

  test("that are too many or too few are refused with the name", async () => {
    const x = inParts(tensor([1, 2, 3]));
    await expect(wholeOf({ ...x, shape: [2, 2] }, "w")).rejects.toThrow(
      "w: expected parts of 4 numbers in all for [2, 2], got [3]",
    );
    await expect(wholeOf({ ...x, shape: [2] }, "w")).rejects.toThrow("got [3]");
  });

  test("that no array holds are refused with what to do", async () => {
    const parts = () => [new Float32Array(1)];
    await expect(wholeOf({ shape: [2 ** 40], dtype: "float", parts }, "w")).rejects.toThrow(
      `w: expected at most as many numbers as one array of this host holds, got ${2 ** 40} ` +
        `(${2 ** 42} bytes); read it in parts, into an engine, or by rows`,
    );
  });

  test("tell two tensors apart by their last number, and by their shapes", async () => {
    const [a, b] = [tensor([1, 2, 3]), tensor([1, 2, 4])];
    expect(await sameNumbers(inParts(a), inParts(b))).toBe(false);
    expect(await sameNumbers(inParts(a), { ...inParts(a), shape: [3, 1] })).toBe(false);
    expect(await sameNumbers(inParts(a), { ...inParts(a), parts: () => [] })).toBe(false);
  });
});
