import { svg } from "../dom.ts";
import type { Scale } from "./scale.ts";

/** Pixels around and inside a drawing's plane. */
export interface Plane {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Axes {
  readonly x: Scale;
  readonly y: Scale;
  readonly xLabel: string;
  readonly yLabel: string;
}

/** Grid lines, ticks and names of both axes. */
export function drawAxes({ left, right, top, bottom }: Plane, axes: Axes): SVGGElement {
  const { x, y, xLabel, yLabel } = axes;
  const rows = y.ticks.flatMap((tick) => [
    svg("line", { class: "grid", x1: left, x2: right, y1: y(tick), y2: y(tick) }),
    svg(
      "text",
      { class: "tick", x: left - 6, y: y(tick) + 4, "text-anchor": "end" },
      y.format(tick),
    ),
  ]);
  const columns = x.ticks.map((tick) =>
    svg(
      "text",
      { class: "tick", x: x(tick), y: bottom + 16, "text-anchor": "middle" },
      x.format(tick),
    ),
  );
  const names = [
    svg("text", { class: "axis", x: right, y: bottom + 32, "text-anchor": "end" }, xLabel),
    svg("text", { class: "axis", x: 0, y: top - 10 }, yLabel),
  ];
  const floor = svg("line", { class: "floor", x1: left, x2: right, y1: bottom, y2: bottom });
  return svg("g", {}, ...rows, floor, ...columns, ...names);
}
