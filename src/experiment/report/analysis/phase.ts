import { percent } from "../../../report/format.ts";
import * as Plot from "../../../report/plot.ts";
import { drawSvg } from "../../../report/svg.ts";
import { parametersOf } from "../../model.ts";
import { baseOf, ownRateOf } from "../../recipe.ts";
import { mean } from "../../summary/statistics.ts";
import type { RowSummary } from "../../summary/summary.ts";
import { type DataTable, tableOf } from "../export/csv.ts";
import { wideArea } from "../figure/area.ts";
import type { Reported } from "../reported.ts";
import { conditionOf, sizeText } from "./size.ts";

/** Between families that are as good as each other, this much of gain plus retention is nothing. */
const SAME = 0.005;

interface Cell {
  readonly study: string;
  readonly parameters: number;
  /** The base's mean log-probability of an answer's least likely wanted token, nats. */
  readonly rarest: number;
  readonly rate: number;
  readonly best: string;
  readonly name: string;
  readonly color: string;
  /** Others that are as good, or nearly. */
  readonly also: number;
  readonly seeds: number;
  /** Of the best row. */
  readonly gain: number;
  readonly lost: number;
}

/** For each study and learning rate the family with the largest sum of gain and retention. */
function phaseCells(studies: readonly Reported[]): Cell[] {
  return studies.flatMap((study) => {
    const { recipe, rows, reported, look } = study;
    const rarest = reported.flatMap((m) =>
      m.kind === "row" && m.row === baseOf(recipe).id && m.rarest !== undefined ? [m.rarest] : [],
    );
    if (rarest.length === 0) return [];
    const rates = [...new Set(rows.flatMap(({ row }) => ownRateOf(row) ?? []))].sort(
      (a, b) => a - b,
    );
    return rates.flatMap((rate): Cell[] => {
      const there = rows.filter(({ row, gain }) => ownRateOf(row) === rate && gain !== undefined);
      const best = there.toSorted((a, b) => scoreOf(b) - scoreOf(a))[0];
      if (!best) return [];
      const near = new Set(
        there.flatMap((one) => (scoreOf(one) >= scoreOf(best) - SAME ? [one.row.family] : [])),
      );
      return [
        {
          ...{ study: recipe.name, parameters: parametersOf(recipe), rarest: mean(rarest), rate },
          ...{ best: best.row.family, ...look(best.row), also: near.size - 1 },
          ...{ seeds: best.seeds.length, gain: best.gain?.mean ?? 0, lost: best.drop.mean },
        },
      ];
    });
  });
}

const scoreOf = ({ gain, drop }: RowSummary): number =>
  Math.min(1, gain?.mean ?? 0) + 1 - drop.mean;

/** Pixels of a rate's line: a name of a family takes up to three lines, and there are two more. */
const LINE = 70;
const FONT = 11;

const textOf = ({ name, also, gain, lost }: Cell): string =>
  [
    name,
    ...(also > 0 ? [`and ${also} more`] : []),
    `${percent(gain, 0)} / ${percent(lost, 0)}`,
  ].join("\n");

/**
 * Which family does best where, over how rare the rarest wanted token is and the learning rate. Studies
 * stand in the order of that rarity, not at its distances: many of them are as rare.
 */
export function phaseFigure(studies: readonly Reported[]): string | undefined {
  const cells = phaseCells(studies).toSorted((a, b) => a.rarest - b.rarest);
  const first = new Map(cells.map((cell) => [cell.study, cell]));
  if (first.size === 0) return undefined;
  const rates = [...new Set(cells.map(({ rate }) => rate))].sort((a, b) => b - a);
  const area = { ...wideArea, marginBottom: 84, marginTop: 28 };
  const band = (area.width - area.marginLeft - area.marginRight) / first.size;
  return drawSvg("The best family by rarity and rate", {
    ...{ ...area, height: area.marginTop + area.marginBottom + LINE * rates.length },
    x: {
      ...{ domain: [...first.keys()], padding: 0.04, tickSize: 0 },
      ...{ label: "log p_base of the rarest wanted token, nats →", labelAnchor: "right" },
      tickFormat: (name: string) => {
        const { rarest = Number.NaN, parameters = 0 } = first.get(name) ?? {};
        return `${conditionOf(name)}\n${sizeText(parameters)}\n${rarest.toFixed(1).replace("-", "−")}`;
      },
    },
    y: {
      ...{ domain: rates, padding: 0.06, tickSize: 0, tickFormat: "~g" },
      ...{ label: "↑ learning rate", labelAnchor: "top" },
    },
    marks: [
      Plot.cell(cells, {
        ...{ x: "study", y: "rate", fill: "color", fillOpacity: 0.22, title: "best" },
      }),
      Plot.text(cells, {
        ...{ x: "study", y: "rate", fontSize: FONT, fill: "currentColor" },
        // Letters of the page may be a tenth wider than they are reckoned.
        lineWidth: (0.88 * band - 8) / FONT,
        text: textOf,
      }),
    ],
  });
}

/** The same as numbers. */
export const phaseData = (studies: readonly Reported[]): DataTable =>
  tableOf(
    "phases",
    phaseCells(studies).map(({ color: _, name: __, ...cell }) => ({ ...cell })),
  );
