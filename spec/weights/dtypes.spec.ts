import { describe, expect, test } from "vitest";
import { DataError } from "../../src/tensor/errors.ts";
import type { StoredType } from "../../src/weights/dtypes.ts";
import { decodeSafetensors, openSafetensors } from "../../src/weights/safetensors.ts";
import { blobReader, bytesReader } from "../../src/weights/weightFile.ts";
import { fileOf } from "./fileOf.ts";

const bytesOf = ({ buffer }: { buffer: ArrayBufferLike }) => new Uint8Array(buffer);

const kinds: readonly (readonly [StoredType, Uint8Array, readonly number[]])[] = [
  ["BF16", Uint8Array.of(0x80, 0x3f, 0x00, 0xc0), [1, -2]],
  ["F16", Uint8Array.of(0x00, 0x3c, 0x01, 0x00), [1, 2 ** -24]],
  ["F32", bytesOf(Float32Array.of(0.1, -0)), [Math.fround(0.1), -0]],
  ["F64", bytesOf(Float64Array.of(0.1, 1e300)), [0.1, 1e300]],
  ["I64", bytesOf(BigInt64Array.of(-5n, 2147483647n)), [-5, 2147483647]],
  ["U64", bytesOf(BigUint64Array.of(5n, 0n)), [5, 0]],
  ["I32", bytesOf(Int32Array.of(-(2 ** 31), 7)), [-(2 ** 31), 7]],
  ["U32", bytesOf(Uint32Array.of(9, 2 ** 31 - 1)), [9, 2 ** 31 - 1]],
  ["I16", bytesOf(Int16Array.of(-300, 1)), [-300, 1]],
  ["U16", bytesOf(Uint16Array.of(65535, 1)), [65535, 1]],
  ["I8", bytesOf(Int8Array.of(-128, 1)), [-128, 1]],
  ["U8", bytesOf(Uint8Array.of(255, 1)), [255, 1]],
  ["BOOL", Uint8Array.of(1, 0), [1, 0]],
];

describe("numbers of every type", () => {
  test.each(kinds)("%s, at odd offsets, at once and lazily", async (type, bytes, values) => {
    for (const before of [0, 1, 3]) {
      const rows = [
        ["pad", "U8", [before], new Uint8Array(before)],
        ["x", type, [2, 1], bytes],
      ] as const;
      const file = fileOf(rows);
      const tensor = decodeSafetensors(file, "f").tensors["x"];
      expect(Array.from(tensor?.data ?? [])).toEqual(values);
      expect(tensor?.dtype).toBe(/^[IUB]/.test(type) && type !== "BF16" ? "int" : "float");
      for (const reader of [bytesReader(file), blobReader(new Blob([file as BlobPart]))]) {
        const lazy = await openSafetensors(reader, "f");
        expect(lazy.names).toEqual(["pad", "x"]);
        expect([lazy.dtypeOf("x"), lazy.shapeOf("x")]).toEqual([type, [2, 1]]);
        expect(await lazy.read("x")).toEqual(tensor);
        expect(Array.from((await lazy.read("x", [1, 2])).data)).toEqual([values[1]]);
        expect((await lazy.read("x", [2, 2])).shape).toEqual([0, 1]);
      }
    }
  });

  test.each<[StoredType, Uint8Array]>([
    ["I64", bytesOf(BigInt64Array.of(1n, 2n ** 31n))],
    ["I64", bytesOf(BigInt64Array.of(1n, -(2n ** 63n)))],
    ["U64", bytesOf(BigUint64Array.of(1n, 2n ** 64n - 1n))],
    ["U32", bytesOf(Uint32Array.of(1, 2 ** 31))],
    ["BOOL", Uint8Array.of(1, 2)],
  ])("%s that int32 or a truth value does not have is refused by name", async (type, bytes) => {
    const file = fileOf([["position_ids", type, [2], bytes]]);
    const at = file.length - bytes.length / 2;
    const message = new RegExp(`^f: byte ${at}: expected .* in "position_ids", got .* ${type}$`);
    expect(() => decodeSafetensors(file, "f")).toThrow(message);
    const lazy = await openSafetensors(bytesReader(file), "f");
    await expect(lazy.read("position_ids")).rejects.toThrow(message);
    expect(Array.from((await lazy.read("position_ids", [0, 1])).data)).toEqual([1]);
  });

  test("what is not there is a DataError, rows that are not there a RangeError", async () => {
    const lazy = await openSafetensors(
      bytesReader(fileOf([["x", "U8", [2], new Uint8Array(2)]])),
      "f",
    );
    await expect(lazy.read("toString")).rejects.toThrow(DataError);
    expect(() => lazy.shapeOf("constructor")).toThrow('f: expected a tensor named "constructor"');
    for (const rows of [
      [0, 3],
      [-1, 1],
      [2, 1],
      [0.5, 1],
    ] as const)
      await expect(lazy.read("x", rows)).rejects.toThrow(RangeError);
  });

  test("a file that is cut while it is read is refused", async () => {
    const file = fileOf([["x", "BF16", [2], new Uint8Array(4)]]);
    let bytes = file;
    const reader = {
      size: file.length,
      read: async (a: number, n: number) => bytes.slice(a, a + n),
    };
    const lazy = await openSafetensors(reader, "f");
    bytes = file.slice(0, -1);
    await expect(lazy.read("x")).rejects.toThrow("3: the file was cut short while it was read");
  });
});

describe("float8", () => {
  const codes = Uint8Array.from({ length: 130 * 129 }, (_, i) => i % 127);
  const scales = Float32Array.of(1, 2, 0.5, 4);
  const matrix = ["w", "F8_E4M3", [130, 129], codes] as const;

  test("is multiplied by the scales of its blocks, which are no tensor any more", async () => {
    const file = fileOf([["w_scale_inv", "F32", [2, 2], bytesOf(scales)], matrix]);
    const lazy = await openSafetensors(bytesReader(file), "f");
    expect(lazy.names).toEqual(["w"]);
    const { data } = await lazy.read("w");
    const bare = (code: number): number =>
      code < 8 ? code * 2 ** -9 : (1 + (code % 8) / 8) * 2 ** ((code >> 3) - 7);
    const value = (row: number, column: number): number =>
      bare((row * 129 + column) % 127) * (scales[(row >> 7) * 2 + (column >> 7)] as number);
    for (const [row, column] of [
      [0, 0],
      [127, 127],
      [127, 128],
      [128, 0],
      [129, 128],
    ] as const)
      expect(data[row * 129 + column]).toBe(value(row, column));
    const rows = await lazy.read("w", [127, 129]);
    expect(rows.data).toEqual(data.slice(127 * 129, 129 * 129));
  });

  test("without scales, or with others, is refused with advice", async () => {
    const bare = fileOf([matrix]);
    expect(() => decodeSafetensors(bare, "f")).toThrow(/scales of "w".*bfloat16 release/);
    await expect((await openSafetensors(bytesReader(bare), "f")).read("w")).rejects.toThrow(
      /scales of "w".*bfloat16 release/,
    );
    const other = fileOf([["w_scale_inv", "F32", [4], bytesOf(scales)], matrix]);
    await expect((await openSafetensors(bytesReader(other), "f")).read("w")).rejects.toThrow(
      /of shape \[2,2\].*got \[4\]/,
    );
  });
});
