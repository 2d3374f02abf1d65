// npm run bench:peers [-- --sizes S,M,L --steps 10 --only "Node;PyTorch" --gpu --out file]: one training
// step of the same GPT on every peer that is here, one after the other, each in a fresh process.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { busyCores, provenance } from "../machine.mjs";
import { chromiumPath, installPeers } from "./installed.mjs";
import { gpuPeersHere, peersHere } from "./peers.mjs";
import { requirements } from "./requirements.mjs";
import {
  ADAMW,
  initialWeights,
  MODELS,
  NORM_EPSILON,
  parameterShapes,
  trainingBatch,
} from "./spec.mjs";
import { comparison } from "./tables.mjs";

const { values } = parseArgs({
  options: {
    sizes: { type: "string", default: "S,M,L" },
    steps: { type: "string", default: "10" },
    /** Peers whose names contain one of these, apart by ";". */
    only: { type: "string", default: "" },
    /** Those on this machine's GPU instead, by Vulkan and CUDA. */
    gpu: { type: "boolean", default: false },
    /** A JSON file with all results, losses included. */
    out: { type: "string", default: "" },
  },
});
const BUDGET_MS = { S: 30e3, M: 45e3, L: 90e3 };
const DATA = fileURLToPath(new URL("data", import.meta.url));

/** The numbers that other languages read. */
function writeData() {
  mkdirSync(DATA, { recursive: true });
  for (const [size, model] of Object.entries(MODELS)) {
    const { x, y } = trainingBatch(model);
    const meta = { model, adamw: ADAMW, epsilon: NORM_EPSILON, shapes: parameterShapes(model) };
    writeFileSync(`${DATA}/${size}.json`, JSON.stringify(meta));
    writeFileSync(`${DATA}/${size}.weights`, initialWeights(model));
    writeFileSync(`${DATA}/${size}.x`, x);
    writeFileSync(`${DATA}/${size}.y`, y);
  }
}

const bundlePage = () =>
  build({
    entryPoints: [fileURLToPath(new URL("page.mjs", import.meta.url))],
    outfile: `${DATA}/page.js`,
    bundle: true,
    format: "esm",
    logLevel: "error",
    external: ["node:*"],
  });

/** What a process prints as its result, or the end of its complaint. */
function runProcess([command, ...args], env, timeoutMs) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, timeout: timeoutMs });
    let [out, complaint] = ["", ""];
    child.stdout.on("data", (text) => {
      out += text;
    });
    child.stderr.on("data", (text) => {
      complaint += text;
    });
    child.on("close", (code) => {
      const line = out.split("\n").find((text) => text.startsWith("RESULT "));
      const last = complaint
        .trim()
        .split("\n")
        .findLast((text) => /error/i.test(text));
      resolve(line ? JSON.parse(line.slice(7)) : { error: last?.trim() ?? `exit ${code}` });
    });
  });
}

async function runPeer(size, [name, { command, options, env }]) {
  const plan = { warm: 3, steps: Number(values.steps), budgetMs: BUDGET_MS[size], ...options };
  const busy = await busyCores();
  const timeout = BUDGET_MS[size] + 240e3;
  const result = await runProcess([...command, size, JSON.stringify(plan)], env, timeout);
  console.error(`${size} ${name}: ${result.error ?? `${result.cpuMs.toFixed(0)} ms of CPU time`}`);
  return { size, name, busy, ...result };
}

installPeers();
writeData();
if (chromiumPath()) await bundlePage();
const words = values.only.split(";");
const peers = Object.entries(values.gpu ? gpuPeersHere() : peersHere()).filter(([name]) =>
  words.some((word) => name.includes(word)),
);
const results = [];
for (const size of values.sizes.split(","))
  for (const peer of peers)
    if ((peer[1].sizes ?? "SML").includes(size)) results.push(await runPeer(size, peer));
if (values.out) writeFileSync(values.out, JSON.stringify(results));
const report = values.gpu
  ? comparison(results, "medianMs")
  : `${comparison(results)}\n\n${requirements(results)}`;
console.log(`${provenance()}\n\n${report}`);
