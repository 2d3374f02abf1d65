import * as Plot from "../../../report/plot.ts";
import { drawSvg } from "../../../report/svg.ts";
import { pointsOf } from "../../summary/front.ts";
import { CORNER } from "../../summary/hypervolume.ts";
import { type Point, paretoFrontier } from "../../summary/statistics.ts";
import { wideArea } from "../figure/area.ts";
import { numberMarks } from "../figure/numbers.ts";
import type { Reported } from "../reported.ts";

/** Where the axes end, percent. */
const END = 103;

interface Step {
  readonly x: number;
  readonly y: number;
  readonly family: string;
  readonly color: string;
  readonly label: string;
}

/** The front of each family's settings, in the corner whose area is the hypervolume. */
export function frontFigure(study: Reported): string | undefined {
  const [from, kept] = [100 * CORNER.gain, 100 * CORNER.kept];
  const families = [...new Set(study.rows.map(({ row }) => row.family))];
  const fronts = families.flatMap((family) => {
    const mine = study.rows.filter(({ row }) => row.family === family);
    const points = pointsOf(mine).filter(
      (point) => point.gain > CORNER.gain && point.kept > CORNER.kept,
    );
    const [first] = mine;
    if (points.length === 0 || !first) return [];
    const { name, color } = study.look(first.row);
    const step = ({ gain, kept: left }: Point, label = ""): Step => ({
      ...{ x: 100 * left, y: Math.min(END, 100 * gain), family, color, label },
    });
    const front = paretoFrontier(points);
    // From the right below to the left above, as far as the corner's own edges.
    const line = [
      { gain: CORNER.gain, kept: front[0]?.kept ?? CORNER.kept },
      ...front,
      { gain: front.at(-1)?.gain ?? CORNER.gain, kept: CORNER.kept },
    ].map((point) => step(point));
    const dots = points.map((point) => {
      const label = mine.find(({ row }) => row.id === point.id)?.row.label ?? "";
      return step(point, `${name}: ${label}`);
    });
    const numbered = mine.find(({ row }) => study.numberOf(row) !== undefined);
    const chosen = numbered && pointsOf([numbered])[0];
    return [{ line, dots, tag: chosen && step(chosen, study.numberOf(numbered.row)) }];
  });
  if (fronts.length === 0) return undefined;
  const tags = fronts.flatMap(({ tag }) =>
    tag && tag.x >= kept && tag.y >= from ? [{ ...tag, text: tag.label }] : [],
  );
  const { leaders, labels } = numberMarks(tags, [kept, END], [from, END], wideArea);
  return drawSvg("Fronts of the families", {
    ...wideArea,
    x: { domain: [kept, END], label: "prior skills kept, % of the base →", grid: true },
    y: { domain: [from, END], label: "↑ gain on the target, % of the reference's", grid: true },
    marks: [
      Plot.line(
        fronts.flatMap(({ line }) => line),
        {
          ...{ x: "x", y: "y", z: "family", stroke: "color", curve: "step-after" },
          ...{ strokeOpacity: 0.7, clip: true },
        },
      ),
      ...leaders,
      Plot.dot(
        fronts.flatMap(({ dots }) => dots),
        { x: "x", y: "y", r: 2.6, fill: "color", stroke: "var(--page)", title: "label" },
      ),
      ...labels,
    ],
  });
}
