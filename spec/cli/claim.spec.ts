import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { claim, workerOf } from "../../src/cli/terminal/claim.ts";
import { UsageError } from "../../src/cli/terminal/usage.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { type Owner, thisProcess } from "../../src/weights/disk/owner.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A process that claims runs when it is told to; says of each whether it got it. */
const DRIVER = `
import { open, rm } from "node:fs/promises";
import { claim } from "CLAIM";
const tried = async (run) => {
  try { return await claim(run); } catch (error) {
    if (error.name !== "UsageError") throw error;
    return undefined;
  }
};
process.on("message", async ({ kind, runs, rounds }) => {
  let got = [];
  if (kind === "each") for (const run of runs) got.push((await tried(run)) !== undefined);
  else for (let i = 0; i < rounds; i++) {
    const mine = await tried(runs[0]);
    if (!mine) continue;
    // Exclusive creation fails where another one is inside.
    const inside = await open(runs[0] + "/inside", "wx");
    await mine.check();
    await inside.close();
    await rm(runs[0] + "/inside");
    await mine.release();
    got.push(mine.generation);
  }
  process.send(got);
});
process.send("ready");
`;

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  const path = JSON.stringify(join(root, "src/cli/terminal/claim.ts")).slice(1, -1);
  await build({
    stdin: { contents: DRIVER.replace("CLAIM", path), resolveDir: root },
    ...{ outfile: join(place, "driver.mjs"), bundle: true, platform: "node", format: "esm" },
    logLevel: "error",
  });
});
afterAll(() => rm(place, { recursive: true }));

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(place, "run-"));
});
afterEach(() => rm(run, { recursive: true, force: true }));

const startDriver = async (): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [join(place, "driver.mjs")], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  await once(child, "message");
  return child;
};

async function asked<T>(children: readonly ChildProcess[], question: object): Promise<T[][]> {
  const answers = children.map((child) =>
    Promise.race([
      once(child, "message"),
      once(child, "exit").then(() => Promise.reject(new Error("a process failed"))),
    ]),
  );
  for (const child of children) child.send(question);
  return (await Promise.all(answers)).map(([answer]) => answer as T[]);
}

const end = async (child: ChildProcess): Promise<void> => {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
};

/** A claim as another owner left it. */
async function left(owner: Partial<Owner>, age = 0): Promise<void> {
  await mkdir(join(run, ".lock"), { recursive: true });
  const path = join(run, ".lock", "1");
  await writeFile(path, `${JSON.stringify({ ...thisProcess(), ...owner })}\n`);
  const time = Date.now() / 1000 - age;
  await utimes(path, time, time);
}

describe("claim, among processes", () => {
  it("is one process's alone, of all that claim at the same time, new runs and abandoned ones", async () => {
    const children = await Promise.all([0, 1, 2, 3].map(startDriver));
    const runs = Array.from({ length: 120 }, (_, i) => join(run, `${i}`));
    const dead: Owner = { ...thisProcess(), start: "1" };
    for (const path of runs.slice(60)) {
      await mkdir(join(path, ".lock"), { recursive: true });
      await writeFile(join(path, ".lock", "7"), `${JSON.stringify(dead)}\n`);
    }
    const got = await asked<boolean>(children, { kind: "each", runs });
    expect(runs.map((_, i) => got.filter((mine) => mine[i]).length)).toEqual(runs.map(() => 1));
    await Promise.all(children.map(end));
    // All of them have ended by force: nothing is kept from anybody.
    await expect(claim(runs[0] as string)).resolves.toBeDefined();
  });

  it("goes from hand to hand, and no two are inside at once", async () => {
    const children = await Promise.all([0, 1, 2, 3].map(startDriver));
    const all = (await asked<number>(children, { kind: "hand", runs: [run], rounds: 60 })).flat();
    await Promise.all(children.map(end));
    expect(all.length).toBeGreaterThan(0);
    expect(new Set(all).size).toBe(all.length);
    expect(await readdir(join(run, ".lock"))).toHaveLength(1);
  });
});

describe("claim", () => {
  it("names who works on a run, and lets go", async () => {
    const mine = await claim(run);
    expect(await workerOf(run)).toBe(`process ${process.pid}`);
    await expect(claim(run)).rejects.toThrow(UsageError);
    await expect(claim(run)).rejects.toThrow(
      `${run}: expected a run that nobody works on, got that of process ${process.pid}`,
    );
    await mine.check();
    await mine.release();
    expect(await workerOf(run)).toBeUndefined();
    const next = await claim(run);
    expect(next.generation).toBeGreaterThan(mine.generation);
    await next.release();
  });

  it.each<[string, Partial<Owner>]>([
    ["a process that has ended", { pid: 999_999_999 }],
    ["a pid that is another process's by now, as process 1 of a container", { start: "1" }],
  ])("passes over %s at once", async (_, owner) => {
    await left(owner);
    expect(await workerOf(run)).toBeUndefined();
    const mine = await claim(run);
    expect(mine.generation).toBe(2);
    await mine.release();
  });

  it.each<[string, Partial<Owner>]>([
    ["another machine", { boot: "other", host: "other" }],
    ["another container", { namespace: "pid:[1]" }],
  ])("waits for the lease of %s, which it cannot see", async (_, owner) => {
    await left(owner, 10);
    await expect(claim(run)).rejects.toThrow(/; if that has ended, the run is free in \d+ s$/);
    await left(owner, 31);
    const mine = await claim(run);
    await expect(mine.check()).resolves.toBeUndefined();
    await mine.release();
  });

  it("shows that it lives, as long as it does", async () => {
    const mine = await claim(run, { lease: 60 });
    const path = join(run, ".lock", "1");
    const long = new Date(0);
    await utimes(path, long, long);
    await expect
      .poll(async () => (await import("node:fs")).statSync(path).mtimeMs)
      .toBeGreaterThan(0);
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ pid: process.pid });
    await mine.release();
  });

  it.each(["", "{", "12", '{"pid":1}', "\0"])("does not trip over a file with %j", async (text) => {
    await mkdir(join(run, ".lock"));
    await writeFile(join(run, ".lock", "1"), text);
    await expect(claim(run)).rejects.toThrow("got that of a process that has just begun");
    await utimes(join(run, ".lock", "1"), 0, 0);
    await (await claim(run)).release();
  });

  it("tells who held it that it does so no more", async () => {
    const mine = await claim(run);
    await writeFile(join(run, ".lock", `${mine.generation + 1}`), "other\n");
    await expect(mine.check()).rejects.toThrow(DataError);
    await expect(mine.check()).rejects.toThrow("got another process that has taken it over");
    await rm(run, { recursive: true });
    await expect(mine.check()).rejects.toThrow("got none: its folder was removed");
    const next = await claim(run);
    await expect(mine.check()).rejects.toThrow(DataError);
    await mine.release();
    await next.check();
    await next.release();
  });
});
