/**
 * What a job costs the process that sends and watches it, with workers that train nothing:
 *
 *   npx esbuild spec/experiment/queue/scale.ts --bundle --platform=node --target=node20 \
 *     --format=esm --packages=external --outfile=node_modules/.scale/scale.js
 *   node node_modules/.scale/scale.js redis 10000
 */

import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { queueScheduler } from "../../../src/experiment/queue/scheduler.ts";
import { planJobs } from "../../../src/experiment/sweep/plan.ts";
import { runSweep } from "../../../src/experiment/sweep/runSweep.ts";
import { readQueueUrl } from "../../../src/queue/address.ts";
import { folderStore } from "../../../src/store/folderStore.ts";
import { kinds } from "../../queue/servers.ts";
import { recipeOf } from "../sweep/fakes.ts";
import { fakeWorker, requires } from "./fakeWorker.ts";

const ROWS = 10;
const [name = "redis", size = "10000", url, folder] = process.argv.slice(2);

if (url !== undefined && folder !== undefined) {
  await fakeWorker({ url, store: folderStore(folder), concurrency: 16 });
  process.on("disconnect", () => process.exit());
} else {
  const kind = kinds.find((one) => one.name === name);
  if (!kind || kind.absent)
    throw new Error(kind?.absent ?? `expected redis or postgres, got ${name}`);
  const server = await kind.open();
  const place = await mkdtemp(join(tmpdir(), "anchorgrad-scale-"));
  const store = folderStore(join(place, "store"));
  const seeds = Array.from({ length: Number(size) / ROWS }, (_, i) => i);
  const recipe = recipeOf("many", ROWS - 1, 1);
  const jobs = planJobs([{ recipe, seeds }]);
  const workers = [1, 2].map(() =>
    fork(fileURLToPath(import.meta.url), [name, size, server.url, store.name]),
  );
  const before = process.cpuUsage();
  const start = performance.now();
  const scheduler = await queueScheduler({
    ...{ address: readQueueUrl(server.url), store, requires },
    checkpointsOf: () => join(place, "weights"),
    configOf: () => ({
      ...{ recipe, seeds, backend: "reference", numerics: requires.numerics },
      ...{ device: "loops", versions: {}, started: "2026-01-01T00:00:00Z" },
    }),
  });
  const counts = new Map<string, number>();
  for await (const { kind: what, job } of runSweep(jobs, scheduler))
    if (what === "finished") counts.set(job.id, (counts.get(job.id) ?? 0) + 1);
  const { user, system } = process.cpuUsage(before);
  const twice = [...counts.values()].filter((count) => count > 1).length;
  const seconds = (performance.now() - start) / 1000;
  process.stdout.write(
    `${kind.name}: ${counts.size} of ${jobs.length} finished, ${twice} twice; ${((user + system) / 1000 / jobs.length).toFixed(2)} ms of CPU a job (${(user / 1000 / jobs.length).toFixed(2)} user), ${seconds.toFixed(0)} s, ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB RSS\n`,
  );
  for (const worker of workers) worker.kill("SIGKILL");
  await server.close();
  await rm(place, { recursive: true });
}
