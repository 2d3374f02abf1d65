// node bench/scale/compare.mjs [--models 135M,0.5B] [--only decode] [--rounds 3] [--threads 1]
// [--instructions AVX2,all] [--before "chrt -r 2"]: models of real size here and on the peers, in turns, each
// run in a process of its own. Peers that are not installed are left out; README.md says how to get them.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeCeiling, measureCeiling } from "../ceiling.mjs";
import { provenance } from "../machine.mjs";
import { openblasFolder, pythonWithTorch } from "../peers/installed.mjs";
import { median } from "../statistics.mjs";
import { figure, table } from "../table.mjs";

function hasAvx512() {
  const path = "/proc/cpuinfo";
  return existsSync(path) && readFileSync(path, "latin1").includes("avx512f");
}

const { values } = parseArgs({
  options: {
    models: { type: "string", default: "135M,0.5B" },
    /** Cases whose names contain one of these, apart by ";". */
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "1" },
    /** What peers compute with: AVX2, or all that the processor has; both where that is more. */
    instructions: { type: "string", default: hasAvx512() ? "AVX2,all" : "all" },
    /** Words before each command, for a machine that others use. */
    before: { type: "string", default: "" },
  },
});
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const DATA = here("peers/data");
mkdirSync(DATA, { recursive: true });
const python = pythonWithTorch();

