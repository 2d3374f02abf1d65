import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import { stored, tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import { sizeOf } from "../../src/tensor/shapes.ts";
import { bytesOf, type Codes, round, widen } from "../../src/tensor/storage/types.ts";
import type { StorageType, Tensor, TypedArray } from "../../src/tensor/tensor.ts";
import { noise } from "../engines/noise.ts";

const bits = (values: ArrayLike<number>): Uint32Array =>
  new Uint32Array(Float32Array.from(values).buffer);

/** How an engine may differ. */
export interface StorageOptions {
  /** Whether it takes float32's subnormals for 0, and 0 for −0. */
  readonly flushes?: boolean;
}

const SMALLEST_NORMAL = 2 ** -126;

/** The same codes. */
function expectCodes(got: TypedArray, want: TypedArray): void {
  expect(got.constructor).toBe(want.constructor);
  expect(got.length).toBe(want.length);
  const wrong = got.findIndex((code, i) => code !== want[i]);
  expect([wrong, got[wrong], want[wrong]]).toEqual([-1, undefined, undefined]);
}

/** Float32 numbers where rounding to 16 bits is hard: neighbours of codes, of halves between, of ends. */
function awkward(dtype: "bf16" | "f16"): Float32Array {
  const codes = Uint16Array.from({ length: 65536 / 37 }, (_, i) => 37 * i);
  const words = bits(widen(dtype, codes));
  const half = dtype === "bf16" ? 0x8000 : 0x1000;
  const near = Array.from(words, (w) => [w, w + half, w + half - 1, w + half + 1, w + 1]).flat();
  const ends = [65504, 65519.99, 65520, 3.4e38, 2 ** -24, 2 ** -25, 2 ** -26, 1e-45, 0, -0];
  return Float32Array.of(...new Float32Array(Uint32Array.from(near).buffer), ...ends, NaN);
}

/** Blocks of 32 numbers: ordinary ones, ties, zeros, the largest and the smallest, one of NaN. */
function blocks(): Float32Array {
  const plain = Float32Array.from(noise(32 * 40, 3), (x) => 8 * x);
  const ties = Array.from({ length: 32 }, (_, i) => (i === 0 ? 127 : i - 16.5));
  const sized = [0, 1e-45, 1e-30, 2 ** -120, 1e6, 1e30, 3e38].flatMap((x) =>
    Array.from(plain.subarray(0, 32), (y) => (x * y) / 32),
  );
  const infinite = Array.from({ length: 32 }, (_, i) => (i === 5 ? Infinity : i));
  const nan = Array.from({ length: 32 }, (_, i) => (i === 5 ? NaN : i));
  return Float32Array.of(...plain, ...ties, ...sized, ...infinite, ...nan);
}

/** Declares the laws of storage types for an engine. */
export function keepsStorage(
  start: () => Promise<Engine>,
  { flushes = false }: StorageOptions = {},
): void {
  /** The same numbers to the bit, but that a NaN may be any. */
  function expectSame(got: ArrayLike<number>, want: ArrayLike<number>): void {
    expect(got.length).toBe(want.length);
    const [a, b] = [bits(got), bits(want)];
    const isSmall = (x = NaN): boolean => flushes && Math.abs(x) < SMALLEST_NORMAL;
    const same = (x = NaN, y = NaN): boolean =>
      (Number.isNaN(x) && Number.isNaN(y)) || (isSmall(x) && isSmall(y));
    const wrong = a.findIndex((x, i) => x !== b[i] && !same(got[i], want[i]));
    expect([wrong, got[wrong], want[wrong]]).toEqual([-1, undefined, undefined]);
  }

  let engine: Engine;
  beforeAll(async () => {
    engine = await start();
  });
  afterAll(() => engine?.close());

  const codesOf = (dtype: StorageType): Codes =>
    dtype === "q8_0"
      ? round(dtype, blocks())
      : Uint16Array.from({ length: 65536 }, (_, code) => code);
  const shapeOf = (dtype: StorageType): number[] =>
    dtype === "q8_0" ? [blocks().length / 32, 32] : [256, 256];
  const constantOf = (dtype: StorageType): Tensor => stored(dtype, codesOf(dtype), shapeOf(dtype));

  describe.each(["bf16", "f16", "q8_0"] as const)("%s", (dtype) => {
    test("widens every code exactly", async () => {
      const { data, dtype: made } = await engine.run(() => ops.cast(constantOf(dtype), "float"));
      expect(made).toBe("float");
      expectSame(data, widen(dtype, codesOf(dtype)));
    });

    test("widens every code exactly in the rows of a table", async () => {
      const table = engine.put(constantOf(dtype));
      const rows = Int32Array.from({ length: shapeOf(dtype)[0] ?? 0 }, (_, i) => i);
      const { data } = await engine.run(() =>
        ops.gather(ops.cast(table, "float"), tensor(rows, [rows.length])),
      );
      expectSame(data, widen(dtype, codesOf(dtype)));
      engine.release(table);
    });

    test("rounds to the nearest code", async () => {
      const values = dtype === "q8_0" ? blocks() : awkward(dtype);
      const { data } = await engine.run(() => ops.cast(tensor(values), dtype));
      const want = round(dtype, values);
      expect(data.constructor).toBe(want.constructor);
      expectSame(widen(dtype, data as Codes), widen(dtype, want));
    });

    test("takes the memory of its bytes", async () => {
      await using fresh = await start();
      await fresh.read(fresh.put(tensor([0])));
      const before = fresh.memory().bytes;
      const x = fresh.put(constantOf(dtype));
      expectCodes(await fresh.read(x), codesOf(dtype));
      const held = fresh.memory().bytes - before;
      const bytes = bytesOf(dtype, sizeOf(shapeOf(dtype)));
      expect(held).toBeGreaterThanOrEqual(bytes);
      expect(held).toBeLessThan(bytes + 4096);
    });

    test("is put, read, cloned, passed through and freed", async () => {
      const codes = codesOf(dtype);
      const x = engine.put(constantOf(dtype));
      expect(x.dtype).toBe(dtype);
      expectCodes(await engine.read(x), codes);
      const copy = engine.clone(x);
      engine.release(x);
      expectCodes(await engine.read(copy), codes);
      const program = engine.compile((y: Tensor) => [y, ops.cast(y, "float")]);
      const [same, wide] = (await program(copy)) as [Tensor, Tensor];
      expectCodes(await engine.read(same), codes);
      expectSame(await engine.read(wide), widen(dtype, codes));
      engine.release([copy, same, wide]);
    });

    test("comes and goes part by part", async () => {
      const [codes, shape] = [codesOf(dtype), shapeOf(dtype)];
      const parts = () => [codes.subarray(0, 333), codes.subarray(333)];
      const x = await engine.putParts({ shape, dtype, parts });
      for await (const part of engine.readParts(x)) expectCodes(part, codes);
      const few = { shape, dtype, parts: () => [codes.subarray(1)] };
      await expect(engine.putParts(few)).rejects.toThrow(`codes of ${dtype} in all`);
      const numbers = { shape, dtype, parts: () => [new Float32Array(3)] };
      await expect(engine.putParts(numbers)).rejects.toThrow(TypeError);
      engine.release(x);
    });

    test("is read where it is captured, and where it is donated", async () => {
      const captured = engine.put(constantOf(dtype));
      const given = engine.put(constantOf(dtype));
      const program = engine.compile(
        (y: Tensor) => ops.sub(ops.cast(y, "float"), ops.cast(captured, "float")),
        { donate: [0] },
      );
      const difference = await engine.read(await program(given));
      expect(difference.every((x) => x === 0 || Number.isNaN(x))).toBe(true);
      await expect(engine.read(given)).rejects.toThrow("donated");
      engine.release(captured);
    });

    test("is a table whose rows are gathered, and a matrix that is multiplied", async () => {
      const [rows, columns] = [40, 64];
      const values = Float32Array.from(noise(rows * columns, 5));
      const table = engine.put(stored(dtype, round(dtype, values), [rows, columns]));
      const wide = tensor(widen(dtype, round(dtype, values)), [rows, columns]);
      const ids = tensor(Int32Array.of(39, 0, 7, 7), [4]);
      const x = tensor(Float32Array.from(noise(3 * columns, 6)), [3, columns]);
      const use = (w: Tensor): Tensor[] => [
        ops.gather(w, ids),
        ops.matmul(x, ops.transpose(w)),
        ops.matmul(ops.matmul(x, ops.transpose(w)), w),
      ];
      const got = await engine.run(() => use(ops.cast(table, "float")));
      const want = await engine.run(() => use(wide));
      expectSame(got[0]?.data ?? [], want[0]?.data ?? []);
      for (const i of [1, 2])
        want[i]?.data.forEach((y, j) => {
          expect(got[i]?.data[j]).toBeCloseTo(y, 4);
        });
      engine.release(table);
    });
  });
}
