// Time of a training step against width, context, batch, layers and threads, around the peers' M.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { createEngine } from "../dist/src/index.js";
import { trainer } from "./gpt.mjs";
import { provenance } from "./machine.mjs";
import { flopOf, MODELS } from "./peers/spec.mjs";
import { scalingPage } from "./scalingReport.mjs";
import { cpuMs, fitPower, median } from "./statistics.mjs";
import { figure, table } from "./table.mjs";

/** Sizes between the powers of two are there to find cliffs. */
const SWEEPS = {
  width: [32, 48, 64, 100, 128, 192, 256, 384, 512].map((d) => ({ at: d, model: { d } })),
  context: [16, 32, 50, 64, 96, 128, 192, 256, 512].map((T) => ({ at: T, model: { T } })),
  batch: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32].map((batch) => ({ at: batch, model: { batch } })),
  layers: [1, 2, 3, 4, 6, 8, 12, 16].map((layers) => ({ at: layers, model: { layers } })),
};
const THREADS = [1, 2, 4, 8];

export async function scaling({ quick, out }) {
  const steps = quick ? 3 : 7;
  const swept = [];
  for (const [name, points] of Object.entries(SWEEPS)) {
    const chosen = quick ? points.filter((_, i) => i % 2 === 0) : points;
    swept.push(summaryOf(name, await sweep(chosen, steps), "cpu"));
  }
  const threads = THREADS.filter((count) => count <= cpus().length);
  const counts = threads.map((count) => ({ at: count, model: {}, threads: count }));
  swept.push(summaryOf("threads", await sweep(counts, steps), "ms"));

  const head = [
    "against",
    "time",
    "exponent",
    "of FLOP",
    "worst neighbours",
    "smallest",
    "largest",
  ];
  console.log(`${table(head, swept.map(row))}

exponent: of the least-squares power law; of FLOP: that of the work over the same points. Worst neighbours:
the largest growth of time a FLOP from one point to the next.`);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, scalingPage(swept, provenance()));
  console.log(`\n${out}`);
}

async function sweep(points, steps) {
  const measured = [];
  for (const { at, model, threads = 1 } of points) {
    const config = { ...MODELS.M, ...model };
    measured.push({ at, flop: flopOf(config), ...(await stepTimes(config, threads, steps)) });
  }
  return measured;
}

/** Medians of a step: ms of the clock, and ms of CPU time of all threads. */
async function stepTimes(config, threads, steps) {
  const engine = await createEngine({ backend: "wasm", threads });
  const gpt = trainer(engine, config);
  for (let i = 0; i < 2; i++) await gpt.step();
  const times = [];
  for (let i = 0; i < steps; i++) {
    const [start, before] = [performance.now(), cpuMs()];
    await gpt.step();
    times.push({ ms: performance.now() - start, cpu: cpuMs() - before });
  }
  gpt.release();
  await engine.close();
  const of = (what) => median(times.map((time) => time[what]));
  return { ms: of("ms"), cpu: of("cpu") };
}

/** @param time which of a point's times counts: CPU time does not see what else the machine does */
function summaryOf(name, measured, time) {
  const points = measured.map(({ at, flop, ...times }) => ({ at, flop, ms: times[time] }));
  const law = fitPower(points.map(({ at, ms }) => [at, ms]));
  const work = fitPower(points.map(({ at, flop }) => [at, flop]));
  const perFlop = points.map(({ ms, flop }) => ms / flop);
  const growth = perFlop.slice(1).map((value, i) => value / perFlop[i]);
  return { name, time, points, law, work: work.exponent, worst: Math.max(...growth) };
}

const row = ({ name, time, points, law, work, worst }) => [
  name,
  time === "cpu" ? "CPU" : "wall",
  law.exponent.toFixed(2),
  name === "threads" ? "−1 at best" : work.toFixed(2),
  `${worst.toFixed(2)} ×`,
  ...[points[0], points.at(-1)].map(({ at, ms }) => `${at}: ${figure(ms)} ms`),
];
