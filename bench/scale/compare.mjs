// node bench/scale/compare.mjs [--models 135M,0.5B] [--only decode] [--rounds 3] [--threads 1]: models of
// real size here and on the peers, in turns, each run in a process of its own. Peers that are not
// installed are left out; README.md says how to get them.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeCeiling, measureCeiling } from "../ceiling.mjs";
import { provenance } from "../machine.mjs";
import { openblasFolder, pythonWithTorch } from "../peers/installed.mjs";
import { median } from "../statistics.mjs";
import { figure, table } from "../table.mjs";

const { values } = parseArgs({
  options: {
    models: { type: "string", default: "135M,0.5B" },
    /** Cases whose names contain one of these, apart by ";". */
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "1" },
  },
});
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const DATA = here("peers/data");
mkdirSync(DATA, { recursive: true });
const python = pythonWithTorch();

/** A process's line of JSON. */
function run(command, args, env = {}) {
  const options = { encoding: "utf8", env: { ...process.env, ...env } };
  const { status, stdout, stderr } = spawnSync(command, args, options);
  if (status !== 0) throw new Error(`${[command, ...args].join(" ")}: ${stderr}`);
  return stdout;
}
const runNode = (script, args, env) =>
  JSON.parse(run(process.execPath, [here(script), ...args], env));

/** A file that a Python script writes once. */
function made(file, script, args) {
  const path = `${DATA}/${file}`;
  if (!existsSync(path)) run(python, [here(`peers/${script}`), ...args, path]);
  return path;
}

const installed = (name) => existsSync(here(`peers/node_modules/${name}`));
const common = (repeats) => ["--threads", values.threads, "--repeats", String(repeats)];
const ours = (model, what, repeats, ...rest) =>
  runNode("case.mjs", [model, what, ...common(repeats), ...rest]);
const llama = (type) => (model, what, repeats) =>
  runNode("peers/llama.mjs", [
    made(`${model}-${type}.gguf`, "gguf.py", [model, type]),
    what,
    ...common(repeats),
  ]);
const torch = (model, what, repeats) =>
  JSON.parse(
    run(python, [here("peers/torch_bench.py"), model, what, ...common(repeats)], {
      LD_LIBRARY_PATH: openblasFolder() ?? "",
      OPENBLAS_NUM_THREADS: values.threads,
      OMP_NUM_THREADS: values.threads,
    }),
  );
const ort = (model, what, repeats) =>
  runNode("peers/ort.mjs", [
    made(`${model}.onnx`, "export.py", [model, what.split(",")[2]]),
    what,
    ...common(repeats),
  ]);

const LLAMA = { needs: () => python && installed("node-llama-cpp") };
const peers = {
  "llama.cpp F16": { ...LLAMA, run: llama("F16") },
  "llama.cpp Q8_0": { ...LLAMA, run: llama("Q8_0") },
  PyTorch: { needs: () => python, run: torch },
  "onnxruntime-web": { needs: () => python && installed("onnxruntime-web"), run: ort },
};
/** What is compared; the first third of the repeats is for compilers to warm up. */
const bf16 = ["--dtype", "bf16"];
const q8 = ["--dtype", "q8_0"];
const rows = [
  ["prefill,1,128", 5, "bf16", bf16, "llama.cpp F16"],
  ["prefill,1,128", 5, "float", [], "PyTorch"],
  ["prefill,1,128", 5, "float", [], "onnxruntime-web"],
  ["decode,1,256", 50, "bf16", bf16, "llama.cpp F16"],
  ["decode,1,256", 50, "q8_0, inputs too", [...q8, "--rounded"], "llama.cpp Q8_0"],
  ["decode,1,256", 50, "q8_0", q8, "llama.cpp Q8_0"],
  ["step,1,256", 3, "float", [], "PyTorch"],
];

const words = values.only.split(";");
const wanted = rows.filter(([what, , dtype, , peer]) =>
  words.some((word) => `${what} ${dtype} ${peer}`.includes(word)),
);
const warm = (times) => median(times.slice(Math.ceil(times.length / 3)));
const ceiling = await measureCeiling();
console.log(`${provenance()}\n${describeCeiling(ceiling)}`);
const cpus = existsSync(here("peers/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64"))
  ? readdirSync(here("peers/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64"))
  : [];
console.log(
  `llama.cpp: ${cpus.filter((name) => name.startsWith("libggml-cpu")).join(" ") || "none"}\n`,
);
const lines = [];
for (const model of values.models.split(","))
  for (const [what, repeats, dtype, args, peer] of wanted) {
    if (!peers[peer].needs()) continue;
    const rounds = Array.from({ length: Number(values.rounds) }, () => {
      const [own, other] = [
        ours(model, what, repeats, ...args),
        peers[peer].run(model, what, repeats),
      ];
      return { own, other, ratio: warm(own.cpu) / warm(other.cpu) };
    });
    const of = (side, key) =>
      median(
        rounds.map((round) =>
          [round[side][key]].flat().length > 1 ? warm(round[side][key]) : round[side][key],
        ),
      );
    const { gflop } = rounds[0].own;
    lines.push([
      ...[`${model} ${what}`, dtype, peer, figure(of("own", "cpu")), figure(of("other", "cpu"))],
      figure(median(rounds.map(({ ratio }) => ratio))),
      rounds.map(({ ratio }) => figure(ratio)).join(" "),
      figure((gflop / of("own", "cpu")) * 1000),
      ...["own", "other"].map((side) => figure(of(side, "rss"))),
    ]);
    console.error(lines.at(-1).join(" | "));
  }
const head = ["case", "ours", "peer", "ms", "peer's ms", "ratio", "of each round"];
console.log(table([...head, "GFLOP/s", "RSS, MiB", "peer's"], lines));
