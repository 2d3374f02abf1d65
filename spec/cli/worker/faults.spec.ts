import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderStore } from "../../../src/store/folderStore.ts";
import { attemptsOf } from "../../../src/store/records.ts";
import { readS3Url } from "../../../src/store/s3/address.ts";
import { s3Client } from "../../../src/store/s3/client.ts";
import { s3Store } from "../../../src/store/s3Store.ts";
import type { Store } from "../../../src/store/store.ts";
import { kinds, PASSWORD } from "../../queue/servers.ts";
import { credentials, openS3 } from "../../store/s3Server.ts";
import { childrenOf, isAlive } from "../processes.ts";
import { type Commands, endOf, openCommands, outcome } from "./commands.ts";

/** Rows of a second or so. */
const recipe = {
  extends: "smoke",
  pretraining: { steps: 80 },
  fineTuning: { examples: 64, epochs: 4 },
  evaluation: {
    ...{ targetPrompts: 20, promptsPerSkill: 20, every: 4 },
    ...{ divergenceTargetPrompts: 5, divergencePromptsPerSkill: 5 },
  },
  grid: [
    { method: "anchored", alpha: [0.1, 0.5], outer: 2, inner: 2 },
    { method: "merge", weight: [0.25, 0.75] },
  ],
  seeds: [110, 111],
};
const ROWS = 6 * 2;
/** A row that nobody waits for to its end. */
const long = { extends: "smoke", pretraining: { steps: 100_000 }, rows: ["base", "sft-5e-3"] };

/** One thread a row: that others wait for work costs more than they do of it here. */
const LEASE = ["--lease", "4", "--renewal", "1", "--threads", "1"];

let commands: Commands;
let local: Record<string, string>;
beforeAll(async () => {
  commands = await openCommands();
  const folder = await commands.folder("local", { "tiny.json": recipe });
  await endOf(commands.start(folder, ["sweep", "tiny.json", "--threads", "1"]), 0);
  local = await outcome(join(folder, "runs"));
});
afterAll(() => commands?.close());

