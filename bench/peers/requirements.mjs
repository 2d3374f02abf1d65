import { table } from "../table.mjs";
import { lossGap } from "./tables.mjs";

const OWN = "anchorgrad wasm, Node, 1 thread";
const OWN_2 = "anchorgrad wasm, Node, 2 threads";

/** [what, sizes, figure of, peer, against, factor at most]: ours ≤ factor × theirs. */
const RATIOS = [
  [
    "jax-js wasm, CPU",
    { S: 1 / 3, M: 1 / 3, L: 1 / 3 },
    "cpuMs",
    OWN,
    "jax-js wasm, Node, 1 thread",
  ],
  ["PyTorch, CPU", { S: 1, M: 1.25, L: 1.6 }, "cpuMs", OWN, "PyTorch, 1 thread"],
  ["PyTorch, two threads, wall", { L: 1.3 }, "medianMs", OWN_2, "PyTorch, 2 threads"],
  ...["S", "M"].flatMap((size) => [
    [
      "tfjs webgl, CPU",
      { [size]: 1 },
      "cpuMs",
      "anchorgrad webgl2, Chromium",
      "tfjs webgl, Chromium",
    ],
    [
      "jax-js webgpu, CPU",
      { [size]: 1 },
      "cpuMs",
      "anchorgrad webgpu, Chromium",
      "jax-js webgpu, Chromium",
    ],
  ]),
];
/** MB. */
const PEAKS = { M: 400, L: 750 };

/** Losses of two right programs part by rounding, which training multiplies, nats. */
const LARGEST_GAP = { S: 1e-4, M: 1e-3, L: 1e-3 };

/** What must be reached against what was, as Markdown. */
export function requirements(results) {
  const find = (name, size) =>
    results.find((row) => row.name === name && row.size === size && !row.error);
  const ratios = RATIOS.flatMap(([title, limits, of, own, other]) =>
    Object.entries(limits).flatMap(([size, limit]) => {
      const [ours, theirs] = [find(own, size), find(other, size)];
      if (!ours || !theirs) return [];
      const note = other.startsWith("PyTorch") && !theirs.openblas ? " (without OpenBLAS)" : "";
      const ratio = ours[of] / theirs[of];
      return [verdict(`${size} against ${title}${note}`, ratio, limit, (x) => `${x.toFixed(2)} ×`)];
    }),
  );
  const peaks = Object.entries(PEAKS).flatMap(([size, limit]) => {
    const ours = find(OWN, size);
    return ours
      ? [verdict(`${size} peak RSS in Node`, ours.peakMB, limit, (x) => `${x.toFixed(0)} MB`)]
      : [];
  });
  const gaps = results.flatMap((result) => {
    const gap = lossGap(result, results);
    if (!gap || !result.name.startsWith("anchorgrad")) return [];
    const title = `${result.size} losses of ${result.name}`;
    return [verdict(title, gap.gap, LARGEST_GAP[result.size], (x) => x.toExponential(0))];
  });
  return table(["requirement", "reached", "at most", "met"], [...ratios, ...peaks, ...gaps]);
}

const verdict = (title, value, limit, show) => [
  ...[title, show(value), show(limit)],
  value <= limit ? "yes" : "no",
];
