import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleScripts } from "../../bundled.ts";
import { childrenOf, isAlive } from "../processes.ts";

/** A sweep of seconds: small enough to run often, long enough to be ended in its middle. */
const recipe = {
  extends: "smoke",
  pretraining: { steps: 60 },
  fineTuning: { examples: 64, epochs: 4 },
  evaluation: {
    ...{ targetPrompts: 20, promptsPerSkill: 20, every: 4 },
    ...{ divergenceTargetPrompts: 5, divergencePromptsPerSkill: 5 },
  },
  grid: [
    { method: "anchored", alpha: [0.1, 0.5], outer: 2, inner: 2 },
    { method: "sft", learningRate: 1e-3, epochs: 2, family: "sft-short" },
    { method: "merge", weight: 0.25 },
  ],
  seeds: [110, 111],
  tuningSeeds: [112],
};
const ROWS = 6 * 3;

/** After which finished row a sweep is ended, and how: itself alone, or its group, as a terminal does it. */
interface Ending {
  readonly row: number;
  readonly signal: "SIGKILL" | "SIGINT";
}
/** Ends a sweep from within, and says which workers it had: whoever reads its lines may be late. */
const ENDING = `
import { readFileSync, writeSync } from "node:fs";
const { row, signal } = JSON.parse(process.env.ENDING);
const { write } = process.stdout;
let finished = 0;
if (!process.send)
  process.stdout.write = function (...line) {
    const done = Reflect.apply(write, this, line);
    if (!String(line[0]).includes("✓ ") || ++finished !== row) return done;
    const children = \`/proc/\${process.pid}/task/\${process.pid}/children\`;
    try {
      writeSync(1, "workers: " + readFileSync(children, "utf8") + "\\n");
    } catch {}
    process.kill(signal === "SIGINT" ? 0 : process.pid, signal);
    return done;
  };
`;

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  // The command line as it is built, in processes of its own.
  await writeFile(join(place, "ending.mjs"), ENDING);
  await bundleScripts(place, ["src/cli/main.ts", "src/experiment/sweep/worker.ts"]);
});
afterAll(() => rm(place, { recursive: true }));

/** A folder with the recipe, in which sweeps start from nothing. */
async function open(name: string, file: unknown = recipe): Promise<string> {
  const folder = join(place, name);
  await mkdir(folder);
  await writeFile(join(folder, "tiny.json"), JSON.stringify(file));
  return folder;
}

interface Started {
  readonly child: ChildProcess;
  readonly text: () => string;
  readonly ended: Promise<number | NodeJS.Signals>;
}

function start(folder: string, args: readonly string[] = [], ending?: Ending): Started {
  const main = join(place, "bin", "main.js");
  const ends = ending ? ["--import", join(place, "ending.mjs")] : [];
  // In a group of its own, as a terminal starts it.
  const child = spawn(process.execPath, [...ends, main, "sweep", "tiny.json", ...args], {
    ...{ cwd: folder, detached: true },
    env: { ...process.env, ENDING: JSON.stringify(ending ?? {}) },
  });
  let written = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text: Buffer) => {
      written += text;
    });
  const ended = once(child, "close").then(
    ([code, signal]) => (signal ?? code) as number | NodeJS.Signals,
  );
  return { child, text: () => written, ended };
}

/** Waits for the end. @returns what was written. @throws when it ended otherwise than expected */
async function endOf({ ended, text }: Started, expected: number | NodeJS.Signals): Promise<string> {
  const got = await ended;
  if (got !== expected) throw new Error(`expected the end ${expected}, got ${got}: ${text()}`);
  return text();
}

const metricsOf = (folder: string): Promise<string> =>
  readFile(join(folder, "runs", "tiny", "tiny", "metrics.jsonl"), "utf8");

const finishedLines = async (folder: string): Promise<string[]> =>
  (await metricsOf(folder)).split("\n").filter((line) => line.includes('"kind":"row"'));

/** How the finished rows came about, from a sweep that goes on or has ended. */
async function attemptLines(folder: string): Promise<string[]> {
  const run = join(folder, "runs", "tiny", "tiny");
  const files = await readdir(run, { recursive: true });
  const told = files.filter((file) => /attempts\.jsonl$|\.attempt\.json$/.test(file));
  const texts = await Promise.all(told.map((file) => readFile(join(run, file), "utf8")));
  return [...new Set(texts.join("").split("\n").filter(Boolean))].sort();
}

