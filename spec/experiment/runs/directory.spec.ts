import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Measurement } from "../../../src/experiment/measurements.ts";
import { createRun, listRuns, reopenRun } from "../../../src/experiment/runs/directory.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { writeWhole } from "../../../src/weights/files.ts";
import { config, row, step } from "./written.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-"));
});
afterEach(() => rm(folder, { recursive: true }));

const certificate = (seed: number, id: string): Measurement => ({
  kind: "certificate",
  ...{ seed, row: id, outer: 0, measured: 0.1, bound: 0.2, inexactness: -0.05, held: true },
  ...{ alpha: 0.5, referenceKl: 0.4, anchorKl: 0.15, eta: 0.01, leastSlack: 0.02, linear: true },
  ...{ tokens: 8, withoutDelta: 7 },
});

describe("a run directory", () => {
  it("opens with what finished rows measured, to the bit, and without the rest", async () => {
    const run = await createRun(join(folder, "a"), config);
    const kept = [
      step(0, "pre-training"),
      row(0, "base"),
      step(0, "sft-5e-3"),
      row(0, "sft-5e-3"),
      certificate(0, "anchored-0.1-T5-K2"),
      row(0, "anchored-0.1-T5-K2"),
    ];
    for (const m of kept) await run.record(m);
    for (const m of [step(0, "merge-0.3"), step(1, "pre-training"), certificate(1, "moving-0.1")])
      await run.record(m);
    await run.record(row(1, "sft-5e-4"));
    const again = await reopenRun(run.path);
    expect(again.config).toEqual(config);
    expect(again.measurements).toEqual([...kept, row(1, "sft-5e-4")]);
  });

  it("writes stages by name, where progress has always had them", async () => {
    const run = await createRun(join(folder, "a"), config);
    const measured = [step(0, "pre-training"), row(0, "base"), step(0, "sft-5e-3")];
    for (const m of [...measured, row(0, "sft-5e-3")]) await run.record(m);
    await run.join();
    const lines = (await readFile(join(run.path, "metrics.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).stage)).toEqual([
      ...["pre-training", undefined, "sft-5e-3", undefined],
    ]);
    expect(lines[0]).toMatch(/^\{"kind":"progress","stage":"pre-training","seed":0,"step":8,/);
  });

  it("is usable as soon as it is made", async () => {
    const run = await createRun(join(folder, "a"), config);
    expect((await reopenRun(run.path)).measurements).toEqual([]);
  });

  it("keeps weights as safetensors", async () => {
    const run = await createRun(join(folder, "a"), config);
    const weights = { tensors: { w: constant(Float32Array.of(1, 2), [2]) }, metadata: { a: "b" } };
    expect(await run.checkpoints.load("seed-0/base")).toBeUndefined();
    await run.checkpoints.save("seed-0/base", weights);
    const loaded = await (await reopenRun(run.path)).checkpoints.load("seed-0/base");
    expect(loaded?.metadata).toEqual({ a: "b" });
    expect(loaded && Object.values(loaded.tensors)[0]?.data).toEqual(Float32Array.of(1, 2));
    await run.checkpoints.remove("seed-0/base");
    expect(await run.checkpoints.load("seed-0/base")).toBeUndefined();
  });

  it("is not started twice", async () => {
    await createRun(join(folder, "a"), config);
    await expect(createRun(join(folder, "a"), config)).rejects.toThrow(/expected a new run/);
  });

  it("says which file is missing or damaged, and where", async () => {
    await expect(reopenRun(join(folder, "b"))).rejects.toThrow(
      new DataError(`${folder}/b/config.json: expected a run's configuration, got no file`),
    );
    const run = await createRun(join(folder, "a"), config);
    await run.record(row(0, "base"));
    await run.join();
    const metrics = join(run.path, "metrics.jsonl");
    await writeFile(metrics, `${await readFile(metrics, "utf8")}{"kind":"ro`);
    await expect(reopenRun(run.path)).rejects.toThrow(`${metrics}:2: expected JSON`);
    await writeFile(join(run.path, "config.json"), "{}");
    await expect(reopenRun(run.path)).rejects.toThrow(
      /config.json: recipe: expected an object, got nothing/,
    );
  });
});

describe("writeWhole", () => {
  it("leaves the old file and nothing else when it cannot write the new one", async () => {
    const path = join(folder, "file");
    await writeWhole(path, "old");
    const unwritable = { toString: () => "new" } as unknown as string;
    await expect(writeWhole(path, unwritable)).rejects.toThrow();
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it("never shows a half-written file", async () => {
    const path = join(folder, "file");
    const texts = ["a", "b"].map((letter) => letter.repeat(1 << 20));
    await writeWhole(path, texts[0] as string);
    const writing = (async () => {
      for (let i = 0; i < 20; i++) await writeWhole(path, texts[i % 2] as string);
      return "done";
    })();
    const seen = new Set<string>();
    for (let state = ""; state !== "done"; ) {
      seen.add(await readFile(path, "utf8"));
      state = await Promise.race([writing, new Promise<string>((next) => setImmediate(next, ""))]);
    }
    expect([...seen].every((text) => texts.includes(text))).toBe(true);
  });
});

describe("listRuns", () => {
  it("names runs, the newest first, and nothing else", async () => {
    expect(await listRuns(join(folder, "none"))).toEqual([]);
    for (const name of ["a", "b", "c"]) await createRun(join(folder, name), config);
    await writeWhole(join(folder, "notes", "todo.txt"), "");
    for (const [i, name] of ["b", "c", "a"].entries())
      await utimes(join(folder, name, "config.json"), 1000 - i, 1000 - i);
    const names = (await listRuns(folder)).map((path) => path.slice(folder.length + 1));
    expect(names).toEqual(["b", "c", "a"]);
  });
});

describe("a run's files that somebody changed", () => {
  it.each<[string, string, string]>([
    ["config.json", '"backend": "reference"', "config.json: config.backend: expected one of auto,"],
    ["config.json", '"name": "tiny"', "config.json: recipe.name: expected letters, digits, dots"],
    ["config.json", '"id": "base"', "config.json: recipe.rows[0]"],
    ["metrics.jsonl", '"row":"base"', "metrics.jsonl:1: row.row: expected letters, digits, dots"],
    [
      "metrics.jsonl",
      '"kind":"row"',
      "metrics.jsonl:1: measurement.kind: expected one of progress,",
    ],
  ])("are refused with file and field: %s, %s", async (file, field, message) => {
    const run = await createRun(join(folder, "a"), config);
    await run.record(row(0, "base"));
    await run.join();
    const path = join(run.path, file);
    const text = await readFile(path, "utf8");
    expect(text).toContain(field);
    const value = field.replace(
      /:\s*".*"$/,
      (old) => `${old.slice(0, old.indexOf('"'))}"../../up"`,
    );
    await writeFile(path, text.replace(field, value));
    await expect(reopenRun(run.path)).rejects.toThrow(DataError);
    await expect(reopenRun(run.path)).rejects.toThrow(message);
  });

  it.each([
    ['{"seeds": [0], "seeds": [1]}', "config.json: seeds: expected a key once, got it twice"],
    [
      '{"seeds": [9007199254740993]}',
      "config.json: seeds[0]: expected an integer that a double has",
    ],
    ['{"seeds": ', "config.json: expected JSON, got "],
  ])("lose nothing without a word: %s", async (text, message) => {
    const run = await createRun(join(folder, "a"), config);
    await writeFile(join(run.path, "config.json"), text);
    await expect(reopenRun(run.path)).rejects.toThrow(message);
  });

  it("keep what training left without a number, as such", async () => {
    const run = await createRun(join(folder, "a"), config);
    await run.record({ ...row(0, "base"), klFromBase: Number.NaN });
    const [again] = (await reopenRun(run.path)).measurements;
    expect(again).toEqual({ ...row(0, "base"), klFromBase: Number.NaN });
  });
});
