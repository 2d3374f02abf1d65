// onnxruntime-web, WebAssembly, one thread: node ort.mjs FILE.onnx prefill,1,T [--repeats 4]
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-web/wasm";
import { cpuMs } from "../../statistics.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: "string" }, repeats: { type: "string", default: "4" } },
});
const [path, what = "prefill,1,128"] = positionals;
const T = Number(what.split(",")[2]);
ort.env.wasm.numThreads = 1;
const executionProviders = ["wasm"];
const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(path)), {
  executionProviders,
});
const ids = BigInt64Array.from({ length: T }, (_, i) => BigInt((i * 331) % 49000));
const [cpu, wall] = [[], []];
for (let i = 0; i < Number(values.repeats); i++) {
  const [began, before] = [performance.now(), cpuMs()];
  await session.run({ tokens: new ort.Tensor("int64", ids, [1, T]) });
  cpu.push(cpuMs() - before);
  wall.push(performance.now() - began);
}
console.log(JSON.stringify({ cpu, wall, rss: process.resourceUsage().maxRSS / 1024 }));
process.exit(0);
