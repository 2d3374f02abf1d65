/** Trains a LoRA over a Hugging Face folder and saves it as PEFT reads it: node lora.js my-model mine.jsonl */
import {
  createEngine,
  encodeRows,
  fineTune,
  loadModel,
  lora,
  random,
  rowsOf,
  saveAdapter,
} from "anchorgrad";

const [folder = "my-model", file = "mine.jsonl", out = "my-adapter"] = process.argv.slice(2);

const { model, params, tokenizer, chat } = await loadModel(folder);
if (!tokenizer) throw new Error(`${folder}: expected a tokenizer.json`);
const { examples, left } = await encodeRows(rowsOf(file), { tokenizer, chat, maxLength: 512 });
console.log(`${examples.length} examples, ${left.length} rows left out`);

const engine = await createEngine();
const adapter = lora({ rank: 4, alpha: 8, targets: ["q_proj", "v_proj"] });
const options = {
  model: adapter.over(model, engine.put(params)), // its parameters are the adapter's alone
  base: adapter.init(random.key(0), model, params), // which changes nothing yet
  data: examples,
  batchSize: 2,
  epochs: 4,
  learningRate: 1e-2,
  key: random.key(1),
};
for await (const m of fineTune(engine, { ...options, method: "sft" })) {
  if (m.kind === "step" && (m.step === 1 || m.step === m.steps))
    console.log(`step ${m.step} of ${m.steps}: loss ${m.loss.toFixed(2)}`);
  if (m.kind === "end")
    await saveAdapter(out, { adapter: adapter.config, params: m.params, folder }, { engine });
}
console.log(`saved ${out}`);
await engine.close();
