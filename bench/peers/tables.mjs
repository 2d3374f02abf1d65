import { figure, table } from "../table.mjs";
import { flopOf, MODELS, tokensOf } from "./spec.mjs";

/** Whose losses the others are held against. */
const REFERENCES = ["PyTorch, 1 thread", "PyTorch, CUDA"];

/** The largest distance from PyTorch's losses, nats, and over how many steps. */
export function lossGap(result, results) {
  const reference = results.find(
    ({ name, size }) => REFERENCES.includes(name) && size === result.size,
  );
  if (!reference?.losses || !result.losses) return undefined;
  const steps = Math.min(reference.losses.length, result.losses.length);
  const gaps = result.losses.slice(0, steps).map((x, i) => Math.abs(x - reference.losses[i]));
  return { gap: Math.max(...gaps), steps };
}

const HEAD = [
  ...["peer", "CPU ms/step", "ms/step", "best", "GFLOP per CPU-s", "tokens/s", "first step ms"],
  ...["peak RSS MB", "steps", "loss gap to PyTorch", "cores busy before"],
];

function row(result, results) {
  const { size, name, error, cpuMs, medianMs, bestMs, firstMs, peakMB, timed, busy } = result;
  const model = MODELS[size];
  const title = `${size} ${name}`;
  if (error) return [`${title}: ${error.slice(0, 80)}`, ...HEAD.slice(1).map(() => "–")];
  const gap = lossGap(result, results);
  return [
    title,
    ...[cpuMs, medianMs, bestMs, flopOf(model) / cpuMs / 1e6].map(figure),
    ...[(1000 * tokensOf(model)) / medianMs, firstMs, peakMB].map((x) => figure(Math.round(x))),
    timed,
    gap ? `${gap.gap.toExponential(0)} over ${gap.steps}` : "–",
    busy.toFixed(1),
  ];
}

/** One Markdown table of all peers, each size from the least time to the most. @param time which */
export function comparison(results, time = "cpuMs") {
  const order = Object.keys(MODELS);
  const sorted = results.toSorted(
    (a, b) =>
      order.indexOf(a.size) - order.indexOf(b.size) ||
      (a[time] ?? Infinity) - (b[time] ?? Infinity),
  );
  const described = results.flatMap(({ name, backend }) => (backend ? `${name}: ${backend}` : []));
  const backends = [...new Set(described)];
  const lines = sorted.map((result) => row(result, results));
  return `${table(HEAD, lines)}\n\n${backends.map((backend) => `- ${backend}`).join("\n")}`;
}
