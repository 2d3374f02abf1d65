import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import { numericsOf } from "../../../src/engines/numerics.ts";
import { runFinetune } from "../../../src/finetune/finetune.ts";
import { gridRuns, readRecipeFile } from "../../../src/finetune/grid/grid.ts";
import { type FinetuneRunner, finetuneRunner } from "../../../src/finetune/queue/finetuneRunner.ts";
import {
  type RemoteRun,
  type RemoteRuns,
  remoteRuns,
} from "../../../src/finetune/queue/remoteRuns.ts";
import { writeReport } from "../../../src/finetune/report/index.ts";
import { PlaceLost } from "../../../src/queue/job.ts";
import { folderStore } from "../../../src/store/folderStore.ts";
import type { Store } from "../../../src/store/store.ts";
import { bundleScripts } from "../../bundled.ts";
import { written } from "../runs.ts";
import { jsonl, writeTinyModel } from "../tinyModel.ts";
import { type FakeQueue, fakeQueue } from "./fakeQueue.ts";

const versions = { node: "1" };
const engine = { backend: "wasm", threads: 1 } as const;
const grid = {
  ...{ model: "m", data: "d.jsonl", retain: "r.jsonl", backend: "wasm" },
  ...{
    epochs: 1,
    batch: 1,
    full: true,
    samples: 0,
    certified: 1,
    lookEvery: 0,
    checkpointEvery: 1,
  },
  grid: { method: "anchored", alpha: 0.5, outer: 1, inner: 1 },
};

/** A process that stops in the middle of the method, for ever: whoever waits for it is not heard. */
const HELD = `const send = process.send.bind(process);
process.send = (reply, done) =>
  reply.stage === "anchored" && reply.step === 2 ? true : send(reply, done);
await import("./finetuneChild.js");
`;

let place: string;
let script: string;
let held: string;
let numerics: ReturnType<typeof numericsOf>;
let run: Omit<RemoteRun, "out">;
let local: Record<string, string>;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-finetunes-"));
  await bundleScripts(place, ["src/finetune/queue/finetuneChild.ts"]);
  script = join(place, "bin", "finetuneChild.js");
  held = join(place, "bin", "held.mjs");
  await writeFile(held, HELD);
  await writeTinyModel(join(place, "m"));
  await writeFile(join(place, "m", "LICENSE"), "terms");
  // The last one is left out, and the plan says where it stands.
  const rows = ["a", "b", "c"].map((x) => ({ prompt: `say ${x}`, completion: `${x}${x}` }));
  await writeFile(join(place, "d.jsonl"), jsonl([...rows, { prompt: "say d", completion: "" }]));
  await writeFile(join(place, "r.jsonl"), jsonl([{ text: "Once upon a time" }]));
  const own = await createEngine(engine);
  numerics = numericsOf(own);
  const [only] = gridRuns(readRecipeFile(JSON.stringify(grid), "grid.json"), {}, "grid.json");
  if (!only) throw new Error("expected a run");
  run = only;
  const folder = join(place, "here");
  const { recipe } = run;
  const given = { recipe, out: folder, folder: place, engine: own, versions, report: writeReport };
  for await (const _ of runFinetune(given));
  local = await written(folder);
  await own.close();
});
afterAll(() => rm(place, { recursive: true }));

let count = 0;
let there: string;
let store: Store;
let queue: FakeQueue;
let remote: RemoteRuns;
beforeEach(async () => {
  there = join(place, `there-${++count}`);
  store = folderStore(join(there, "store"));
  queue = fakeQueue();
  remote = await opened();
});

const opened = (): Promise<RemoteRuns> =>
  remoteRuns({ store, numerics, openQueue: queue.open, folder: place, every: 50 });
const worker = (name: string, more = {}): FinetuneRunner =>
  finetuneRunner({
    ...{ store, engine, numerics, versions, name, script, machine: "this one" },
    ...{ work: join(there, name), keepEvery: 60_000, ...more },
  });
const out = (id: string): string => join(there, "runs", id);
/** What a run has written but for who has made it. */
const outcomeOf = async (id: string): Promise<Record<string, string>> => {
  const { "attempt.json": attempt, ...files } = await written(out(id));
  expect(JSON.parse(attempt ?? "")).toMatchObject({ kind: "attempt", machine: "this one" });
  return files;
};
const listed = async (prefix: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys;
};
const sentJobs = (many: number): Promise<void> =>
  expect.poll(() => queue.waiting.length).toBe(many);

