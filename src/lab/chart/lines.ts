import { svg } from "../dom.ts";
import { drawAxes, type Plane } from "./axes.ts";
import { drawing, figure, nothingYet } from "./figure.ts";
import { linear, logarithmic, type Range, roundedTop } from "./scale.ts";

/** A line, or its points. */
export interface Series {
  readonly name: string;
  /** A custom property of the style, as `--sft`. */
  readonly color: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Of a run that is only compared with. */
  readonly faded?: boolean;
  readonly dots?: boolean;
}

export interface LinesOptions {
  readonly title: string;
  readonly about: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly height?: number;
  /** Fixed ends of the vertical axis; from the data where they are not given. */
  readonly yRange?: Range;
  /** The least that the vertical axis reaches up to. */
  readonly least?: number;
  readonly logarithmic?: boolean;
  readonly format: (y: number) => string;
  /** What stands there before there is anything to draw. */
  readonly empty: string;
}

export interface Lines {
  readonly element: HTMLElement;
  update(series: readonly Series[], xMax: number): void;
}

/** A line chart that is drawn anew with each update. */
export function lines(options: LinesOptions): Lines {
  let latest: { series: readonly Series[]; xMax: number } = { series: [], xMax: 1 };
  const { element, redraw } = figure(options.title, options.about, (width) => {
    const drawn = latest.series.filter(({ points }) => points.length > 0);
    return drawn.length > 0
      ? drawLines(drawn, latest.xMax, width, options)
      : nothingYet(options.empty);
  });
  return {
    element,
    update(series, xMax) {
      latest = { series, xMax };
      redraw();
    },
  };
}

function drawLines(
  series: readonly Series[],
  xMax: number,
  width: number,
  options: LinesOptions,
): SVGSVGElement {
  const { height = 240, title, xLabel, yLabel, format } = options;
  const names = series.map(({ name, faded }) => (faded ? 0 : name.length));
  const room = Math.min(width * 0.3, 14 + 7.6 * Math.max(...names));
  const plane: Plane = { left: 44, right: width - room, top: 24, bottom: height - 38 };
  const x = linear([0, xMax], [plane.left, plane.right], width < 400 ? 3 : 5);
  const y = yScale(series, plane, options);
  const description = series
    .filter(({ faded }) => !faded)
    .map(({ name, points }) => `${name} ${format(points.at(-1)?.[1] ?? NaN)}`)
    .join(", ");
  const place = ([a, b]: readonly [number, number]): string =>
    `${x(a).toFixed(1)},${y(b).toFixed(1)}`;
  const paths = series.map(({ color, points, faded, dots }) =>
    svg(
      "g",
      { class: `series ${color.slice(2)}${faded ? " faded" : ""}` },
      svg("path", { d: `M${points.map(place).join("L")}` }),
      ...(dots || points.length === 1
        ? points.map(([a, b]) => svg("circle", { cx: x(a), cy: y(b), r: 2.5 }))
        : []),
    ),
  );
  const labels = endLabels(
    series,
    (point) => y(point[1]),
    (point) => x(point[0]),
    plane,
  );
  return drawing(
    width,
    height,
    `${title}: ${description}`,
    drawAxes(plane, { x, y, xLabel, yLabel }),
    ...paths,
    ...labels,
  );
}

function yScale(series: readonly Series[], { top, bottom }: Plane, options: LinesOptions) {
  const values = series.flatMap(({ points }) => points.map(([, y]) => y));
  if (options.logarithmic) {
    const positive = values.filter((y) => y > 0);
    const low = 10 ** Math.floor(Math.log10(Math.min(0.1, ...positive)));
    const high = 10 ** Math.ceil(Math.log10(Math.max(1, ...positive)));
    return logarithmic([Math.max(low, 1e-5), high], [bottom, top]);
  }
  const range = options.yRange ?? [0, roundedTop(values, options.least ?? 0.1)];
  return linear(range, [bottom, top], 4);
}

const LINE_HEIGHT = 15;

/** Names at the lines' ends, pushed apart where they would meet. */
function endLabels(
  series: readonly Series[],
  y: (point: readonly [number, number]) => number,
  x: (point: readonly [number, number]) => number,
  { top, bottom }: Plane,
): SVGTextElement[] {
  const ends = series
    .filter(({ faded }) => !faded)
    .map(({ name, color, points }) => {
      const end = points.at(-1) as readonly [number, number];
      return { name, color, left: x(end) + 8, at: y(end) };
    })
    .sort((a, b) => a.at - b.at);
  let above = top - LINE_HEIGHT;
  const placed = ends.map((end) => {
    above = Math.max(end.at, above + LINE_HEIGHT);
    return { ...end, at: above };
  });
  const excess = Math.max(0, above - bottom);
  return placed.map(({ name, color, left, at }) =>
    svg("text", { class: `end ${color.slice(2)}`, x: left, y: at - excess + 4 }, name),
  );
}
