/**
 * One file for Node, Bun and Deno:
 *
 *   npx tsc runtimes.ts && node runtimes.js
 *   bun runtimes.ts
 *   deno run --allow-all --node-modules-dir runtimes.ts
 */
import { createEngine, ids, random, transformer } from "anchorgrad";

const runtime = "Deno" in globalThis ? "Deno" : "Bun" in globalThis ? "Bun" : "Node";
const model = transformer({
  vocabSize: 32,
  contextLength: 16,
  layers: 2,
  heads: 2,
  width: 16,
  hidden: 32,
});
const params = model.init(random.key(0));
const engine = await createEngine({ backend: "wasm" });
const logits = await engine.run(() => model.apply(params, ids([[1, 2, 3]]))); // [1, 3, 32]
console.log(`${runtime}, ${engine.backend}: ${logits.shape.join(" × ")} logits`);
console.log(Array.from(logits.data.slice(0, 4), (x) => x.toFixed(4)).join(" "));
await engine.close();