describe("fine-tunes on workers", () => {
  it("go on where a killed one was, and write the folder that they write here, to the byte", async () => {
    const made = remote.make({ ...run, out: out(run.id) });
    await sentJobs(1);
    const stop = new AbortController();
    const key = queue.waiting[0]?.key ?? "";
    // It is put again and again, and once more when the job is taken away.
    const one = worker("one", { script: held, keepEvery: 50 });
    const serving = queue.serve(one.run, stop.signal);
    const kept = async () =>
      (await listed(`checkpoint/${key}/`)).filter((one) => one.endsWith("/list"));
    // Where the run stands when it is held, and not only where SFT ended.
    const lines = (local["metrics.jsonl"] ?? "").split("\n");
    const first = lines.findIndex((line) => /"stage":"anchored","step":1,/.test(line));
    const least = Buffer.byteLength(lines.slice(0, first + 1).join("\n"), "latin1");
    const farthest = async () =>
      Math.max(0, ...(await kept()).map((one) => Number(/\/(\d{12})-/.exec(one)?.[1])));
    await expect.poll(farthest, { interval: 20 }).toBeGreaterThan(least);
    stop.abort(new PlaceLost("told to end"));
    expect(await serving).toEqual({ kind: "waiting" });
    const [list = ""] = (await kept()).toReversed();
    expect(list).toMatch(/\/\d{12}-[0-9a-f]{64}\/list$/);
    expect(await farthest()).toBeLessThan(Buffer.byteLength(lines.join("\n"), "latin1"));

    expect(await queue.serve(worker("two").run)).toEqual({ kind: "finished" });
    expect(await made).toBe(true);
    await writeReport(out(run.id));
    expect(await outcomeOf(run.id)).toEqual(local);
    expect(Object.keys(local)).toContain("model/LICENSE");
    expect(await listed(`checkpoint/${key}/`)).toEqual([]);
    expect(await readdir(join(there, "two", "finetune"))).toEqual([".cache"]);
    expect(await listed("pretrained/")).toHaveLength(1);

    // What is there is not made again, nor what the store has; checkpoint and data went once.
    const before = await listed("blob/");
    expect(await remote.make({ ...run, out: out(run.id) })).toBe(false);
    expect(await remote.make({ ...run, out: out("again") })).toBe(true);
    expect(await listed("blob/")).toEqual(before);
    expect(queue.sent).toHaveLength(1);
    await remote.close();
  });

  it("fail with the names that the user knows", async () => {
    const bad = join(place, "bad.jsonl");
    await writeFile(bad, "{}\n");
    const made = remote.make({
      ...run,
      recipe: { ...run.recipe, data: "bad.jsonl" },
      out: out("bad"),
    });
    const failure = expect(made).rejects.toThrow(`${bad}:1: row: expected`);
    await sentJobs(1);
    expect(await queue.serve(worker("one").run)).toMatchObject({ kind: "failed" });
    await failure;
    const none = { ...run, recipe: { ...run.recipe, retain: "none.jsonl" }, out: out("none") };
    await expect(remote.make(none)).rejects.toThrow("none.jsonl: expected a file to read");
    await remote.close();
  });

  it("refuse jobs that are not what their key says, and files that leave their folder", async () => {
    const made = remote.make({ ...run, out: out(run.id) });
    made.catch(() => {});
    await sentJobs(1);
    const [job] = queue.waiting;
    if (!job) throw new Error("expected a job");
    const { signal } = new AbortController();
    const given = { key: job.key, label: job.label, signal, progress: () => {} };
    const serve = (data: object) => worker("one").run({ ...given, data: { ...job.data, ...data } });
    await expect(serve({ recipe: { ...run.recipe, seed: 9 } })).rejects.toThrow(
      "expected the key of",
    );
    await expect(serve({ recipe: { ...run.recipe, nosuch: 1 } })).rejects.toThrow("nosuch");
    const digest = "0".repeat(64);
    for (const name of ["../d.jsonl", "/d.jsonl", "a/../../d", "", "c:d"]) {
      const files = { ...(job.data["files"] as object), data: [{ name, digest }] };
      await expect(serve({ files })).rejects.toThrow("expected a name below its folder");
    }
    // Files that the store lacks are the place's fault: it is asked elsewhere.
    await rm(join(there, "store", "blob"), { recursive: true });
    await expect(serve({})).rejects.toThrow(PlaceLost);
    await remote.close();
    await expect(made).rejects.toThrow("the runs were left");
  });
});
