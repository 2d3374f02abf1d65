import { rmSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseOptions } from "../../../src/cli/study/options.ts";
import type { World } from "../../../src/cli/study/runs.ts";
import { runStudy } from "../../../src/cli/study/study.ts";
import { claim } from "../../../src/cli/terminal/claim.ts";
import { UsageError } from "../../../src/cli/terminal/usage.ts";
import { smokeRecipe } from "../../../src/experiment/recipes/smoke.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { tinyRecipe } from "../../experiment/tiny.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-"));
});
afterEach(() => rm(folder, { recursive: true }));

interface Terminal {
  readonly world: World;
  text(): string;
}

/** A terminal that presses Ctrl-C once `stopAfter` has been written. */
function terminal(stopAfter = "never"): Terminal {
  const written: string[] = [];
  const stop = new AbortController();
  const write = (text: string): boolean => {
    written.push(text);
    if (text.includes(stopAfter)) stop.abort();
    return true;
  };
  const out = { isTTY: false, write } as unknown as NodeJS.WriteStream;
  const versions = { anchorgrad: "0.0.0" };
  return {
    world: { out, folder, signal: stop.signal, versions, recipe: tinyRecipe },
    text: () => written.join(""),
  };
}

const options = (...args: string[]) =>
  parseOptions(["--backend", "wasm", ...(args.includes("--threads") ? [] : alone), ...args]);
const alone = ["--threads", "1"];

/** metrics.jsonl and the weights as they stand on disk. */
async function outcome(name: string): Promise<{ metrics: unknown[]; weights: unknown[] }> {
  const path = join(folder, "runs", name);
  const lines = (await readFile(join(path, "metrics.jsonl"), "utf8")).trim().split("\n");
  const metrics = lines.map((line) => JSON.parse(line) as unknown);
  const seeds = join(path, "checkpoints");
  const files = (await readdir(seeds, { recursive: true })).filter((file) =>
    file.endsWith("tensors"),
  );
  const weights = await Promise.all(
    files
      .sort()
      .map(async (file) => [file, (await readFile(join(seeds, file))).toString("base64")]),
  );
  return { metrics, weights };
}

describe("runStudy", () => {
  it("leaves a complete run directory, and says where the report is", async () => {
    const { world, text } = terminal();
    expect(await runStudy(options("--name", "a"), world)).toBe(true);
    const files = await readdir(join(folder, "runs", "a"));
    expect(files.sort()).toEqual([
      ".lock",
      "attempts.jsonl",
      "checkpoints",
      "config.json",
      "metrics.jsonl",
      "report.html",
    ]);
    expect(text()).toContain(join(folder, "runs", "a", "report.html"));
    for (const { label } of tinyRecipe.rows) expect(text()).toContain(label);
    const { weights } = await outcome("a");
    expect(weights).toHaveLength(tinyRecipe.rows.length);
    const config = JSON.parse(await readFile(join(folder, "runs", "a", "config.json"), "utf8"));
    expect(config).toMatchObject({
      ...{ seeds: [0], backend: "wasm", versions: { anchorgrad: "0.0.0" } },
      recipe: { name: "tiny" },
    });
  });

  it("stopped by Ctrl-C and resumed ends as if it had not been, to the bit", async () => {
    await runStudy(options("--name", "whole", "--seeds", "2", "--threads", "1"), terminal().world);
    await rm(join(folder, ".cache"), { recursive: true });

    const stopped = terminal("✓ seed 0 Anchored α=0.1");
    const args = ["--name", "cut", "--seeds", "2", "--threads", "2"];
    expect(await runStudy(options(...args), stopped.world)).toBe(false);
    expect(stopped.text()).toContain("--resume --name cut");
    expect(await readdir(join(folder, "runs", "cut"))).toContain("report.html");

    const again = terminal();
    expect(await runStudy(parseOptions(["--resume"]), again.world)).toBe(true);
    expect(again.text()).toContain("going on after 4 rows");
    expect(await outcome("cut")).toEqual(await outcome("whole"));
  });

  it("refuses what cannot be resumed", async () => {
    const none = runStudy(parseOptions(["--resume"]), terminal().world);
    await expect(none).rejects.toThrow(UsageError);
    await runStudy(options("--name", "a"), terminal("✓").world);
    const other = runStudy(parseOptions(["--resume", "--backend", "reference"]), terminal().world);
    await expect(other).rejects.toThrow(
      "--backend: expected wasm, which the run began with, got reference",
    );
    await expect(runStudy(options("--name", "a"), terminal().world)).rejects.toThrow(
      /expected a new run/,
    );
  });

  it("leaves a run alone that another process works on", async () => {
    await runStudy(options("--name", "a"), terminal("✓").world);
    const mine = await claim(join(folder, "runs", "a"));
    const named = runStudy(parseOptions(["--resume", "--name", "a"]), terminal().world);
    await expect(named).rejects.toThrow(`got that of process ${process.pid}`);
    const newest = runStudy(parseOptions(["--resume"]), terminal().world);
    await expect(newest).rejects.toThrow("expected a run");
    await mine.release();
    expect(await runStudy(parseOptions(["--resume"]), terminal().world)).toBe(true);
  });

  it("ends with an error where its folder is removed meanwhile", async () => {
    const { world } = terminal();
    let removed = false;
    const { out } = world;
    const write = (text: string): boolean => {
      if (!removed && text.includes("✓")) {
        removed = true;
        rmSync(join(folder, "runs"), { recursive: true });
      }
      return out.write(text);
    };
    const gone = runStudy(options("--name", "a"), {
      ...{ ...world, out: { ...out, write } },
    });
    await expect(gone).rejects.toThrow(DataError);
    await expect(gone).rejects.toThrow("got none: its folder was removed");
  });

  it("runs the smoke study when asked to", async () => {
    const { world, text } = terminal("✓");
    const { recipe: _, ...plain } = world;
    expect(await runStudy(options("--smoke"), plain)).toBe(false);
    const [name] = await readdir(join(folder, "runs"));
    expect(name).toMatch(/^smoke-\d{4}-\d{2}-\d{2}-\d{6}$/);
    expect(text()).toContain(smokeRecipe.rows[0]?.label);
  });
});