/** Stores for the tests: a bucket for one kind of queue, a folder for the other. */
async function openStoreFor(kind: string) {
  if (kind === "postgres") {
    const path = join(commands.place, "store");
    return { place: path, env: {}, store: folderStore(path), close: async () => {} };
  }
  const server = await openS3();
  const place = `s3://runs/kept?endpoint=${server.endpoint}`;
  const store = s3Store(await s3Client({ address: readS3Url(place, {}), credentials }));
  const env = {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  return { place, env, store, close: server.close };
}

const listed = async (store: Store, prefix: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys;
};

for (const kind of kinds) {
  const title = `a sweep on workers of a ${kind.name} queue${kind.absent ? ` (skipped: ${kind.absent})` : ""}`;
  describe.skipIf(kind.absent)(title, () => {
    it("comes to the local bytes, whoever is killed or cut off", async () => {
      const server = await kind.open();
      const { place, env: secrets, store, close } = await openStoreFor(kind.name);
      // Workers and sweep: passwords by the environment, the rest on the command line.
      const env = { ...secrets, ANCHORGRAD_QUEUE: server.url };
      const folder = await commands.folder(kind.name, { "tiny.json": recipe });
      const work = (more: readonly string[] = [], node: readonly string[] = []) =>
        commands.start(
          folder,
          ["worker", "--store", place, ...LEASE, "--concurrency", "1", ...more],
          {
            ...{ env, node },
          },
        );
      const sweep = () => commands.start(folder, ["sweep", "tiny.json", "--store", place], { env });
      try {
        // One after the other, so that whoever is to be killed has a row, however fast the others are.
        const killed = work();
        const first = sweep();

        // kill −9 of a worker in the middle of a row, and of its child with it, in time.
        await killed.until(/→/);
        await expect.poll(() => childrenOf(killed.child.pid ?? 0)).toHaveLength(1);
        const children = await childrenOf(killed.child.pid ?? 0);
        killed.child.kill("SIGKILL");
        const gone = async () => (await Promise.all(children.map(isAlive))).some(Boolean);
        await expect.poll(gone).toBe(false);

        // One that hears and says nothing for longer than its lease.
        const cut = work();
        await cut.until(/→/);
        cut.child.kill("SIGSTOP");
        const [steady, second] = [work(), work()];
        const other = work([], ["--no-enable-fma3"]);

        // The server, with all that it has not written yet.
        await Promise.any([steady, second, other].map((worker) => worker.until(/→/)));
        await server.kill();
        await wait(6000);
        cut.child.kill("SIGCONT");
        await server.start();

        // Whoever began it all.
        const finished = async () => (await listed(store, "result/")).length;
        await expect.poll(finished, { interval: 100 }).toBeGreaterThan(3);
        first.child.kill("SIGKILL");
        await first.ended;
        const text = await endOf(sweep(), 0);

        expect(await outcome(join(folder, "runs"))).toEqual(local);
        const results = await listed(store, "result/");
        expect(results).toHaveLength(ROWS);
        for (const key of results) {
          const attempts = await attemptsOf(store, key.slice("result/".length));
          expect(attempts.length).toBeGreaterThan(0);
          expect(new Set(attempts.map(({ result }) => result)).size).toBe(1);
        }
        // A sweep whose results are all there runs nothing.
        const again = await commands.folder(`${kind.name}-again`, { "tiny.json": recipe });
        const args = ["sweep", "tiny.json", "--store", place];
        await endOf(commands.start(again, args, { env }), 0);
        expect(await outcome(join(again, "runs"))).toEqual(local);

        for (const each of [second, cut, steady, other]) each.child.kill("SIGTERM");
        for (const each of [second, cut, steady, other]) await endOf(each, 0);
        // On CPUs without fused multiply-add all are of one class.
        const isOther = /wasm-fma/.test(steady.text());
        if (isOther) expect(other.text()).not.toContain("→");
        for (const each of [killed, second, cut, steady, other, first])
          expect(`${each.text()}${text}`).not.toContain(PASSWORD);
        const config = await readFile(join(folder, "runs", "tiny", "tiny", "config.json"), "utf8");
        expect(config).not.toContain(PASSWORD);
      } finally {
        await server.close();
        await close();
      }
    });

    it("kills what computes when a lease is lost, and hands back on SIGTERM", async () => {
      const server = await kind.open();
      const place = join(commands.place, `${kind.name}-long`);
      const env = { ANCHORGRAD_QUEUE: server.url, ANCHORGRAD_STORE: place };
      const folder = await commands.folder(`${kind.name}-lost`, { "long.json": long });
      const work = () =>
        commands.start(folder, ["worker", ...LEASE, "--concurrency", "1", "--grace", "0"], { env });
      try {
        const held = work();
        const sweep = commands.start(folder, ["sweep", "long.json"], { env });
        await held.until(/→ long/);
        await expect.poll(() => childrenOf(held.child.pid ?? 0)).toHaveLength(1);
        const children = await childrenOf(held.child.pid ?? 0);
        held.child.kill("SIGSTOP");
        const next = work();
        await next.until(/→ long/);
        held.child.kill("SIGCONT");
        const alive = async () => (await Promise.all(children.map(isAlive))).some(Boolean);
        await expect.poll(alive).toBe(false);
        await held.until(/– long/);

        // Told to end, it gives back what the other one then takes.
        next.child.kill("SIGTERM");
        await endOf(next, 0);
        await held.until(/→ long/, 2);
        held.child.kill("SIGTERM");
        await endOf(held, 0);
        sweep.child.kill("SIGTERM");
        expect(await endOf(sweep, 130)).toContain("What was enqueued goes on elsewhere.");
      } finally {
        await server.close();
      }
    });
  });
}
