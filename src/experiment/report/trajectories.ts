import * as Plot from "../../report/plot.ts";
import { drawSvg } from "../../report/svg.ts";
import type { Probe, RowResult, Scores } from "../measurements.ts";
import { baseOf } from "../recipe.ts";
import { mean } from "../summary/statistics.ts";
import { type DataTable, tableOf } from "./export/csv.ts";
import type { Reported } from "./reported.ts";

/** What is drawn over the steps of a row's training. */
interface Quantity {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  /** Undefined where there is none. */
  readonly of: (scores: Scores) => number | undefined;
}

const quantities: readonly Quantity[] = [
  { name: "target", title: "Target", unit: "exact match, %", of: ({ target }) => 100 * target },
  {
    ...{ name: "prior", title: "Prior skills", unit: "exact match, mean, %" },
    of: ({ prior }) => 100 * mean(Object.values(prior)),
  },
  {
    ...{ name: "klFromBase", title: "KL(base‖θ)", unit: "nats a token" },
    of: ({ klFromBase }) => klFromBase,
  },
  {
    ...{ name: "klToReference", title: "KL(θ‖SFT)", unit: "nats a token" },
    of: ({ klToReference }) => klToReference,
  },
  {
    ...{ name: "klFromAnchor", title: "KL(anchor‖θ) on the target", unit: "nats a token" },
    of: ({ onTarget }) => onTarget.klFromAnchor,
  },
  { name: "entropy", title: "Entropy", unit: "nats a token", of: ({ entropy }) => entropy },
  {
    ...{ name: "overlap4", title: "Overlap of the 4 likeliest with the base’s", unit: "%" },
    of: ({ overlap }) => (overlap["4"] === undefined ? undefined : 100 * overlap["4"]),
  },
  { name: "distance", title: "‖θ − base‖", unit: "Euclidean", of: ({ distance }) => distance },
];

/** A row at a step, over the seeds. */
interface Mark {
  readonly row: string;
  readonly number: string;
  readonly color: string;
  readonly step: number;
  readonly value: number;
  readonly width: number;
}

const isProbe = (m: { readonly kind: string }): m is Probe => m.kind === "probe";

function marksOf(study: Reported, { of }: Quantity): Mark[] {
  const probes = study.reported.filter(isProbe);
  const bases = study.reported.filter(
    (m): m is RowResult => m.kind === "row" && m.row === baseOf(study.recipe).id,
  );
  return study.shown.flatMap(({ row }) => {
    const probed = probes.filter((probe) => probe.row === row.id);
    // All rows begin as the base.
    const starts = bases.map((base) => ({ ...base, step: 0 }));
    const mine = probed.length > 0 ? [...starts, ...probed] : [];
    const steps = [...new Set(mine.map(({ step }) => step))].sort((a, b) => a - b);
    const important = [study.recipe.reference, study.main?.row.id].includes(row.id);
    return steps.flatMap((step): Mark[] => {
      const values = mine.flatMap((probe) => (probe.step === step ? (of(probe) ?? []) : []));
      const look = { color: study.look(row).color, width: important ? 2.4 : 1.1 };
      const number = study.numberOf(row) ?? "";
      return values.length > 0
        ? [{ row: row.label, number, ...look, step, value: mean(values) }]
        : [];
    });
  });
}

const SIZE = { width: 400, height: 260, marginLeft: 44, marginRight: 26, marginBottom: 34 };

function draw({ title, unit }: Quantity, marks: readonly Mark[]): string {
  const ends = [...new Map(marks.map((mark) => [mark.row, mark])).values()];
  return drawSvg(title, {
    ...SIZE,
    x: { label: "step →", ticks: 5 },
    y: { label: `↑ ${unit}`, grid: true, ticks: 5, zero: true },
    marks: [
      Plot.line(marks, {
        ...{ x: "step", y: "value", z: "row", stroke: "color", strokeWidth: "width" },
        ...{ strokeOpacity: 0.85, title: "row" },
      }),
      Plot.text(ends, {
        ...{ x: "step", y: "value", text: "number", dx: 5, textAnchor: "start", fontSize: 10 },
        ...{ fill: "color", stroke: "var(--page)", strokeWidth: 3 },
      }),
    ],
  });
}

/** A figure for each quantity that any probe has, with its title. */
export const trajectoryFigures = (study: Reported): { title: string; svg: string }[] =>
  quantities.flatMap((quantity) => {
    const marks = marksOf(study, quantity);
    return marks.length > 0 ? [{ title: quantity.title, svg: draw(quantity, marks) }] : [];
  });

/** Means over the seeds of all quantities, for each row that is shown and each step. */
export function trajectoryData(study: Reported): DataTable {
  const lines = new Map<string, Record<string, string | number>>();
  for (const quantity of quantities)
    for (const { row, step, value } of marksOf(study, quantity)) {
      const key = `${row} ${step}`;
      lines.set(key, { ...(lines.get(key) ?? { row, step }), [quantity.name]: value });
    }
  return tableOf("trajectories", [...lines.values()]);
}
