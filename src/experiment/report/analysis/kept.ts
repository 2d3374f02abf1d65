import * as Plot from "../../../report/plot.ts";
import { drawSvg } from "../../../report/svg.ts";
import { plotArea } from "../figure/area.ts";
import type { Reported } from "../reported.ts";

/** Answers that students kept against those that κ certifies of the exact anchor (hollow) and those
 * that the anchor keeps (filled), for rows with an anchor between distributions. */
export function keptFigure({ rows, look }: Reported): string | undefined {
  const dots = rows.flatMap(({ row, details }) => {
    const { kept, anchorKept, anchorCertified } = details;
    if (!kept || !anchorKept || !anchorCertified) return [];
    return [
      {
        ...{ label: row.label, color: look(row).color, kept: 100 * kept.mean },
        ...{ keeps: 100 * anchorKept.mean, certified: 100 * anchorCertified.mean },
      },
    ];
  });
  if (dots.length === 0) return undefined;
  const lowest = Math.min(...dots.flatMap(({ kept, certified }) => [kept, certified]));
  const from = 10 * Math.floor(Math.max(0, lowest) / 10);
  const ends = [
    { x: from, y: from },
    { x: 100, y: 100 },
  ];
  const titled = { title: "label", stroke: "color" } as const;
  return drawSvg("Kept answers against certified ones", {
    ...plotArea,
    x: { domain: [from, 101], label: "of the exact anchor, % of the base's right answers →" },
    y: { domain: [from, 101], label: "↑ kept by the student, %", grid: true },
    marks: [
      Plot.line(ends, { x: "x", y: "y", stroke: "currentColor", strokeOpacity: 0.35 }),
      Plot.link(dots, {
        ...{ x1: "certified", x2: "keeps", y1: "kept", y2: "kept" },
        ...{ stroke: "color", strokeOpacity: 0.25 },
      }),
      Plot.dot(dots, { x: "certified", y: "kept", r: 3.2, fill: "var(--page)", ...titled }),
      Plot.dot(dots, { x: "keeps", y: "kept", r: 3.2, fill: "color", ...titled }),
    ],
  });
}
