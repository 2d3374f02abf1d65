import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { constant } from "../../src/tensor/apply.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { sizeOf } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/weights/safetensors.ts";

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });

const tensors: fc.Arbitrary<Tensor> = fc
  .tuple(shapes, fc.constantFrom("F32", "F64", "I32"), fc.integer())
  .map(([shape, kind, seed]) => {
    const values = Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(seed + i) * 1e9);
    if (kind === "I32") return constant(Int32Array.from(values), shape);
    return constant(kind === "F32" ? Float32Array.from(values) : Float64Array.from(values), shape);
  });

// JavaScript puts names that look like indices first; the format does not care.
const names = fc
  .string({ minLength: 1 })
  .filter((name) => name !== "__metadata__" && name !== "__proto__");
const files = fc.record({
  tensors: fc.dictionary(names, tensors, { noNullPrototype: true }),
  metadata: fc.dictionary(names, fc.string(), { noNullPrototype: true }),
});

const example = (): Uint8Array =>
  encodeSafetensors({
    tensors: {
      weight: constant(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]),
      step: constant(Int32Array.of(7), []),
    },
    metadata: { made: "by a test" },
  });

/** The file again with another header; the numbers stay. */
function withHeader(change: (header: Record<string, Record<string, unknown>>) => void): Uint8Array {
  const file = example();
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  change(header);
  const text = new TextEncoder().encode(JSON.stringify(header));
  const changed = new Uint8Array(8 + text.length + file.length - 8 - length);
  new DataView(changed.buffer).setBigUint64(0, BigInt(text.length), true);
  changed.set(text, 8);
  changed.set(file.subarray(8 + length), 8 + text.length);
  return changed;
}

const read = (file: Uint8Array) => () => decodeSafetensors(file, "w.safetensors");

describe("safetensors", () => {
  it("decode(encode(weights)) is weights, to the bit", () => {
    fc.assert(
      fc.property(files, (weights) => {
        const again = decodeSafetensors(encodeSafetensors(weights), "w");
        expect(again.metadata).toEqual(weights.metadata);
        expect(Object.keys(again.tensors).sort()).toEqual(Object.keys(weights.tensors).sort());
        for (const [name, tensor] of Object.entries(weights.tensors)) {
          expect(again.tensors[name]?.shape).toEqual(tensor.shape);
          expect(again.tensors[name]?.data).toEqual(tensor.data);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("lays files out as the format says", () => {
    const file = example();
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
    expect(header).toEqual({
      __metadata__: { made: "by a test" },
      weight: { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
      step: { dtype: "I32", shape: [], data_offsets: [24, 28] },
    });
    expect(file).toHaveLength(8 + length + 28);
    expect(new DataView(file.buffer).getFloat32(8 + length + 4, true)).toBe(2);
  });

  it("reads from the middle of a larger buffer", () => {
    const file = example();
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    const { weight } = decodeSafetensors(shifted.subarray(3), "w").tensors;
    expect(weight?.data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  });

  it("refuses every file that is cut short", () => {
    const file = example();
    for (let length = 0; length < file.length; length++)
      expect(read(file.slice(0, length)), `${length} bytes`).toThrow(DataError);
  });

  it("says where a file is damaged, and what was expected", () => {
    expect(read(new Uint8Array(3))).toThrow(
      "w.safetensors: byte 0: expected a header length of 8 bytes, got a file of 3 bytes",
    );
    expect(read(new Uint8Array(9).fill(1))).toThrow(/byte 0: expected a header that ends within/);
    const brace = example();
    brace[8] = 0x5b;
    expect(read(brace)).toThrow(/^w.safetensors: byte 8: expected a header in JSON, got/);
    const longer = new Uint8Array(example().length + 1);
    longer.set(example());
    expect(read(longer)).toThrow(/expected the end of the file, got an end at byte/);
  });

  it.each([
    ["a dtype of F64, F32, BF16", { dtype: "F4" }],
    ["a shape of counts for weight", { shape: [2, -3] }],
    ["two data_offsets for weight", { data_offsets: [0] }],
    ["data_offsets 24 bytes apart for weight", { data_offsets: [0, 20] }],
    ["the numbers of weight here", { data_offsets: [4, 28] }],
  ])("expects %s", (expected, change) => {
    const file = withHeader(({ weight }) => Object.assign(weight as object, change));
    expect(read(file)).toThrow(`expected ${expected}`);
    expect(read(file)).toThrow(DataError);
  });

  it("expects metadata of strings", () => {
    const file = withHeader((header) => Object.assign(header, { __metadata__: { step: 3 } }));
    expect(read(file)).toThrow('byte 8: expected __metadata__ of strings, got {"step":3}');
  });
});
