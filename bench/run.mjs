// npm run bench [-- kernels|step]: medians of matmuls and of one training step on the wasm engine.
import { Bench } from "tinybench";
import { createEngine, ops, random } from "../dist/src/index.js";
import { make } from "./peers/own.mjs";

/** The peers' configurations: a small GPT, 1,024 tokens a step. */
const MODELS = {
  S: { layers: 2, d: 64, heads: 4, T: 64, batch: 16, vocab: 64 },
  M: { layers: 4, d: 128, heads: 4, T: 128, batch: 8, vocab: 256 },
};
const suites = { kernels, step };
const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!(name in suites))
    throw new RangeError(`bench: expected ${Object.keys(suites).join(" or ")}, got ${name}`);
}
for (const name of wanted.length ? wanted : Object.keys(suites)) await suites[name]();

/** Square matmuls, every transpose combination. */
async function kernels() {
  for (const threads of [1, 2]) {
    const engine = await createEngine({ backend: "wasm", threads });
    const bench = new Bench({ time: 500, warmupTime: 100 });
    const flop = {};
    for (const n of [256, 512, 1024]) {
      const [a, b] = [1, 2].map((seed) => engine.put(random.normal(random.key(seed), [n, n])));
      for (const transposeA of [false, true])
        for (const transposeB of [false, true]) {
          const name = `matmul ${n}³ ${transposeA ? "Aᵀ" : "A"}${transposeB ? "Bᵀ" : "B"} ${threads}t`;
          const product = engine.compile((x, y) => ops.matmul(x, y, { transposeA, transposeB }));
          flop[name] = 2 * n ** 3;
          bench.add(name, async () => engine.release(await product(a, b)));
        }
    }
    await bench.run();
    report(bench, flop);
    await engine.close();
  }
}

/** One training step of the peers' GPT: forward, backward, AdamW; the loss is read. */
async function step() {
  for (const [model, config] of Object.entries(MODELS))
    for (const threads of [1, 2]) {
      const { layers, d, T, batch, vocab } = config;
      const tokens = T * batch;
      const inMatmuls = layers * 12 * d * d + d * vocab;
      const weights = random.normal(
        random.key(1),
        [inMatmuls + vocab * d + T * d + (2 * layers + 1) * d],
        {
          std: 0.02,
        },
      ).data;
      const draw = (seed) => random.integers(random.key(seed), [tokens], 0, vocab).data;
      const run = await make(
        config,
        Float32Array.from(weights),
        { x: draw(2), y: draw(3) },
        { threads },
      );
      const name = `training step ${model} ${threads}t`;
      const bench = new Bench({ time: 3000, warmupTime: 300 }).add(name, async () => run.step());
      await bench.run();
      report(bench, { [name]: (6 * inMatmuls + 12 * layers * d * T) * tokens });
    }
}

function report(bench, flop) {
  for (const { name, result } of bench.tasks) {
    if (result.state === "errored") throw result.error;
    const { p50, mad } = result.latency;
    const rate = flop[name] / p50 / 1e6;
    console.log(
      `${name.padEnd(26)} ${p50.toFixed(2).padStart(9)} ms ± ${mad.toFixed(2)}  ${rate.toFixed(1)} GFLOP/s`,
    );
  }
}
