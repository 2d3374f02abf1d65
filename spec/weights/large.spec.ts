import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { PART } from "../../src/tensor/parts.ts";
import { openGguf } from "../../src/weights/gguf/read.ts";
import { Bytes } from "../../src/weights/gguf/values.ts";
import { openWeights } from "../../src/weights/openWeights.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { encodeHeader } from "../../src/weights/safetensorsHeader.ts";
import type { RangeReader } from "../../src/weights/weightFile.ts";

const folder = await mkdtemp(join(tmpdir(), "anchorgrad-large-"));
afterAll(() => rm(folder, { recursive: true }));

// 5.1 GiB of BF16 before the last rows: beyond 2^31 and 2^32 bytes.
const [rows, columns] = [688_000, 4000];
const header = encodeHeader(
  [
    { name: "table", shape: [rows, columns], type: "BF16" },
    { name: "end", shape: [3], type: "F32" },
  ],
  {},
);
const size = header.length + 2 * rows * columns + 12;

describe("files beyond 4 GiB", () => {
  test("are read where their tensors lie", async () => {
    const path = join(folder, "model.safetensors");
    const file = await open(path, "w");
    try {
      await file.write(header, 0, header.length, 0);
      // All of it but these is a hole, which takes no disk.
      await file.truncate(size);
      const codes = new Uint16Array(columns).fill(0x3f80);
      await file.write(codes, 0, codes.byteLength, header.length + 2 * (rows - 1) * columns);
      await file.write(Float32Array.of(1, 2, 3), 0, 12, size - 12);
    } finally {
      await file.close();
    }
    const weights = await openWeights(path);
    expect([...(await weights.read("end")).data]).toEqual([1, 2, 3]);
    const last = await weights.read("table", [rows - 2, rows]);
    expect(last.shape).toEqual([2, columns]);
    expect([...new Set(last.data.slice(0, columns))]).toEqual([0]);
    expect([...new Set(last.data.slice(columns))]).toEqual([1]);
  });

  test("are asked for by whole numbers of bytes, a bounded part at a time", async () => {
    const asked: number[] = [];
    let most = 0;
    const file: RangeReader = {
      size,
      async read(from, length) {
        asked.push(from);
        most = Math.max(most, length);
        const bytes = new Uint8Array(length);
        if (from < header.length) bytes.set(header.subarray(from, from + length));
        return bytes;
      },
    };
    const weights = await openSafetensors(file, "w");
    asked.length = 0;
    let count = 0;
    const from = rows - 3000;
    for await (const part of weights.stream("table", [from, rows]).parts()) count += part.length;
    expect(count).toBe(3000 * columns);
    expect(asked).toEqual([0, 1, 2].map((i) => header.length + 2 * (from * columns + i * PART)));
    expect(most).toBe(2 * PART);
  });

  test("in GGUF too, whose blocks are counted as rows are", async () => {
    const [high, wide] = [170_000, 32_000];
    const bytes = new Bytes();
    bytes.raw(new TextEncoder().encode("GGUF"));
    bytes.uint32(3);
    bytes.uint64(2);
    bytes.uint64(0);
    const table = (high * wide * 34) / 32;
    for (const [name, shape, code, offset] of [
      ["table", [wide, high], 8, 0],
      ["end", [32], 8, table],
    ] as const) {
      bytes.string(name);
      bytes.uint32(shape.length);
      for (const length of shape) bytes.uint64(length);
      bytes.uint32(code);
      bytes.uint64(offset);
    }
    bytes.pad(32);
    const head = bytes.joined();
    const asked: number[] = [];
    const file: RangeReader = {
      size: head.length + table + 34,
      async read(from, length) {
        asked.push(from);
        const got = new Uint8Array(length);
        if (from < head.length) got.set(head.subarray(from, from + length));
        return got;
      },
    };
    const gguf = await openGguf(file, "w.gguf");
    asked.length = 0;
    expect((await gguf.read("table", [high - 1, high])).data.length).toBe(wide);
    expect((await gguf.read("end")).data.length).toBe(32);
    expect(asked).toEqual([head.length + table - (wide * 34) / 32, head.length + table]);
    expect(asked[1]).toBeGreaterThan(2 ** 32);
  });
});
