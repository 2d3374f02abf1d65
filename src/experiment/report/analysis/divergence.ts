import * as Plot from "../../../report/plot.ts";
import { drawSvg } from "../../../report/svg.ts";
import {
  explained,
  type Quadratic,
  quadraticFit,
  spearmanInterval,
} from "../../summary/correlation.ts";
import { mean } from "../../summary/statistics.ts";
import { type DataTable, tableOf } from "../export/csv.ts";
import { type Domain, wideArea } from "../figure/area.ts";
import { numberMarks } from "../figure/numbers.ts";
import type { Reported } from "../reported.ts";

/** A row as a point: how far it went on the target, and what it forgot. */
interface Moved {
  readonly row: string;
  readonly label: string;
  readonly family: string;
  readonly color: string;
  /** KL(base ‖ θ) and KL(θ ‖ base) on the target, nats a token. */
  readonly kl: number;
  readonly reverse: number;
  /** Of the prior skills, 1 for all of them. */
  readonly drop: number;
}

const movedRows = ({ rows, look }: Reported): Moved[] =>
  rows.flatMap(({ row, details, drop }) => {
    const [kl, reverse] = [details.targetKl?.mean, details.targetKlReverse?.mean];
    if (row.method === "base" || kl === undefined || reverse === undefined) return [];
    const { id, label, family } = row;
    return [{ row: id, label, family, color: look(row).color, kl, reverse, drop: drop.mean }];
  });

/** How well a set of rows follows one law. */
interface Law {
  readonly rows: string;
  readonly count: number;
  readonly spearman: number | undefined;
  readonly low: number | undefined;
  readonly high: number | undefined;
  /** Of a parabola through these rows, and of plain fine-tuning's parabola. */
  readonly fitted: number | undefined;
  readonly bySft: number | undefined;
}

/** So many families with the largest losses are left out, to see whether they make the law. */
const WORST = 3;

function lawsOf(all: readonly Moved[]): Law[] {
  const worst = worstFamilies(all);
  const plain = curveOf(all.filter(({ family }) => family === "sft"));
  const others = all.filter(({ family }) => family !== "sft");
  const sets: readonly (readonly [string, readonly Moved[], ((row: Moved) => number)?])[] = [
    ["all rows", all],
    ["all rows, KL(θ‖base)", all, ({ reverse }) => reverse],
    ["all but SFT's", others],
    [
      `without ${worst.join(", ")}, which lose most`,
      all.filter(({ family }) => !worst.includes(family)),
    ],
  ];
  return sets.map(([rows, moved, x = ({ kl }) => kl]) => {
    const [xs, ys] = [moved.map(x), moved.map(({ drop }) => drop)];
    const rank = spearmanInterval(xs, ys);
    const own = quadraticFit(xs, ys);
    return {
      ...{ rows, count: moved.length, spearman: rank?.value, low: rank?.low, high: rank?.high },
      fitted: own && explained(own, xs, ys),
      bySft: plain && moved === others ? explained(plain, xs, ys) : undefined,
    };
  });
}

const curveOf = (moved: readonly Moved[]): Quadratic | undefined =>
  quadraticFit(
    moved.map(({ kl }) => kl),
    moved.map(({ drop }) => drop),
  );

function worstFamilies(all: readonly Moved[]): string[] {
  const families = [...new Set(all.map(({ family }) => family))];
  const lossOf = (name: string): number =>
    mean(all.filter(({ family }) => family === name).map(({ drop }) => drop));
  return families.toSorted((a, b) => lossOf(b) - lossOf(a)).slice(0, WORST);
}

/** Forgetting against how far a row went on what it was trained on; the line is SFT's parabola, and
 * the numbers are the chosen rows'. */
export function divergenceFigure(study: Reported): string | undefined {
  const numbers = new Map(study.rows.map(({ row }) => [row.id, study.numberOf(row)]));
  const moved = movedRows(study).map((row) => ({
    ...row,
    ...{ lost: 100 * row.drop, number: numbers.get(row.row) },
  }));
  if (moved.length < 4) return undefined;
  const sft = moved.filter(({ family }) => family === "sft");
  const plain = curveOf(sft);
  // No further than SFT's rows: beyond them a parabola says nothing.
  const far = sft.map(({ kl }) => kl);
  const [least, most] = [Math.min(...far), Math.max(...far)];
  const curve = plain
    ? Array.from({ length: 60 }, (_, i) => least + ((most - least) * i) / 59).map((x) => ({
        ...{ x, y: 100 * plain(x) },
      }))
    : [];
  // An axis has a length, even where nothing moved.
  const x: Domain = [0, 1.02 * Math.max(1e-3, ...moved.map(({ kl }) => kl))];
  const y: Domain = [-5, 100];
  const numbered = moved.flatMap(({ kl, lost, number: text, color }) =>
    text === undefined ? [] : [{ x: kl, y: lost, text, color }],
  );
  const { leaders, labels } = numberMarks(numbered, x, y, wideArea);
  return drawSvg("Forgetting against divergence on the target", {
    ...wideArea,
    x: { domain: [...x], label: "KL(base‖θ) on the target, nats a token →", grid: true },
    y: { domain: [...y], label: "↑ prior skills lost, %", grid: true },
    marks: [
      Plot.line(curve, {
        ...{ x: "x", y: "y", stroke: "var(--sft)", strokeOpacity: 0.5, clip: true },
        strokeDasharray: "4 3",
      }),
      ...leaders,
      Plot.dot(moved, {
        ...{ x: "kl", y: "lost", r: 3.4, fill: "color", fillOpacity: 0.8 },
        stroke: "var(--page)",
        title: ({ label, kl, lost }: { label: string; kl: number; lost: number }) =>
          `${label}: KL ${kl.toFixed(3)}, lost ${lost.toFixed(1)} %`,
      }),
      ...labels,
    ],
  });
}

/** What ranks and parabolas say of it. */
export const lawData = (study: Reported): DataTable =>
  tableOf(
    "laws",
    movedRows(study).length < 4
      ? []
      : lawsOf(movedRows(study)).map(({ rows, count, fitted, bySft, ...rank }) => ({
          ...{ rows, count, ...rank },
          ...{ "R² of a parabola": fitted, "R² of SFT's parabola": bySft },
        })),
  );