/** A process's line of JSON. */
function run(command, args, env = {}) {
  const options = { encoding: "utf8", env: { ...process.env, ...env } };
  const [first, ...rest] = [...values.before.split(" ").filter(Boolean), command, ...args];
  const { status, stdout, stderr } = spawnSync(first, rest, options);
  if (status !== 0) throw new Error(`${[first, ...rest].join(" ")}: ${stderr}`);
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
/** Folders in whose node_modules llama.cpp may be: what `npm run llama` installs, too. */
const llamaFolder = [here("peers"), process.env.ANCHORGRAD_LLAMA, here("../../.cache/llama")].find(
  (folder) => folder && existsSync(`${folder}/node_modules/node-llama-cpp`),
);

/** Builds of llama.cpp for processors that have no more than AVX2. */
const NARROW = /^libggml-cpu-(?:x64|sse42|sandybridge|ivybridge|piledriver|haswell)\.so$/;

/** A folder with llama.cpp that takes these instructions: it takes the widest of the builds it finds. */
function llamaOf(instructions) {
  if (instructions === "all") return llamaFolder;
  const copy = here("../../.cache/llama-AVX2");
  const isKept = (path) =>
    !basename(path).startsWith("libggml-cpu-") || NARROW.test(basename(path));
  const from = `${llamaFolder}/node_modules`;
  const options = { recursive: true, filter: isKept, verbatimSymlinks: true };
  if (!existsSync(copy)) cpSync(from, `${copy}/node_modules`, options);
  return copy;
}

/** What holds PyTorch's libraries to some instructions. */
const TORCH_ENV = {
  all: {},
  AVX2: {
    ATEN_CPU_CAPABILITY: "avx2",
    ONEDNN_MAX_CPU_ISA: "AVX2",
    MKL_ENABLE_INSTRUCTIONS: "AVX2",
    OPENBLAS_CORETYPE: "Haswell",
  },
};

const common = (repeats) => ["--threads", values.threads, "--repeats", String(repeats)];
const ours = (model, what, repeats, ...rest) =>
  runNode("case.mjs", [model, what, ...common(repeats), ...rest]);
const llama = (type) => (model, what, repeats, instructions) =>
  runNode("peers/llama.mjs", [
    made(`${model}-${type}.gguf`, "gguf.py", [model, type]),
    ...[what, "--from", llamaOf(instructions)],
    ...common(repeats),
  ]);
const torch = (model, what, repeats, instructions) =>
  JSON.parse(
    run(python, [here("peers/torch_bench.py"), model, what, ...common(repeats)], {
      LD_LIBRARY_PATH: openblasFolder() ?? "",
      OPENBLAS_NUM_THREADS: values.threads,
      OMP_NUM_THREADS: values.threads,
      ...TORCH_ENV[instructions],
    }),
  );
const ort = (model, what, repeats) =>
  runNode("peers/ort.mjs", [
    made(`${model}.onnx`, "export.py", [model, what.split(",")[2]]),
    what,
    ...common(repeats),
  ]);

const LLAMA = { needs: () => python && llamaFolder };
const peers = {
  "llama.cpp F16": { ...LLAMA, run: llama("F16") },
  "llama.cpp Q8_0": { ...LLAMA, run: llama("Q8_0") },
  PyTorch: { needs: () => python, run: torch },
  "onnxruntime-web": {
    needs: () => python && installed("onnxruntime-web"),
    run: ort,
    isWasm: true,
  },
};
/** What is compared; the first third of the repeats is for compilers to warm up. */
const bf16 = ["--dtype", "bf16"];
const q8 = ["--dtype", "q8_0"];
const rows = [
  ["prefill,1,128", 6, "bf16", bf16, "llama.cpp F16"],
  ["prefill,1,128", 5, "float", [], "PyTorch"],
  ["prefill,1,128", 5, "float", [], "onnxruntime-web"],
  ["decode,1,256", 50, "bf16", bf16, "llama.cpp F16"],
  ["decode,1,256", 50, "q8_0, inputs too", [...q8, "--rounded"], "llama.cpp Q8_0"],
  ["decode,1,256", 50, "q8_0", q8, "llama.cpp Q8_0"],
  ["step,1,256", 3, "float", [], "PyTorch"],
];

/** Models that can be trained in full within the 4 GiB that WebAssembly addresses. */
const FIT = new Set(["135M"]);

const words = values.only.split(";");
const wanted = rows.filter(([what, , dtype, , peer]) =>
  words.some((word) => `${what} ${dtype} ${peer}`.includes(word)),
);
const warm = (times) => median(times.slice(Math.ceil(times.length / 3)));
const ceiling = await measureCeiling();
console.log(`${provenance()}\n${describeCeiling(ceiling)}`);

/** A peer with each set of instructions, against the same runs of ours. */
function compared(model, [what, repeats, dtype, args, name], instructions) {
  const rounds = Array.from({ length: Number(values.rounds) }, () => ({
    own: ours(model, what, repeats, ...args),
    others: instructions.map((set) => peers[name].run(model, what, repeats, set)),
  }));
  const own = rounds.map((round) => warm(round.own.cpu));
  const rss = (of) => figure(median(rounds.map((round) => of(round).rss)));
  return instructions.map((set, i) => {
    const other = rounds.map((round) => warm(round.others[i].cpu));
    const ratios = own.map((ms, round) => ms / other[round]);
    const { version } = rounds[0].others[i];
    return [
      ...[`${model} ${what}`, dtype, version ?? name, peers[name].isWasm ? "" : set],
      ...[figure(median(own)), figure(median(other)), figure(median(ratios))],
      ratios.map(figure).join(" "),
      figure((rounds[0].own.gflop / median(own)) * 1000),
      ...[rss((round) => round.own), rss((round) => round.others[i])],
    ];
  });
}

const sets = values.instructions.split(",");
for (const set of sets)
  if (!Object.hasOwn(TORCH_ENV, set))
    throw new RangeError(
      `expected instructions ${Object.keys(TORCH_ENV).join(" or ")}, got ${set}`,
    );
const lines = [];
for (const model of values.models.split(","))
  for (const row of wanted) {
    if (row[0].startsWith("step") && !FIT.has(model)) continue;
    const peer = peers[row[4]];
    if (!peer.needs()) continue;
    for (const line of compared(model, row, peer.isWasm ? ["all"] : sets)) {
      lines.push(line);
      console.error(line.join(" | "));
    }
  }
const head = ["case", "ours", "peer", "its instructions", "ms", "peer's ms", "ratio"];
console.log(table([...head, "of each round", "GFLOP/s", "RSS, MiB", "peer's"], lines));
