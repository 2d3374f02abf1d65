// llama.cpp: node llama.mjs FILE.gguf prefill,1,T|decode,B,SLOTS --from FOLDER [--threads 1] [--repeats 8];
// FOLDER is one whose node_modules has node-llama-cpp.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { cpuMs } from "../../statistics.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    from: { type: "string", default: "." },
    threads: { type: "string", default: "1" },
    repeats: { type: "string", default: "8" },
  },
});
const [modelPath, what = "prefill,1,128"] = positionals;
const [kind, B, T] = what.split(",").map((x, i) => (i === 0 ? x : Number(x)));
const [threads, repeats] = [Number(values.threads), Number(values.repeats)];
const [cpu, wall] = [[], []];
async function timed(work) {
  const [began, before] = [performance.now(), cpuMs()];
  await work();
  cpu.push(cpuMs() - before);
  wall.push(performance.now() - began);
}

const entry = resolve(values.from, "node_modules/node-llama-cpp/dist/index.js");
const { getLlama } = await import(pathToFileURL(entry).href);
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: 0 });
const model = await llama.loadModel({ modelPath });
const contextSize = Math.max(256, T + 64);
const context = await model.createContext({ contextSize, batchSize: 512, threads, sequences: B });
const V = model.fileInfo.metadata.tokenizer.ggml.tokens.length;
/** Other tokens each time, so that nothing is taken from a cache. */
const prompt = (length, seed) =>
  Array.from({ length }, (_, i) => 300 + ((i * 7919 + seed * 104729) % (V - 400)));

if (kind === "prefill") {
  const sequence = context.getSequence();
  for (let i = 0; i < repeats; i++) {
    await sequence.clearHistory();
    await timed(() => sequence.evaluateWithoutGeneratingNewTokens(prompt(T, i)));
  }
} else {
  const sequences = Array.from({ length: B }, () => context.getSequence());
  for (const [b, sequence] of sequences.entries())
    await sequence.evaluateWithoutGeneratingNewTokens(prompt(T >> 1, b));
  const streams = sequences.map((sequence, b) =>
    sequence.evaluate(prompt(1, b), { temperature: 0 })[Symbol.asyncIterator](),
  );
  for (let i = 0; i < repeats; i++) await timed(() => Promise.all(streams.map((s) => s.next())));
}
console.log(JSON.stringify({ cpu, wall, rss: process.resourceUsage().maxRSS / 1024 }));
process.exit(0);
