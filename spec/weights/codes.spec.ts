import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { keptAs } from "../../src/finetune/keptAs.ts";
import { full } from "../../src/tensor/apply.ts";
import type { Parts } from "../../src/tensor/parts.ts";
import { codeBytes } from "../../src/tensor/storage/types.ts";
import { openGguf } from "../../src/weights/gguf/read.ts";
import { encodeGguf } from "../../src/weights/gguf/write.ts";
import { encodeSafetensors, openSafetensors } from "../../src/weights/safetensors.ts";
import { bytesReader, type TensorFile } from "../../src/weights/weightFile.ts";

const SHAPE = [256, 256];

/** Every code of 16 bits, those of NaN with all their payloads among them. */
const everyCode = Uint8Array.from({ length: 2 ** 17 }, (_, i) => (i & 1 ? i >> 9 : i >> 1) & 255);

/** A file that ends with these bytes. */
const ending = (file: Uint8Array, bytes: Uint8Array): Uint8Array => {
  const whole = Uint8Array.from(file);
  whole.set(bytes, whole.length - bytes.length);
  return whole;
};

const half = (type: "BF16" | "F16") => (): Promise<TensorFile> => {
  const file = encodeSafetensors({ tensors: { w: full(SHAPE, 0) }, metadata: {} }, () => type);
  return openSafetensors(bytesReader(ending(file, everyCode)), "w");
};

/** 2048 blocks of 34 bytes: scales of all kinds, and −128 too, which no quantisation makes. */
const blocks = Uint8Array.from({ length: 2048 * 34 }, (_, i) => (i * 2654435761) >>> 24);

const inBlocks = async (): Promise<TensorFile> => {
  const tensors = [{ name: "w", shape: SHAPE, type: "Q8_0" as const, read: () => full(SHAPE, 0) }];
  const file = await encodeGguf({ metadata: {}, tensors });
  return openGguf(bytesReader(ending(file, blocks)), "w");
};

async function bytesOf(parts: Parts): Promise<Uint8Array> {
  const all: number[] = [];
  for await (const part of parts) for (const byte of codeBytes(part)) all.push(byte);
  return Uint8Array.from(all);
}

describe.each([
  ["bf16", half("BF16"), everyCode],
  ["f16", half("F16"), everyCode],
  ["q8_0", inBlocks, blocks],
] as const)("a file of %s", (dtype, open, bytes) => {
  test("gives its codes as they lie there, to an engine that keeps that type", async () => {
    const file = await open();
    const source = file.stream("w");
    expect(source.kept).toBe(dtype);
    expect(await bytesOf(source.codes?.() ?? [])).toEqual(bytes);
    await using engine = await createEngine({ backend: "wasm", threads: 1 });
    for (const wanted of ["file", dtype] as const) {
      const there = await engine.putParts(keptAs(source, wanted));
      expect(there.dtype).toBe(dtype);
      expect(await bytesOf(engine.readParts(there))).toEqual(bytes);
    }
  });

  test("gives those of some rows", async () => {
    const file = await open();
    const { codes } = file.stream("w", [16, 48]);
    const perRow = bytes.length / 256;
    expect(await bytesOf(codes?.() ?? [])).toEqual(bytes.subarray(16 * perRow, 48 * perRow));
  });
});
