import { createHash } from "node:crypto";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { samplesIn } from "../../src/lab/runs/samples.ts";
import { unpackZip } from "../../src/lab/runs/zip.ts";
import { constant } from "../../src/tensor/apply.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { encodeSafetensors } from "../../src/weights/safetensors.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const weights = encodeSafetensors({
  tensors: { w: constant(Float32Array.of(1, 2), [2]) },
  metadata: {},
});
const digest = `${createHash("sha256").update(weights).digest("hex")}  base.safetensors\n`;

describe("unpackZip", () => {
  it("gives a run's name and its files, and leaves the rest", async () => {
    const zip = zipSync({
      "a b/config.json": bytes("{}"),
      "a b/checkpoints/seed-0/base.safetensors": weights,
      "a b/checkpoints/seed-0/base.safetensors.sha256": bytes(digest),
      "a b/checkpoints/../../evil.safetensors": weights,
      "a b/checkpoints/.hidden.safetensors": weights,
      "a b/report.html": bytes("<script>"),
      "a b/notes.txt": bytes("x"),
      "c/config.json": bytes("{}"),
    });
    const { name, files } = await unpackZip(zip, "x.zip");
    expect(name).toBe("a-b");
    expect(files.map(([path]) => path)).toEqual([
      "config.json",
      "checkpoints/seed-0/base.safetensors",
      "checkpoints/seed-0/base.safetensors.sha256",
    ]);
  });

  it("names a run without a folder by its file", async () => {
    expect((await unpackZip(zipSync({ "config.json": bytes("{}") }), "mine.zip")).name).toBe(
      "mine",
    );
  });

  it.each<[string, Record<string, Uint8Array>, string]>([
    ["no run", { "a.txt": bytes("x") }, "x.zip: expected a config.json in it, got none"],
    ["a folder ..", { "../config.json": bytes("{}") }, "x.zip: the run's folder: expected letters"],
    ["a deeper ..", { "a/../config.json": bytes("{}") }, "x.zip: the run's folder: expected"],
    [
      "a long name",
      { [`${"a".repeat(200)}/config.json`]: bytes("{}") },
      "x.zip: the run's folder: expected a name of at most 100 characters",
    ],
    [
      "what grows a thousandfold",
      { "a/config.json": new Uint8Array(40e6) },
      "x.zip: expected at most ",
    ],
    [
      "more files than any run has",
      Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`a/${i}`, bytes("")])),
      "x.zip: expected at most 10000 files in it, got more",
    ],
    [
      "weights that were changed",
      {
        "a/config.json": bytes("{}"),
        "a/checkpoints/base.safetensors": weights.map((x, i) =>
          i === weights.length - 1 ? x ^ 1 : x,
        ),
        "a/checkpoints/base.safetensors.sha256": bytes(digest),
      },
      "x.zip: checkpoints/base.safetensors: expected the bytes that were saved, got others",
    ],
    [
      "weights that are none",
      { "a/config.json": bytes("{}"), "a/checkpoints/base.safetensors": bytes("{}") },
      "x.zip: checkpoints/base.safetensors: ",
    ],
  ])("refuses %s", async (_, files, message) => {
    const unpacking = unpackZip(zipSync(files), "x.zip");
    await expect(unpacking).rejects.toThrow(DataError);
    await expect(unpacking).rejects.toThrow(message);
  });

  it("refuses what is no zip", async () => {
    const unpacking = unpackZip(bytes("{}"), "x.zip");
    await expect(unpacking).rejects.toThrow(DataError);
    await expect(unpacking).rejects.toThrow("x.zip: expected a zip file, got ");
  });
});

describe("samplesIn", () => {
  const said = [{ skill: "rev", prompt: ["a"], expected: ["b"], said: ["c"] }];

  it("reads what models said", () => {
    expect(samplesIn(bytes(JSON.stringify({ base: said })), "f")).toEqual({ base: said });
  });

  it.each([
    ["[]", "f: samples: expected an object, got []"],
    ["{", "f: expected JSON, got "],
    ['{"a":{}}', "f: samples.a: expected a list, got {}"],
    ['{"a":[{}]}', "f: samples.a[0].skill: expected a text, got nothing"],
    ['{"a":[],"a":[]}', "f: a: expected a key once, got it twice"],
    ['{"../a":[]}', "f: samples: expected letters, digits, dots, - and _"],
  ])("refuses %s", (json, message) => {
    expect(() => samplesIn(bytes(json), "f")).toThrow(DataError);
    expect(() => samplesIn(bytes(json), "f")).toThrow(message);
  });
});
