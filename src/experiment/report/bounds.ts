import * as Plot from "../../report/plot.ts";
import { drawSvg } from "../../report/svg.ts";
import type { Certified } from "../measurements.ts";
import { wideArea } from "./figure/area.ts";
import type { Reported } from "./reported.ts";

/** What the logarithmic axis can show: rounding may give less, and a step that stood still gives 0. */
const FLOOR = 1e-6;

/** Panels beside each other. */
const COLUMNS = 5;
const PANEL = 180;
/** Letters that fit above a panel. */
const LETTERS = 30;

/** A row's number and name above its panel. */
const panelTitle = ({ label, fx, fy }: Panel): Plot.Markish =>
  Plot.text([wrap(label)], {
    ...{ fx: [fx], fy: [fy], text: (text: string) => text },
    ...{ frameAnchor: "top", lineAnchor: "bottom", dy: -5, fill: "currentColor", fontSize: 11 },
  });

/** On two lines where it is long, broken at a space. */
function wrap(text: string): string {
  const at = text.lastIndexOf(" ", LETTERS);
  return text.length <= LETTERS || at < 0 ? text : `${text.slice(0, at)}\n${text.slice(at + 1)}`;
}

interface Panel {
  readonly label: string;
  readonly color: string;
  readonly steps: readonly Certified[];
  readonly fx: number;
  readonly fy: number;
}

/**
 * How far each outer step went (dots) against what the linear bound allows (ticks); a panel for each
 * row that is shown, logarithmic.
 */
export function boundFigure({ shown, seeds, certificates, look, numberOf }: Reported): string {
  const panels = shown
    .flatMap(({ row }): Omit<Panel, "fx" | "fy">[] => {
      const steps = certificates.filter((certificate) => certificate.row === row.id);
      return steps.length > 0
        ? [{ label: `${numberOf(row) ?? ""} ${row.label}`, color: look(row).color, steps }]
        : [];
    })
    .map((panel, i): Panel => ({ ...panel, fx: i % COLUMNS, fy: Math.floor(i / COLUMNS) }));
  const lines = Math.max(1, Math.ceil(panels.length / COLUMNS));
  const values = panels.flatMap(({ steps }) => steps.flatMap((c) => [c.bound, c.measured]));
  const domain = [Math.max(FLOOR, Math.min(...values)) / 1.5, 1.5 * Math.max(FLOOR, ...values)];
  const marks = panels.flatMap(({ color, steps, fx, fy }) =>
    steps.flatMap(({ outer, measured, bound, seed, linear }): Plot.Markish[] => {
      const spacing = Math.min(7, 24 / seeds.length);
      const dx = spacing * (seeds.indexOf(seed) - (seeds.length - 1) / 2);
      const at = { fx: [fx], fy: [fy], x: [outer + 1], dx } as const;
      const [low, high] = [Math.max(FLOOR, measured), Math.max(FLOOR, bound)];
      const dot = { ...at, y: [low], r: 3.2, fill: color, stroke: "var(--page)" };
      // Without a linear bound there is nothing to stay under.
      if (!linear) return [Plot.dot([outer], dot)];
      return [
        Plot.ruleX([outer], { ...at, y1: [low], y2: [high], stroke: color, strokeOpacity: 0.35 }),
        Plot.tickY([outer], { ...at, y: [high], stroke: color, strokeWidth: 2, inset: 0 }),
        Plot.dot([outer], dot),
      ];
    }),
  );
  return drawSvg("Step divergence against its bound", {
    ...wideArea,
    ...{ height: 90 + (PANEL + 48) * lines, marginTop: 48 },
    fx: { axis: null, domain: [...new Set(panels.map(({ fx }) => fx))], padding: 0.08 },
    fy: { axis: null, domain: [...new Set(panels.map(({ fy }) => fy))], padding: 0.26 },
    x: { type: "band", label: "outer step", padding: 0.3 },
    y: { type: "log", domain, label: "↑ nats a token", grid: true, ticks: 4, tickFormat: "~g" },
    marks: [Plot.frame({ strokeOpacity: 0.15 }), ...panels.map(panelTitle), ...marks],
  });
}
