import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderStore } from "../../../src/store/folderStore.ts";
import { written } from "../../finetune/runs.ts";
import { jsonl, writeTinyModel } from "../../finetune/tinyModel.ts";
import { redis } from "../../queue/servers.ts";
import { childrenOf, isAlive } from "../processes.ts";
import { type Commands, endOf, openCommands } from "./commands.ts";

const grid = {
  ...{
    model: "m",
    data: "d.jsonl",
    retain: "r.jsonl",
    backend: "wasm",
    gradientCheckpointing: "none",
  },
  ...{ epochs: 1, batch: 1, lora: 2, samples: 0, certified: 1, lookEvery: 0, checkpointEvery: 1 },
  grid: { method: ["anchored", "sft"], outer: 1, inner: 1 },
  seeds: 2,
};

let commands: Commands;
beforeAll(async () => {
  commands = await openCommands();
});
afterAll(() => commands?.close());

/** A folder with what the grid reads. */
async function folderWith(name: string): Promise<string> {
  const folder = await commands.folder(name, { "grid.json": grid });
  await writeTinyModel(join(folder, "m"));
  const rows = ["a", "b", "c"].map((x) => ({ prompt: `say ${x}`, completion: `${x}${x}` }));
  await writeFile(join(folder, "d.jsonl"), jsonl([...rows, { prompt: "say d", completion: "" }]));
  await writeFile(join(folder, "r.jsonl"), jsonl([{ text: "Once upon a time" }]));
  return folder;
}

/** All files of a grid, but for who made each, and for claims and caches. */
async function outcomeOf(folder: string): Promise<Record<string, string>> {
  const files = await written(join(folder, "runs", "grid"));
  const kept = Object.entries(files).filter(([name]) => !/\.lock|\.cache|attempt\.json/.test(name));
  // A folder's own path stands in the adapters and among the rows that were left out.
  return Object.fromEntries(kept.map(([name, text]) => [name, text.replaceAll(folder, "…")]));
}

const table = (text: string): string =>
  text.slice(text.lastIndexOf("  exact  "), text.lastIndexOf("written to"));

describe.skipIf(redis.absent)("a grid of fine-tunes", () => {
  it("comes to the local bytes on two workers, one of which is killed", async () => {
    const server = await redis.open();
    try {
      const [here, there] = [await folderWith("here"), await folderWith("there")];
      const args = ["finetune", "--recipe", "grid.json"];
      const local = await endOf(commands.start(here, [...args, "--threads", "1"]), 0);
      expect(local).toContain("[4/4] sft-outer-1-inner-1-seed-1");

      const env = { ANCHORGRAD_QUEUE: server.url, ANCHORGRAD_STORE: "kept" };
      const lease = ["--lease", "10", "--renewal", "1", "--keep", "1"];
      const work = () =>
        commands.start(there, ["worker", "--concurrency", "1", "--threads", "1", ...lease], {
          env,
        });
      const killed = work();
      const grid = commands.start(there, args, { env });
      await killed.until(/→ /);
      const children = await childrenOf(killed.child.pid ?? 0);
      killed.child.kill("SIGKILL");
      const gone = async () => (await Promise.all(children.map(isAlive))).some(Boolean);
      await expect.poll(gone).toBe(false);
      const other = work();
      const text = await endOf(grid, 0);
      other.child.kill("SIGTERM");
      await endOf(other, 0);

      expect(await outcomeOf(there)).toEqual(await outcomeOf(here));
      expect(table(text)).toBe(table(local));
      expect(table(text)).toContain("means");
      const attempt = join(there, "runs/grid/sft-outer-1-inner-1-seed-0/attempt.json");
      expect(JSON.parse(await readFile(attempt, "utf8")).id).toMatch(/-ft-\d$/);
      const results: string[] = [];
      for await (const key of folderStore(join(there, "kept")).list("result/")) results.push(key);
      expect(results).toHaveLength(4);
    } finally {
      await server.close();
    }
  });
});
