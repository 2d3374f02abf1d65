import { describe, expect, test } from "vitest";
import { constant } from "../../src/tensor/apply.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { sizeOf } from "../../src/tensor/shapes.ts";
import { isStoredType, storedTypes } from "../../src/weights/dtypes.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  openSafetensors,
} from "../../src/weights/safetensors.ts";
import { openSharded } from "../../src/weights/sharded.ts";
import { bytesReader } from "../../src/weights/weightFile.ts";
import { attack, mutants, mutate, mutateText } from "./mutants.ts";

const valid = encodeSafetensors(
  {
    tensors: {
      embed: constant(Float32Array.from({ length: 24 }, Math.sqrt), [6, 4]),
      norm: constant(Float32Array.of(1, -2, 3), [3]),
      step: constant(Int32Array.of(7), []),
      none: constant(new Float32Array(0), [0, 3]),
    },
    metadata: { format: "pt", note: "Ümläute" },
  },
  (name) => (({ embed: "BF16", norm: "F64" }) as const)[name as "embed"],
);
const headerEnd = 8 + Number(new DataView(valid.buffer).getBigUint64(0, true));
const header = new TextDecoder().decode(valid.subarray(8, headerEnd));

/** Another header before the same numbers, with its length told rightly. */
function withHeader(text: string): Uint8Array {
  const json = new TextEncoder().encode(text);
  const file = new Uint8Array(8 + json.length + valid.length - headerEnd);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  file.set(valid.subarray(headerEnd), 8 + json.length);
  return file;
}

/** Whether each tensor has as many numbers as its shape says, and all fill the file exactly. */
async function isConsistent(file: Uint8Array): Promise<boolean> {
  const lazy = await openSafetensors(bytesReader(file), "f");
  const { tensors } = decodeSafetensors(file, "f");
  let bytes = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  for (const name of lazy.names) {
    const type = lazy.dtypeOf(name);
    const { data, shape } = await lazy.read(name);
    if (!isStoredType(type) || data.length !== sizeOf(shape)) return false;
    if (tensors[name]?.data.length !== data.length) return false;
    bytes += data.length * storedTypes[type].bytes;
  }
  return bytes === file.length;
}

describe("safetensors", () => {
  test("files with changed bytes are refused by a DataError, or are consistent", async () => {
    const made = (roll: (n: number) => number) => mutate(valid, roll);
    const { refused, accepted, fault } = await attack(mutants(5000), made, isConsistent);
    expect(fault).toBeUndefined();
    expect(refused).toBeGreaterThan(accepted);
    expect(accepted).toBeGreaterThan(0);
  });

  test("headers with changed texts likewise", async () => {
    const made = (roll: (n: number) => number) => withHeader(mutateText(header, roll));
    const { accepted, fault } = await attack(mutants(5000), made, isConsistent);
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });

  const row = (more: string): string =>
    `{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}${more}}`;
  test.each([
    ["200,000 nested brackets", `{"a":${"[".repeat(200_000)}`, "at most 8 nested brackets"],
    ["a name twice", row(',"\\u0061":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'), "once"],
    ["__proto__", '{"__proto__":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}', "another name"],
    [
      "a shape beyond counting",
      '{"a":{"dtype":"F32","shape":[9007199254740991,9007199254740991],"data_offsets":[0,0]}}',
      "bytes apart",
    ],
    ["an array", "[]", "a header in JSON"],
    ["nothing", "", "a header in JSON"],
    ["a mark before it", `\ufeff${row("")}`, "a header in JSON"],
  ])("%s is refused by name", (_, text, message) => {
    const json = new TextEncoder().encode(text);
    const file = new Uint8Array(8 + json.length);
    new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
    file.set(json, 8);
    expect(() => decodeSafetensors(file, "f")).toThrow(DataError);
    expect(() => decodeSafetensors(file, "f")).toThrow(message);
  });

  test.each([
    ["version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"],
    ["<!doctype html><html>", "a web page"],
    ["GGUF\x03\0\0\0", "readGguf"],
    ["PK\x03\x04 archive", "PyTorch"],
    ['{"error":"not found"}', "JSON"],
  ])("%j is recognised", (text, what) => {
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    expect(() => decodeSafetensors(bytes, "f")).toThrow(what);
  });

  test("bytes that are no UTF-8 are refused, and headers longer than 100 MB", () => {
    const file = withHeader(header);
    file[9] = 0xff;
    expect(() => decodeSafetensors(file, "f")).toThrow("byte 8: expected a header in UTF-8");
    const reader = { size: 1e12, read: async () => Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0) };
    const opening = openSafetensors(reader, "f");
    return expect(opening).rejects.toThrow("byte 0: expected a header of at most 100000000 bytes");
  });
});

describe("an index of shards", () => {
  const index = JSON.stringify({
    metadata: { total_size: 100 },
    weight_map: { embed: "a.safetensors", norm: "a.safetensors", step: "b-2.safetensors" },
  });

  test("with changes is refused by a DataError, or names tensors of files in the folder", async () => {
    const asked = new Set<string>();
    const read = async (text: string): Promise<boolean> => {
      const file = await openSharded(text, "folder/index.json", async (name) => {
        asked.add(name);
        return name.endsWith(".safetensors") ? bytesReader(valid) : undefined;
      });
      return file.names.every((name) => file.shapeOf(name).length < 3);
    };
    const made = (roll: (n: number) => number) => mutateText(index, roll);
    const { accepted, fault } = await attack(mutants(2000), made, read);
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
    expect([...asked].filter((name) => /[/\\]|^\./.test(name))).toEqual([]);
  });
});
