import * as Plot from "@observablehq/plot";
import { escapeHtml } from "../dist/src/report/escape.js";
import { style } from "../dist/src/report/style.js";
import { drawSvg } from "../dist/src/report/svg.js";
import { figure } from "./table.mjs";

const UNITS = {
  width: "channels",
  context: "tokens of a sequence",
  batch: "sequences of a step",
  layers: "blocks",
  threads: "threads",
};

/** One HTML page that needs nothing else: a figure and the numbers for each sweep. */
export const scalingPage = (sweeps, provenance) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>How a training step's cost grows</title>
<style>${style}</style>
</head>
<body>
<h1>How a training step's cost grows</h1>
<p class="muted">${escapeHtml(provenance)}</p>
<p class="lead">One size at a time changes; the others are those of a GPT of 4 blocks, 128 channels, 4 heads, 8 sequences of 128 tokens and 256 words. wasm engine, Float32, AdamW.</p>
<ul class="legend"><li><i style="background:var(--anchored)"></i>measured, and the fitted power law</li><li><i style="background:var(--muted)"></i>the work alone, at the best rate of any point; for threads, an even share of it</li></ul>
<div class="figures">
${sweeps.map(section).join("\n")}
</div>
</body>
</html>
`;

function section({ name, time, points, law, work, worst }) {
  const what = time === "cpu" ? "CPU time, one thread" : "wall clock";
  const cells = points.map(
    ({ at, ms, flop }) =>
      `<tr><td>${at}</td><td>${figure(ms)}</td><td>${figure(flop / 1e9)}</td><td>${figure(flop / ms / 1e6)}</td></tr>`,
  );
  const ideal = name === "threads" ? "at best, to the −1" : `the work, to the ${work.toFixed(2)}`;
  const caption = `Time goes as ${name} to the ${law.exponent.toFixed(2).replace("-", "−")}; ${ideal}. From one point to the next, the time of a FLOP grows at most ${worst.toFixed(2)} times. ${what}, medians.`;
  return `<section><h2>${name}</h2>
<figure>${draw({ name, points, law })}<figcaption>${caption}</figcaption></figure>
<details><summary>Numbers</summary><table><thead><tr><th>${UNITS[name]}</th><th>ms</th><th>GFLOP</th><th>GFLOP/s</th></tr></thead><tbody>${cells.join("")}</tbody></table></details></section>`;
}

/** Logarithmic on both axes, where a power law is a line. */
function draw({ name, points, law }) {
  const threads = name === "threads";
  const best = Math.min(...points.map(({ ms, flop }) => ms / flop));
  const ideal = points.map(({ at, flop }) => ({
    at,
    ms: threads ? (points[0].ms * points[0].at) / at : flop * best,
  }));
  const fitted = points.map(({ at }) => ({ at, ms: law.factor * at ** law.exponent }));
  const xy = { x: "at", y: "ms" };
  return drawSvg(`Time of a step against ${name}`, {
    ...{ width: 640, height: 400, marginLeft: 56, marginBottom: 44 },
    x: {
      type: "log",
      label: `${UNITS[name]} →`,
      ticks: points.map(({ at }) => at),
      tickFormat: (value) => `${value}`,
    },
    y: { type: "log", label: "↑ ms a step", grid: true, ticks: 5, tickFormat: "~s" },
    marks: [
      Plot.line(ideal, { ...xy, stroke: "var(--muted)", strokeDasharray: "4 4" }),
      Plot.line(fitted, { ...xy, stroke: "var(--anchored)", strokeOpacity: 0.5 }),
      Plot.dot(points, { ...xy, r: 4, fill: "var(--anchored)", stroke: "var(--page)" }),
    ],
  });
}
