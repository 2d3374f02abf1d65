// node bench/scale/case.mjs MODEL prefill,B,T|decode,B,SLOTS|step,B,T [--dtype bf16] [--rounded]
// [--threads 1] [--repeats 8] [--layers n]: one case of a model of real size, with random weights, in
// this process. Prints a line of JSON: CPU and wall ms of each run, FLOP, memory.
import { parseArgs } from "node:util";
import * as ag from "../../dist/src/index.js";
import { round } from "../../dist/src/tensor/storage/types.js";
import { cpuMs } from "../statistics.mjs";
import { models } from "./models.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** How frozen matrices are kept: float, bf16, f16 or q8_0. */
    dtype: { type: "string", default: "float" },
    /** Inputs of linear layers in q8_0, too, as llama.cpp has them with such weights. */
    rounded: { type: "boolean", default: false },
    threads: { type: "string", default: "1" },
    repeats: { type: "string", default: "8" },
    layers: { type: "string" },
  },
});
const [name, what = "prefill,1,128"] = positionals;
const [kind, B, T] = what.split(",").map((x, i) => (i === 0 ? x : Number(x)));
const json = models[name];
if (!json) throw new RangeError(`expected one of ${Object.keys(models).join(", ")}, got ${name}`);
const config = ag.configOf(
  values.layers ? { ...json, num_hidden_layers: Number(values.layers) } : json,
  "config.json",
);
const model = ag.transformer({ ...config, linearInputs: values.rounded ? "q8_0" : "float" });
const { vocabSize, layers, kvHeads, headDim } = model.config;

const ids = (x) => ag.tensor(new Int32Array(B).fill(x), [B]);
const tokensOf = (seed) =>
  ag.tensor(
    Int32Array.from({ length: B * T }, (_, i) => (i * 7919 + seed * 104729) % vocabSize),
    [B, T],
  );

/** Numbers in [−√3, √3) · scale. */
function fill(count, scale, seed) {
  const numbers = new Float32Array(count);
  let state = (seed * 2654435761) | 1;
  for (let i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    numbers[i] = state * (scale * 8.06e-10);
  }
  return numbers;
}

/** Weights on the engine; one tensor at a time is on the host. */
function weights(engine) {
  const entries = Object.entries(model.shapes).map(([name, shape], i) => {
    const count = shape.reduce((a, b) => a * b, 1);
    if (shape.length === 1) {
      const is = name.endsWith("bias") ? 0 : 1;
      return [name, engine.put(ag.tensor(new Float32Array(count).fill(is), shape))];
    }
    const numbers = fill(count, name.includes("embed") ? 0.02 : 0.6 / Math.sqrt(shape[1]), i + 1);
    const { dtype } = values;
    const options = { copy: false };
    const host =
      dtype === "float"
        ? ag.tensor(numbers, shape, options)
        : ag.stored(dtype, round(dtype, numbers), shape, options);
    return [name, engine.put(host)];
  });
  return Object.fromEntries(entries);
}

const wide = (params) =>
  Object.fromEntries(Object.entries(params).map(([name, x]) => [name, ag.ops.cast(x, "float")]));

/** What a case runs: a function, what it donates, its arguments, and how a result leads to the next. */
const cases = {
  prefill: (engine, params) => ({
    run(p, tokens, last) {
      const { logits, cache } = model.prefill(wide(p), tokens, last, T);
      return [ag.ops.argmax(logits), cache];
    },
    donate: [],
    args: [params, tokensOf(1), ids(T - 1)],
    next(result, args) {
      engine.release(result);
      return args;
    },
  }),
  /** A token for each sequence, whose cache is half full. */
  decode: (engine, params) => {
    const shape = [B, kvHeads, T, headDim];
    const zeros = () => engine.put(ag.full(shape, 0));
    return {
      run(cache, p, inputs) {
        const { logits, cache: next } = model.decode(wide(p), cache, inputs);
        return { tokens: ag.ops.argmax(logits), cache: next };
      },
      donate: [0],
      args: [
        Array.from({ length: layers }, () => ({ keys: zeros(), values: zeros() })),
        params,
        { tokens: ids(5), previous: ids(4), positions: ids(T >> 1) },
      ],
      next({ tokens, cache }, [, p, inputs], i) {
        engine.release(tokens);
        return [cache, p, { ...inputs, positions: ids((T >> 1) + 1 + i) }];
      },
    };
  },
  /** Cross-entropy at all positions, AdamW on all weights. */
  step: (engine, params) => {
    const optimizer = ag.adamw({ learningRate: 1e-5 });
    return {
      run(p, state, batch) {
        const loss = (q) => ag.crossEntropy(model.apply(q, batch.tokens), batch.labels);
        const [value, grads] = ag.valueAndGrad(loss)(p);
        const [updates, next] = optimizer.update(grads, state, p);
        return [value, ag.applyUpdates(p, updates), next];
      },
      donate: [0, 1],
      args: [
        params,
        engine.put(optimizer.init(params)),
        { tokens: tokensOf(1), labels: tokensOf(2) },
      ],
      async next([value, p, state], [, , batch]) {
        await engine.read(value);
        return [p, state, batch];
      },
    };
  },
};

if (!Object.hasOwn(cases, kind))
  throw new RangeError(`expected one of ${Object.keys(cases).join(", ")} with ,B,T, got ${what}`);
const engine = await ag.createEngine({ backend: "wasm", threads: Number(values.threads) });
const { run, donate, args: first, next } = cases[kind](engine, weights(engine));
const program = engine.compile(run, { donate });
await program.prepare(...first);
let args = first;
const [cpu, wall] = [[], []];
for (let i = 0; i < Number(values.repeats); i++) {
  const [began, before] = [performance.now(), cpuMs()];
  const result = await program(...args);
  cpu.push(cpuMs() - before);
  wall.push(performance.now() - began);
  args = await next(result, args, i);
}
const { flop } = program.stats();
const heap = engine.memory().peakBytes / 2 ** 20;
const rss = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ cpu, wall, gflop: flop / 1e9, heap, rss }));
process.exit(0);
