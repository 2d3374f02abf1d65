import { describe, expect, test } from "vitest";
import { constant } from "../../src/tensor/apply.ts";
import { sizeOf } from "../../src/tensor/shapes.ts";
import { fromGguf } from "../../src/weights/gguf/back.ts";
import { readGguf } from "../../src/weights/gguf/read.ts";
import { ggufTokenizer } from "../../src/weights/gguf/tokenizerJson.ts";
import type { GgufTensorType } from "../../src/weights/gguf/types.ts";
import { encodeGguf, type GgufTensor } from "../../src/weights/gguf/write.ts";
import { attack, mutants, mutate } from "./mutants.ts";

const tensor = (name: string, type: GgufTensorType, shape: readonly number[]): GgufTensor => ({
  ...{ name, type, shape },
  read: () =>
    constant(
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.cos(i)),
      shape,
    ),
});

const valid = await encodeGguf({
  metadata: {
    "general.architecture": "llama",
    "llama.block_count": 1,
    "llama.context_length": 64,
    "llama.embedding_length": 32,
    "llama.feed_forward_length": 64,
    "llama.attention.head_count": 4,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": ["<unk>", "<s>", "a", "b", "ab"],
    "tokenizer.ggml.scores": Float32Array.of(0, 0, -1, -2, -3),
    "tokenizer.ggml.token_type": Int32Array.of(2, 3, 1, 1, 1),
    "tokenizer.ggml.add_bos_token": true,
    nested: [Uint8Array.of(1, 2), ["x"]],
    large: 2n ** 63n,
  },
  tensors: [
    tensor("token_embd.weight", "Q8_0", [5, 32]),
    tensor("blk.0.attn_q.weight", "F16", [32, 32]),
    tensor("blk.0.attn_norm.weight", "F32", [32]),
    tensor("output_norm.weight", "BF16", [32]),
  ],
});

/** Reads everything; what was accepted is written again, and read again as the same. */
async function isConsistent(file: Uint8Array): Promise<boolean> {
  const read = await readGguf(file);
  for (const name of read.names) {
    const { data, shape } = await read.read(name);
    if (data.length !== sizeOf(shape)) return false;
  }
  const types = new Set(["F32", "F16", "BF16", "Q8_0"]);
  const isOurs = read.names.every((name) => types.has(read.dtypeOf(name)));
  const isAligned = (read.metadata["general.alignment"] ?? 32) === 32;
  if (!isOurs || !isAligned || read.names.some((name) => name.length > 63)) return true;
  const tensors = read.names.map((name) => ({
    ...{ name, shape: read.shapeOf(name), type: read.dtypeOf(name) as GgufTensorType },
    read: () => read.read(name),
  }));
  const again = await readGguf(await encodeGguf({ ...read, tensors }));
  return (
    again.names.join() === read.names.join() &&
    `${Object.keys(again.types)}` === `${Object.keys(read.types)}`
  );
}

describe("GGUF", () => {
  test("the valid file is consistent", async () => {
    expect(await isConsistent(valid)).toBe(true);
    expect((await fromGguf(await readGguf(valid))).config).toMatchObject({ hidden_size: 32 });
  });

  test("files with changed bytes are refused by a DataError, or are consistent", async () => {
    const made = (roll: (n: number) => number) => mutate(valid, roll);
    const { refused, accepted, fault } = await attack(mutants(3000), made, isConsistent);
    expect(fault).toBeUndefined();
    expect(refused).toBeGreaterThan(accepted);
    expect(accepted).toBeGreaterThan(0);
  });

  test("what they say of the model and its tokenizer likewise", async () => {
    const read = async (file: Uint8Array): Promise<boolean> => {
      const gguf = await readGguf(file);
      const { weights, config } = await fromGguf(gguf);
      for (const name of weights.names) await weights.read(name);
      const { tokenizer } = ggufTokenizer(gguf.metadata);
      return JSON.stringify([config, tokenizer]).length > 100;
    };
    const made = (roll: (n: number) => number) => mutate(valid, roll);
    const { accepted, fault } = await attack(mutants(3000), made, read);
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });

  test("every file that is cut short is refused", async () => {
    for (let length = 0; length < valid.length; length += 1 + Math.floor(length / 200))
      await expect(readGguf(valid.slice(0, length)), `${length}`).rejects.toThrow(/^gguf: byte/);
  });

  test.each<[string, (view: DataView) => void, RegExp]>([
    ["version 1", (view) => view.setUint32(4, 1, true), /byte 4: expected version 3 or 2, got/],
    ["another byte order", (view) => view.setUint32(4, 3, false), /a little-endian GGUF file/],
    ["tensors without end", (view) => view.setBigUint64(8, 1n << 40n, true), /byte 8: .*room/],
    ["pairs without end", (view) => view.setBigUint64(16, 1n << 62n, true), /byte 16: .*2\^53/],
    ["a key without end", (view) => view.setBigUint64(24, 1n << 30n, true), /byte 24: .*65535/],
    ["another format", (view) => view.setUint32(0, 0, true), /byte 0: expected a GGUF file/],
  ])("%s is refused with its byte", async (_, change, message) => {
    const file = valid.slice();
    change(new DataView(file.buffer));
    await expect(readGguf(file)).rejects.toThrow(message);
  });
});
