import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { constant } from "../../../src/tensor/apply.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { dequantize, quantize } from "../../../src/tensor/storage/q8.ts";
import { readGguf } from "../../../src/weights/gguf/read.ts";
import type { GgufMetadata, GgufType } from "../../../src/weights/gguf/types.ts";
import { encodeGguf, type GgufTensor } from "../../../src/weights/gguf/write.ts";

const scalars: readonly (readonly [GgufType, fc.Arbitrary<number | bigint | boolean | string>])[] =
  [
    ["uint8", fc.nat(255)],
    ["int8", fc.integer({ min: -128, max: 127 })],
    ["uint16", fc.nat(65535)],
    ["int16", fc.integer({ min: -32768, max: 32767 })],
    ["uint32", fc.integer({ min: 0, max: 2 ** 32 - 1 })],
    ["int32", fc.integer()],
    ["float32", fc.float()],
    ["bool", fc.boolean()],
    ["string", fc.string({ unit: "binary" })],
    ["uint64", fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n })],
    ["int64", fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) })],
    ["float64", fc.double()],
  ];
const arrays = fc.oneof(
  fc.uint8Array(),
  fc.int16Array(),
  fc.uint32Array(),
  fc.int32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.array(fc.string({ unit: "binary" })),
  fc.array(fc.boolean(), { minLength: 1 }),
  fc.array(fc.int8Array(), { minLength: 1 }),
);
const keys = fc
  .string({ minLength: 1, unit: "binary" })
  .filter((key) => key !== "general.alignment");

describe("metadata", () => {
  test("values of every type come back, with their type", async () => {
    const value = fc.oneof(...scalars.map(([type, one]) => one.map((v) => [type, v] as const)));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(keys, value, { noNullPrototype: true }), async (rows) => {
        const pick = (i: 0 | 1) =>
          Object.fromEntries(Object.entries(rows).map(([k, v]) => [k, v[i]]));
        const given = {
          metadata: pick(1) as GgufMetadata,
          types: pick(0) as Record<string, GgufType>,
        };
        const back = await readGguf(await encodeGguf({ ...given, tensors: [] }));
        expect(back.metadata).toEqual(given.metadata);
        expect(back.types).toEqual(given.types);
      }),
      { numRuns: 300 },
    );
  });

  test("arrays come back as arrays of their own kind", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(keys, arrays, { noNullPrototype: true }), async (metadata) => {
        const back = await readGguf(await encodeGguf({ metadata, tensors: [] }));
        expect(back.metadata).toEqual(metadata);
        const again = await encodeGguf({ ...back, tensors: [] });
        expect(again).toEqual(await encodeGguf({ metadata, tensors: [] }));
      }),
      { numRuns: 200 },
    );
  });

  test.each<[GgufType, unknown]>([
    ["uint8", 256],
    ["uint32", -1],
    ["int32", 0.5],
    ["uint64", -1n],
    ["string", 3],
    ["bool", 1],
    ["array<int32>", [1.5]],
    ["array<string>", "abc"],
  ])("a %s that is none is refused", async (type, value) => {
    const metadata = { key: value } as GgufMetadata;
    const writing = encodeGguf({ metadata, types: { key: type }, tensors: [] });
    await expect(writing).rejects.toThrow(DataError);
    await expect(writing).rejects.toThrow("key");
  });
});

const tensor = (name: string, more: Partial<GgufTensor> = {}): GgufTensor => ({
  ...{ name, shape: [2], type: "F32" as const, read: () => constant(Float32Array.of(1, 2), [2]) },
  ...more,
});

test.each<[string, readonly GgufTensor[], string]>([
  ["a name twice", [tensor("a"), tensor("a")], '"a" once'],
  ["a name of 64 bytes", [tensor("ä".repeat(32))], "at most 63 bytes"],
  ["five axes", [tensor("a", { shape: [1, 1, 1, 1, 2] })], "at most 4 axes"],
  ["half a block", [tensor("a", { type: "Q8_0", shape: [2, 16] })], "whole blocks of 32"],
  ["another shape than announced", [tensor("a", { shape: [3] })], "expected a tensor of [3]"],
])("%s is not written", async (_, tensors, message) => {
  await expect(encodeGguf({ metadata: {}, tensors })).rejects.toThrow(message);
});

describe("Q8_0", () => {
  const blocks = fc
    .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e4, max: 1e4 }), {
      minLength: 64,
      maxLength: 64,
    })
    .map((values) => Float32Array.from(values));

  test("a number is off by half a step, and by what the step loses as F16", () => {
    fc.assert(
      fc.property(blocks, (values) => {
        const back = dequantize(quantize(values), new Float32Array(64));
        for (let block = 0; block < 64; block += 32) {
          const most = Math.max(...values.slice(block, block + 32).map(Math.abs));
          const step = most / 127;
          // F16 is off by 2^-11 of itself, and by 2^-25 where it is subnormal; 127 steps at most.
          const bound = step / 2 + 127 * Math.max(step * 2 ** -11, 2 ** -25) + most * 2 ** -22;
          for (let i = block; i < block + 32; i++)
            expect(Math.abs((back[i] as number) - (values[i] as number))).toBeLessThanOrEqual(
              bound,
            );
        }
      }),
      { numRuns: 500 },
    );
  });

  test("what was quantised is kept, zeros too", () => {
    fc.assert(
      fc.property(blocks, (values) => {
        const once = dequantize(quantize(values), new Float32Array(64));
        const twice = dequantize(quantize(once), new Float32Array(64));
        for (const [i, x] of once.entries())
          expect(Math.abs((twice[i] as number) - x)).toBeLessThanOrEqual(
            Math.abs(x) * 2 ** -9 + 1e-6,
          );
      }),
      { numRuns: 200 },
    );
    expect(dequantize(quantize(new Float32Array(32)), new Float32Array(32))).toEqual(
      new Float32Array(32),
    );
  });

  test("halves are rounded away from zero", () => {
    const values = new Float32Array(32).fill(0.5).fill(-0.5, 16);
    values[0] = 127;
    const bytes = quantize(values);
    expect([...new Int8Array(bytes.buffer, 2)]).toEqual([
      ...[127, ...new Array(15).fill(1), ...new Array(16).fill(-1)],
    ]);
  });

  test("rows are read without the others, also where they are no blocks", async () => {
    const data = Float32Array.from({ length: 128 }, (_, i) => Math.sin(i));
    const source = (name: string, shape: readonly number[]): GgufTensor => ({
      ...{ name, shape, type: "Q8_0", read: () => constant(data, shape) },
    });
    const file = await readGguf(
      await encodeGguf({ metadata: {}, tensors: [source("m", [4, 32]), source("v", [128])] }),
    );
    for (const name of ["m", "v"]) {
      const all = (await file.read(name)).data;
      const per = name === "m" ? 32 : 1;
      expect((await file.read(name, [1, 3])).data).toEqual(all.slice(per, 3 * per));
      await expect(file.read(name, [0, 999])).rejects.toThrow(RangeError);
    }
  });
});
