import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Attempt, measurementText } from "../../../src/experiment/measurements.ts";
import { createRun, reopenRun } from "../../../src/experiment/runs/directory.ts";
import { createRunIn, type RunDirectory, reopenRunIn } from "../../../src/experiment/runs/run.ts";
import { disk } from "../../../src/weights/files.ts";
import type { Files } from "../../../src/weights/store.ts";
import { memoryFiles } from "../sweep/fakes.ts";
import { tinyRecipe } from "../tiny.ts";
import { config, row, step } from "./written.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-"));
});
afterEach(() => rm(folder, { recursive: true }));

const attempt = (seed: number, id: string, seconds: number): Attempt => ({
  ...{ kind: "attempt", seed, row: id, seconds, backend: "reference", device: "loops" },
  ...{ numerics: { class: "reference", version: 1 }, machine: "a", versions: { node: "20" } },
});

/** The disk, and how many bytes it was given for each file's name. */
function counted(): { readonly files: Files; readonly bytes: Map<string, number> } {
  const bytes = new Map<string, number>();
  const write = async (path: string, content: string | Uint8Array): Promise<void> => {
    const name = path.slice(path.lastIndexOf("/") + 1).replace(/^.*(?=\.attempt\.json$)/, "");
    const kind = name.endsWith(".jsonl") && name !== "attempts.jsonl" ? "metrics" : name;
    bytes.set(kind, (bytes.get(kind) ?? 0) + Buffer.byteLength(content));
    await disk.write(path, content);
  };
  return { files: { ...disk, write }, bytes };
}

describe("metrics of a run", () => {
  const rows = [0, 1].flatMap((seed) => tinyRecipe.rows.map(({ id }) => [seed, id] as const));

  it("are written twice, whatever the number of rows", async () => {
    const { files, bytes } = counted();
    const run = await createRunIn(files, join(folder, "a"), config);
    for (const [seed, id] of rows.toReversed())
      for (const m of [step(seed, id), attempt(seed, id, 1), row(seed, id)]) await run.record(m);
    await run.join();
    const { size } = await stat(join(run.path, "metrics.jsonl"));
    expect(bytes.get("metrics")).toBeLessThanOrEqual(2 * size);
    await run.join();
    expect(bytes.get("metrics"), "there is nothing new to join").toBeLessThanOrEqual(2 * size);
    expect((await readdir(run.path)).sort()).toEqual([
      ...["attempts.jsonl", "config.json", "metrics.jsonl"],
    ]);
  });

  it("are the same bytes in whatever order and time they came, and wherever that was cut", () =>
    fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(rows, { minLength: rows.length }),
        fc.nat(rows.length),
        fc.nat(9),
        async (order, cut, seconds) => {
          const files = memoryFiles();
          const told = async (run: RunDirectory, some: typeof order) => {
            for (const [seed, id] of some)
              for (const m of [step(seed, id), attempt(seed, id, seconds), row(seed, id)])
                await run.record(m);
          };
          await told(await createRunIn(files, "a", config), order.slice(0, cut));
          const again = await reopenRunIn(files, "a");
          if (seconds > 4) await again.join();
          await told(again, order.slice(cut));
          const open = (await reopenRunIn(files, "a")).measurements;
          await again.join();
          expect((await reopenRunIn(files, "a")).measurements).toEqual(open);
          expect(open.filter(({ kind }) => kind === "attempt")).toEqual(
            rows.map(([seed, id]) => attempt(seed, id, seconds)),
          );
          const text = rows
            .flatMap(([seed, id]) => [step(seed, id), row(seed, id)] as const)
            .map((m) => `${measurementText(m)}\n`)
            .join("");
          const bytes = (await files.read("a/metrics.jsonl")) ?? new Uint8Array();
          expect(new TextDecoder().decode(bytes)).toBe(text);
        },
      ),
      { numRuns: 30 },
    ));

  it("of attempts are checked as well", async () => {
    const run = await createRun(join(folder, "a"), config);
    for (const m of [attempt(0, "base", 1), row(0, "base")]) await run.record(m);
    await run.join();
    const path = join(run.path, "attempts.jsonl");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace('"seconds":1', '"seconds":-1'));
    await expect(reopenRun(run.path)).rejects.toThrow(`${path}:1: attempt.seconds: expected`);
    await writeFile(path, text.replace('"row":"base"', '"row":"nobody"'));
    await expect(reopenRun(run.path)).rejects.toThrow("attempt.row: expected the id of a row");
  });
});
