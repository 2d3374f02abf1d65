import { html, svg } from "../dom.ts";
import { type LogProbs, pathAt } from "./distributions.ts";
import {
  type Chart,
  CORNERS,
  decadeLength,
  HEIGHT,
  levelCurves,
  logPlane,
  type Point,
  planeNames,
  planeRegions,
  reachOf,
  triangle,
  triangleRegions,
  WIDTH,
} from "./geometry.ts";
import { createHandles, type HandleOptions } from "./handles.ts";
import { type Model, movables } from "./model.ts";
import { subscripted } from "./notation.ts";
import type { Scene } from "./scene.ts";
import { winnersAlong } from "./winners.ts";

export interface Plot {
  readonly element: HTMLElement;
  update(model: Model): void;
}

type Move = HandleOptions["move"];

/** The probability triangle. */
export function trianglePlot(move: Move): Plot {
  const corners = CORNERS.map((corner) => corner.join(",")).join(" ");
  const names = CORNERS.map(([x, y], i): Point => [x, i === 2 ? y - 10 : y + 22]);
  return createPlot({
    title: "Probabilities",
    caption: "Each corner is a token. Here the probability path is straight.",
    outline: () => svg("polygon", { class: "outline", points: corners }),
    regions: triangleRegions,
    names,
    anchors: ["start", "end", "middle"],
    levels: [0.5, 0.9],
    chartOf: () => ({ chart: triangle }),
    move,
  });
}

/** The plane of log-odds. */
export function planePlot(move: Move): Plot {
  return createPlot({
    title: "Log-odds",
    caption: "The same distributions without edges. Here the logit path is straight.",
    outline: () => svg("rect", { class: "outline", width: WIDTH, height: HEIGHT, rx: 6 }),
    regions: planeRegions,
    names: planeNames,
    anchors: ["start", "end", "middle"],
    levels: [0.9, 0.999, 1 - 1e-6, 1 - 1e-9],
    clipped: true,
    chartOf(model) {
      const reach = reachOf(movables(model.state).map(([, p]) => p));
      return { chart: logPlane(reach), decade: decadeLength(reach) };
    },
    move,
  });
}

interface Layout {
  readonly chart: Chart;
  /** Length of a factor of ten, where there is one. */
  readonly decade?: number;
}

interface PlotOptions {
  readonly title: string;
  readonly caption: string;
  outline(): SVGElement;
  readonly regions: readonly (readonly Point[])[];
  readonly names: readonly Point[];
  readonly anchors: readonly string[];
  /** Probabilities of the likeliest token along which curves are drawn. */
  readonly levels: readonly number[];
  chartOf(model: Model): Layout;
  /** Whether paths end where the outline does. */
  readonly clipped?: boolean;
  readonly move: Move;
}

function createPlot(options: PlotOptions): Plot {
  const { title, caption, regions } = options;
  const clip = `clip-${title.toLowerCase()}`;
  const ground = svg("g", { "clip-path": `url(#${clip})` });
  const curves = svg("g", { "clip-path": `url(#${clip})` });
  // In the triangle what lies on the edge is drawn whole.
  const shapes = svg("g", options.clipped ? { "clip-path": `url(#${clip})` } : {});
  const labels = svg("g", { "aria-hidden": "true" });
  const drawing = svg(
    "svg",
    {
      class: "plot",
      viewBox: `-2 -2 ${WIDTH + 4} ${HEIGHT + 4}`,
      role: "group",
      "aria-label": title,
    },
    svg("clipPath", { id: clip }, options.outline()),
    ground,
    options.outline(),
    curves,
    shapes,
    labels,
  );
  regions.forEach((corners, i) => {
    const points = corners.map((corner) => corner.join(",")).join(" ");
    ground.append(svg("polygon", { class: `token-${i}`, points }));
  });
  let layout: Layout | undefined;
  let held = false;
  const handles = createHandles({
    drawing,
    chart: () => (layout as Layout).chart,
    move: options.move,
    hold(now) {
      held = now;
    },
  });
  drawing.append(handles.element);

  return {
    element: html(
      "figure",
      { class: "simplex-plot" },
      html("h3", {}, title),
      drawing,
      html("figcaption", {}, caption),
    ),
    update(model) {
      // Under the pointer nothing but the handle moves.
      if (!held || !layout) layout = options.chartOf(model);
      const { chart, decade } = layout;
      curves.replaceChildren(...levels(chart, options.levels));
      shapes.replaceChildren(...paths(chart, model));
      labels.replaceChildren(
        ...options.names.map(([x, y], i) =>
          svg(
            "text",
            { class: "token", x, y, "text-anchor": options.anchors[i] },
            model.preset.tokens[i],
          ),
        ),
        ...trailNames(chart, model),
        ...(decade === undefined ? [] : scaleBar(decade)),
      );
      handles.update(model);
    },
  };
}