/** All that a sweep left but when and where: metrics, configuration, weights. */
async function outcome(folder: string): Promise<Record<string, string>> {
  const run = join(folder, "runs", "tiny", "tiny");
  const files = (await readdir(run, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && entry.name !== "attempts.jsonl",
  );
  const contents = files.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    if (path.endsWith(".safetensors"))
      return [path.slice(run.length), createHash("sha256").update(bytes).digest("hex")] as const;
    const text = bytes.toString().replace(/"(started|device)": "[^"]+"/g, '"$1": _');
    return [path.slice(run.length), text] as const;
  });
  return Object.fromEntries((await Promise.all(contents)).sort());
}

/** The workers that a sweep had when it was ended, on systems that tell. */
const workersAt = (text: string): number[] =>
  (/^workers: (.*)$/m.exec(text)?.[1] ?? "").split(" ").filter(Boolean).map(Number);

const alive = async (pids: readonly number[]): Promise<number[]> => {
  const states = await Promise.all(pids.map(isAlive));
  return pids.filter((_, i) => states[i]);
};

const TWO = ["--processes", "2"];

describe("anchorgrad sweep", () => {
  let whole: Record<string, string>;
  beforeAll(async () => {
    const folder = await open("whole");
    await endOf(start(folder, ["--processes", "1"]), 0);
    whole = await outcome(folder);
    expect(await finishedLines(folder)).toHaveLength(ROWS);
  });

  it("ended by kill −9 goes on to the same bits, and repeats no finished row", async () => {
    const folder = await open("killed");
    for (const [row, finished] of [
      [3, 3],
      [6, 9],
    ] as const) {
      const started = start(folder, TWO, { row, signal: "SIGKILL" });
      const workers = workersAt(await endOf(started, "SIGKILL"));
      expect(await attemptLines(folder)).toHaveLength(finished);
      await expect.poll(() => alive(workers)).toEqual([]);
    }
    const before = await attemptLines(folder);
    const text = await endOf(start(folder, TWO), 0);
    expect(text).toContain(`${before.length} of them finished before`);
    // Times tell whether a row was run again.
    const after = await attemptLines(folder);
    expect(after).toHaveLength(ROWS);
    for (const line of before) expect(after).toContain(line);
    expect(await outcome(folder)).toEqual(whole);
    await endOf(start(folder), 0);
    expect(await attemptLines(folder)).toEqual(after);
  });

  it("replaces a worker that is killed, to the same bits", async () => {
    const folder = await open("crashed");
    const started = start(folder, TWO);
    // Both processes have a base to pre-train before there is anything else to do.
    const workers = () => childrenOf(started.child.pid as number);
    await expect.poll(workers).toHaveLength(2);
    process.kill((await workers())[0] as number, "SIGKILL");
    expect(await endOf(started, 0)).toMatch(
      /↻ tiny\/seed-\d+\/\S+ {2}runs again: its process ended by SIGKILL/,
    );
    expect(await outcome(folder)).toEqual(whole);
  });

  it("stopped by Ctrl-C ends with 130, leaves no process, and goes on", async () => {
    const folder = await open("stopped");
    const text = await endOf(start(folder, TWO, { row: 4, signal: "SIGINT" }), 130);
    expect(text).toContain("Stopped. The same command goes on from here.");
    await expect.poll(() => alive(workersAt(text))).toEqual([]);
    await endOf(start(folder, TWO), 0);
    expect(await outcome(folder)).toEqual(whole);
  });

  it("reports a row that fails with its error, runs the rest, and says so by its exit code", async () => {
    const bad = {
      ...recipe,
      seeds: [110],
      tuningSeeds: [],
      grid: [
        { method: "sft", learningRate: 1e30, family: "broken" },
        { method: "merge", weight: 0.5 },
      ],
    };
    const folder = await open("failing", bad);
    const text = await endOf(start(folder), 1);
    expect(text).toContain("✗ tiny/seed-110/broken-learningRate-1e30");
    expect(text).toContain("1 of 4 rows failed");
    expect(await finishedLines(folder)).toHaveLength(3);
    const failures = join(folder, "runs", "tiny", "tiny", "failures.json");
    expect(JSON.parse(await readFile(failures, "utf8"))).toMatchObject([
      { seed: 110, row: "broken-learningRate-1e30" },
    ]);
  });
});
