// node bench/scale/opening.mjs [MODEL …] [--dtype file] [--backend wasm] [--save]: peak memory of opening
// a model of real size, and of writing it again, over what its weights take in the engine. Each in a
// process of its own, with random weights that are written into a temporary folder first.
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createEngine, loadModel, saveModel } from "../../dist/src/index.js";
import { figure, table } from "../table.mjs";
import { makeFolder } from "./folder.mjs";

const MIB = 2 ** 20;
const peakRss = () => process.resourceUsage().maxRSS * 1024;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    backend: { type: "string", default: "wasm" },
    type: { type: "string", default: "BF16" },
    dtype: { type: "string", default: "file" },
    threads: { type: "string", default: "1" },
    save: { type: "boolean", default: false },
    once: { type: "string" },
  },
});

if (values.once !== undefined) console.log(JSON.stringify(await once(values.once)));
else await all(positionals.length > 0 ? positionals : ["135M", "0.5B"]);

/** Opens the folder in this process. */
async function once(folder) {
  const engine = await createEngine({ backend: values.backend, threads: Number(values.threads) });
  const before = { rss: peakRss(), cpu: process.cpuUsage(), began: performance.now() };
  const model = await loadModel(folder, { engine, dtype: values.dtype });
  const { user, system } = process.cpuUsage(before.cpu);
  const opened = { cpu: (user + system) / 1000, wall: performance.now() - before.began };
  const rss = peakRss();
  const { bytes } = engine.memory();
  if (values.save) await saveModel(`${folder}-again`, model, { engine });
  const saved = values.save ? peakRss() : undefined;
  await engine.close();
  return { before: before.rss, rss, bytes, saved, ...opened };
}

async function all(names) {
  const rows = [];
  for (const name of names) {
    const folder = join(await mkdtemp(join(tmpdir(), "anchorgrad-scale-")), name);
    try {
      await makeFolder(name, folder, values.type);
      const file = (await stat(join(folder, "model.safetensors"))).size;
      const args = [import.meta.filename, "--once", folder, "--backend", values.backend];
      args.push(
        "--threads",
        values.threads,
        "--dtype",
        values.dtype,
        ...(values.save ? ["--save"] : []),
      );
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (status !== 0) throw new Error(`${name}: ${stderr}`);
      const { before, rss, bytes, saved, cpu } = JSON.parse(stdout);
      const ratio = (peak) => (peak === undefined ? "–" : (peak / bytes).toFixed(3));
      const sizes = [file, bytes, before, rss].map((n) => figure(n / MIB));
      rows.push([name, ...sizes, ratio(rss), ratio(rss - before), ratio(saved), figure(cpu)]);
    } finally {
      await rm(join(folder, ".."), { recursive: true });
    }
  }
  const head = ["model", "file, MiB", "in the engine", "RSS before", "peak RSS"];
  const more = ["peak / engine", "growth / engine", "peak with saving / engine", "opening, CPU ms"];
  console.log(table([...head, ...more], rows));
}