const lineOf = (chart: Chart, points: readonly LogProbs[]): string =>
  points
    .map((p) => chart.place(p))
    .map(([x, y], i) => `${i === 0 ? "M" : "L"}${x.toFixed(2)} ${y.toFixed(2)}`)
    .join("");

const levels = (chart: Chart, probabilities: readonly number[]): SVGElement[] =>
  probabilities.flatMap((probability) =>
    levelCurves(probability).map((curve) =>
      svg("path", { class: "level", d: lineOf(chart, curve) }),
    ),
  );

/** Weights at which curves are sampled: closest together at the ends, where logit paths hurry. */
const WEIGHTS: readonly number[] = Array.from({ length: 121 }, (_, i) => {
  const u = i / 120;
  return u ** 3 / (u ** 3 + (1 - u) ** 3);
});

function paths(chart: Chart, { logit, probability, power, weights }: Model): SVGElement[] {
  const curve = (scene: Scene, name: string): SVGElement[] => {
    const at = (weight: number) => pathAt(scene.path, weight, scene.p, scene.s);
    const done = WEIGHTS.filter((w) => w < scene.weight).map(at);
    return [
      svg("path", { class: `path ${name}`, d: lineOf(chart, WEIGHTS.map(at)) }),
      svg("path", { class: `path done ${name}`, d: lineOf(chart, [...done, scene.q]) }),
      ...flips(chart, scene, name),
      ...scene.trail.slice(1).map((p, t) => {
        const [cx, cy] = chart.place(p);
        const last = t + 2 === weights.length;
        return svg("circle", {
          class: `step ${name} ${last ? "last" : ""}`,
          cx,
          cy,
          r: last ? 6 : 4,
        });
      }),
    ];
  };
  return [
    ...(power ? curve(power, "power") : []),
    ...curve(probability, "probability"),
    ...curve(logit, "logit"),
  ];
}

/** Bars across a path where another token becomes the likeliest. */
function flips(chart: Chart, { path, p, s }: Scene, name: string): SVGElement[] {
  return winnersAlong(path, p, s)
    .slice(1)
    .map(({ from }) => {
      const at = (weight: number) => chart.place(pathAt(path, weight, p, s));
      const [[x, y], [x1, y1], [x2, y2]] = [
        at(from),
        at(from * 0.999),
        at(Math.min(1, from * 1.001)),
      ];
      const angle = (Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI;
      const transform = `translate(${x.toFixed(2)} ${y.toFixed(2)}) rotate(${angle.toFixed(1)})`;
      return svg("path", { class: `flip ${name}`, d: "M0 -9V9", transform });
    });
}

/** Steps that are far enough from the others to have a name. */
function trailNames(chart: Chart, { logit }: Model): SVGElement[] {
  const last = logit.trail.length - 1;
  const taken: Point[] = [chart.place(logit.p), chart.place(logit.s)];
  const order = [last, ...logit.trail.keys()].filter((t, i) => t > 0 && (i === 0 || t !== last));
  return order.flatMap((t) => {
    const [x, y] = chart.place(logit.trail[t] as LogProbs);
    if (taken.some(([a, b]) => Math.hypot(a - x, b - y) < 24)) return [];
    taken.push([x, y]);
    return [svg("text", { class: "name", x: x + 9, y: y - 9 }, ...subscripted("p", `${t}`))];
  });
}

/** As many factors of ten as make a bar of a good length. */
function scaleBar(decade: number): SVGElement[] {
  const decades = [1, 2, 3, 6, 9].findLast((n) => n * decade <= 110) ?? 1;
  const [x, y, length] = [WIDTH - 12, 20, decades * decade];
  const text =
    decades === 1 ? "10 : 1" : `10${["", "", "²", "³", "", "", "⁶", "", "", "⁹"][decades]} : 1`;
  return [
    svg("path", { class: "scale", d: `M${x - length} ${y - 5}v5h${length}v-5` }),
    svg("text", { class: "scale", x, y: y + 15, "text-anchor": "end" }, text),
  ];
}
