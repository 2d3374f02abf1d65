// node bench/scale/planning.mjs [MODEL …] [--batch 4] [--length 256] [--layers n] [--rank 16] [--kind KIND]
// [--checkpointing on|off]: what training steps of real sizes need and how long they take to plan, from shapes
// alone: no weights, nothing is run. Prints a line of JSON for full training and for LoRA over a frozen base in
// float32, bf16 and q8_0, each without and with gradient checkpointing, or for one kind. Only the first line is
// that of a fresh process.
import { parseArgs } from "node:util";
import { planFineTune } from "../../dist/src/anchored/plan.js";
import { stepBytes } from "../../dist/src/anchored/stepBytes.js";
import * as ag from "../../dist/src/index.js";
import { cpuMs } from "../statistics.mjs";
import { models } from "./models.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: "string", default: "4" },
    length: { type: "string", default: "256" },
    layers: { type: "string" },
    rank: { type: "string", default: "16" },
    /** full, or LoRA over float, bf16 or q8_0; all by default. */
    kind: { type: "string" },
    checkpointing: { type: "string" },
  },
});
const [batchSize, length, rank] = [values.batch, values.length, values.rank].map(Number);
const prompt = Array(length >> 1).fill(1);
const data = Array(batchSize).fill({ prompt, response: Array(length + 1 - prompt.length).fill(2) });

const shapesOf = (model, dtype) =>
  Object.fromEntries(
    Object.entries(model.shapes).map(([name, shape]) => [
      name,
      ag.standIn(shape, shape.length === 2 ? dtype : "float"),
    ]),
  );

/** The trainable model, and its parameters. */
const kinds = {
  full: (base) => [base, shapesOf(base, "float")],
  ...Object.fromEntries(
    ["float", "bf16", "q8_0"].map((dtype) => [
      `LoRA over ${dtype}`,
      (base) => {
        const model = ag.lora({ rank }).over(base, shapesOf(base, dtype));
        return [model, shapesOf(model, "float")];
      },
    ]),
  ),
};

if (values.kind !== undefined && !Object.hasOwn(kinds, values.kind))
  throw new RangeError(`expected one of ${Object.keys(kinds).join(", ")}, got ${values.kind}`);
const wanted = Object.entries(kinds).filter(([kind]) => (values.kind ?? kind) === kind);
const recomputed = { on: [true], off: [false] }[values.checkpointing] ?? [false, true];

for (const name of positionals.length > 0 ? positionals : ["135M", "0.5B", "1B"]) {
  const json = models[name];
  if (!json) throw new RangeError(`expected one of ${Object.keys(models).join(", ")}, got ${name}`);
  const layers = values.layers ? { num_hidden_layers: Number(values.layers) } : {};
  const config = ag.configOf({ ...json, ...layers }, "config.json");
  for (const [kind, of] of wanted)
    for (const gradientCheckpointing of recomputed) {
      // A program of its own each time, so that planning is new.
      const engine = await ag.createEngine({ backend: "wasm", threads: 1 });
      const [model, base] = of(ag.transformer({ ...config, gradientCheckpointing }));
      const key = ag.random.key(0);
      const options = { ...{ model, base, data, key, batchSize, epochs: 1 }, learningRate: 1e-4 };
      const start = cpuMs();
      const bytes = stepBytes(engine, planFineTune({ ...options, method: "sft" }), data);
      const planMs = Math.round(cpuMs() - start);
      const MiB = Math.round(bytes / 2 ** 20);
      await engine.close();
      console.log(JSON.stringify({ name, kind, gradientCheckpointing, MiB, planMs }));
    }
}
