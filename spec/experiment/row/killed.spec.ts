import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleScripts } from "../../bundled.ts";

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  await bundleScripts(place, ["spec/experiment/row/killed.ts"]);
});
afterAll(() => rm(place, { recursive: true }));

/** Runs a row in a process of its own. @returns the lines that it wrote before it was killed */
async function run(folder: string, row: string, killedAfter = Infinity): Promise<string[]> {
  const child = spawn(
    process.execPath,
    [join(place, "bin/killed.js"), folder, row, `${killedAfter}`],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const ended = once(child, "close");
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) lines.push(line);
  const [code, signal] = (await ended) as [number | null, string | null];
  expect([code, signal]).toEqual(killedAfter === Infinity ? [0, null] : [null, "SIGKILL"]);
  return lines;
}

test("a row that is killed again and again ends with the same bits, and leaves nothing", async () => {
  const [whole, killed] = [join(place, "whole"), join(place, "killed")];
  await run(whole, "base");
  await run(whole, "sft-5e-3");
  await cp(whole, killed, { recursive: true });
  const row = "anchored-0.1-T5-K2";
  const told = await run(whole, row);
  for (const killedAfter of [9, told.length - 1]) await run(killed, row, killedAfter);
  expect(await run(killed, row)).toEqual(told);
  const weights = await Promise.all(
    [whole, killed].map((folder) =>
      readFile(join(folder, "checkpoints", "seed-0", `${row}.safetensors`)),
    ),
  );
  expect(weights[1]).toEqual(weights[0]);
  const left = await readdir(join(killed, "unfinished", "seed-0"));
  expect(left.filter((name) => name.startsWith(row) && !name.endsWith(".partial"))).toEqual([]);
});
