// A training step of the peers' GPT: forward, backward, AdamW; the loss is read.
import { createEngine } from "../dist/src/index.js";
import { describeCeiling, measureCeiling } from "./ceiling.mjs";
import { trainer } from "./gpt.mjs";
import { flopOf, MODELS } from "./peers/spec.mjs";
import { measure, RATES, ratesOf, TIMES, timeFor, timesOf } from "./suite.mjs";
import { table } from "./table.mjs";

export async function step({ quick }) {
  const ceiling = await measureCeiling();
  const rows = [];
  for (const [size, model] of Object.entries(MODELS))
    for (const threads of [1, 2]) {
      const engine = await createEngine({ backend: "wasm", threads });
      const gpt = trainer(engine, model);
      await gpt.step();
      const name = `${size}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
      const result = (await measure({ [name]: gpt.step }, timeFor(3, quick)))[name];
      rows.push([name, ...timesOf(result), ...ratesOf(result, flopOf(model), ceiling, threads)]);
      await engine.close();
    }
  console.log(
    `${describeCeiling(ceiling)}\n\n${table(["training step", ...TIMES, ...RATES], rows)}`,
  );
}
