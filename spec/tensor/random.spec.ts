import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as random from "../../src/tensor/random.ts";

describe("random", () => {
  test("gives the same numbers for the same key, others for others", () => {
    const draw = (key: random.Key) => [...random.uniform(key, [8]).data];
    expect(draw(random.key(1))).toEqual(draw(random.key(1)));
    const keys = [
      random.key(1),
      random.key(2),
      random.key(2 ** 40),
      ...random.split(random.key(1), 3),
    ];
    expect(new Set(keys.map((k) => draw(k).join())).size).toBe(keys.length);
  });

  test("is Threefry-2x32 as its authors publish it", () => {
    // The known-answer vector of Random123 for key 0 and counter 0.
    expect(random.stream(random.key(0))()).toBe(
      ((0x6b200159 >>> 5) * 2 ** 26 + (0x99ba4efe >>> 6)) / 2 ** 53,
    );
  });

  test("draws uniform and normal numbers", () => {
    const n = 20_000;
    const mean = (xs: ArrayLike<number>) => Array.from(xs).reduce((a, b) => a + b, 0) / xs.length;
    const u = random.uniform(random.key(3), [n], { min: -1, max: 3 }).data;
    expect(Math.min(...u)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...u)).toBeLessThan(3);
    expect(mean(u)).toBeCloseTo(1, 1);
    const z = random.normal(random.key(4), [n], { mean: 2, std: 3 }).data;
    expect(mean(z)).toBeCloseTo(2, 1);
    expect(Math.sqrt(mean(Array.from(z, (x) => (x - 2) ** 2)))).toBeCloseTo(3, 1);
  });

  test("permutes", () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(50), (seed, n) => {
        const order = random.permutation(random.key(seed), n);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  test("draws from ranges of int32 alone", () => {
    const draw = (min: number, max: number) => random.integers(random.key(0), [3], min, max);
    for (const [min, max] of [
      [0, 2 ** 40],
      [-(2 ** 31) - 1, 0],
      [0, 2 ** 31 + 1],
      [5, 2],
      [5, 5],
      [0.5, 3],
      [0, 2.5],
      [0, Number.NaN],
    ] as const)
      expect(() => draw(min, max), `${min} ${max}`).toThrow(RangeError);
    expect(draw(-(2 ** 31), 2 ** 31).dtype).toBe("int");
    expect(Array.from(draw(2 ** 31 - 1, 2 ** 31).data)).toEqual(Array(3).fill(2 ** 31 - 1));
  });

  test("derives a key from an index of 32 bits alone", () => {
    for (const index of [2 ** 32, -1, 1.7, Number.NaN, 1e300])
      expect(() => random.fold(random.key(0), index)).toThrow(RangeError);
    expect(() => random.split(random.key(0), 1.5)).toThrow(RangeError);
    expect(random.fold(random.key(0), 2 ** 32 - 1)).not.toEqual(random.fold(random.key(0), 0));
  });

  test("draws integers within bounds", () => {
    const { data, dtype } = random.integers(random.key(5), [500], -2, 3);
    expect(dtype).toBe("int");
    expect(new Set(data)).toEqual(new Set([-2, -1, 0, 1, 2]));
  });

  test("refuses more numbers at once than memory is sure to hold, before it draws one", () => {
    const [source, shape] = [random.key(0), [2 ** 15, 2 ** 16]];
    for (const draw of [
      () => random.normal(source, shape),
      () => random.uniform(source, shape),
      () => random.integers(source, shape, 0, 2),
      () => random.permutation(source, 2 ** 31),
    ])
      expect(draw).toThrow(
        /^random\.\w+: expected at most 2\^29 numbers at once, got a shape of 2147483648$/,
      );
    expect(() => random.normal(source, [1.5])).toThrow("random.normal: expected whole numbers");
  });

  test("makes keys of two words of 32 bits, of a negative seed too", () => {
    const most = 2 ** 32 - 1;
    expect(random.key(-1)).toEqual([most, most]);
    expect(random.key(-(2 ** 32))).toEqual([most, 0]);
    expect(random.key(2 ** 32 + 7)).toEqual([1, 7]);
  });

  test("refuses a seed that is no integer", () => {
    expect(() => random.key(0.5)).toThrow("random.key: expected an integer seed, got 0.5");
  });
});
