import { nats, percent } from "../../report/format.ts";
import { type Lines, lines, type Series } from "../chart/lines.ts";
import { html } from "../dom.ts";
import { baseRow, type Look, looksOf, progressOf, type Run, tunedRows } from "../runs/run.ts";
import { colorOf, shortName } from "./colors.ts";
import { skillName } from "./skillNames.ts";
import type { Shown, View } from "./view.ts";

type Points = Series["points"];

/** One line for each row of each run, the other runs' faded. */
function seriesOf(
  { run, others }: Shown,
  points: (run: Run, row: Run["recipe"]["rows"][number]) => Points,
  dots = false,
): Series[] {
  const end = lastStep({ run, others });
  const of = (each: Run, faded: boolean): Series[] =>
    tunedRows(each).map((row) => ({
      ...{ name: shortName(row), color: colorOf(row), faded, dots },
      points: drawn(points(each, row), end),
    }));
  return [...others.flatMap((other) => of(other, true)), ...(run ? of(run, false) : [])];
}

/**
 * A row that takes no step, as averaged weights, has no way from the base: its end alone is drawn,
 * beside the others' ends.
 */
export function drawn(points: Points, end: number): Points {
  const last = points.at(-1);
  return last && points.length > 1 && last[0] === 0 ? [[end, last[1]]] : points;
}

/** The last step that any shown row has or will have. */
function lastStep({ run, others }: Shown): number {
  const steps = [...others, ...(run ? [run] : [])].flatMap((each) =>
    tunedRows(each).map((row) => progressOf(each, row)[0]?.steps ?? 0),
  );
  return Math.max(1, ...steps);
}

const looks = (value: (look: Look) => number) => (run: Run, row: Run["recipe"]["rows"][number]) =>
  looksOf(run, row).map((look) => [look.step, value(look)] as const);

/** What each training minimises. */
export function lossView(): View {
  const chart = lines({
    title: "Loss",
    about:
      "What each method minimises, a batch at a time. SFT pushes the probability of every token of the data up, the meaningless sign-off included: its loss levels off where letters are random. Anchored Learning minimises the distance to an anchor that is close by, so its loss starts small; each outer step moves the anchor, and the loss jumps.",
    xLabel: "training step",
    yLabel: "nats a token",
    logarithmic: true,
    format: nats,
    empty: "Appears with the first training steps.",
  });
  const points = (run: Run, row: Run["recipe"]["rows"][number]): Points =>
    progressOf(run, row).map(({ step, loss }) => [step, loss] as const);
  /** Pre-training has its own scale: it is drawn until fine-tuning begins. */
  const before = ({ run }: Shown): Series[] => {
    const base = run && baseRow(run);
    if (!run || !base || run.measurements.some((m) => m.kind !== "progress")) return [];
    return [{ name: "Pre-training", color: "--base", points: points(run, base) }];
  };
  return {
    element: chart.element,
    update(shown) {
      const begun = before(shown);
      if (begun.length > 0 && shown.run) {
        const steps = progressOf(shown.run, baseRow(shown.run))[0]?.steps ?? 1;
        chart.update(begun, steps);
      } else chart.update(seriesOf(shown, points), lastStep(shown));
    },
  };
}

/** How far each student is from where it began. */
export function divergenceView(): View {
  const chart = lines({
    title: "Distance from the base",
    about:
      "KL(base ‖ θ) on answers to the prior skills, where nothing was trained. Forgetting is this distance: a model whose distributions stay where they were still answers as it did.",
    xLabel: "training step",
    yLabel: "nats a token",
    least: 0.05,
    format: nats,
    empty: "Appears with the first look at a student.",
  });
  return {
    element: chart.element,
    update: (shown) =>
      chart.update(
        seriesOf(
          shown,
          looks(({ klFromBase }) => klFromBase),
          true,
        ),
        lastStep(shown),
      ),
  };
}

/** The target and each prior skill, in a chart each. */
export function skillsView(): View {
  const grid = html("div", { class: "multiples" });
  const element = html(
    "section",
    { class: "skills", "aria-label": "Skills" },
    html("h3", {}, "The target, and everything else"),
    html(
      "p",
      {},
      "Share of questions answered exactly right. Fine-tuning asks for the target alone; all other skills are what the base could do before. Ordinary fine-tuning pays for the one with the others. What takes no step of its own, as averaged weights, is a point at the end.",
    ),
    grid,
  );
  let charts: Readonly<Record<string, Lines>> = {};
  function prepare(skills: readonly string[]): void {
    const names = ["target", ...skills];
    if (names.join() === Object.keys(charts).join()) return;
    charts = Object.fromEntries(names.map((name) => [name, skillChart(name)]));
    grid.replaceChildren(...Object.values(charts).map((chart) => chart.element));
  }
  return {
    element,
    update(shown) {
      const { run } = shown;
      const seen = run?.measurements.find((m) => m.kind === "row");
      if (!run || seen?.kind !== "row") {
        prepare([]);
      } else prepare(Object.keys(seen.prior));
      for (const [name, chart] of Object.entries(charts)) {
        const value = (look: Look): number =>
          name === "target" ? look.target : (look.prior[name] ?? NaN);
        const same = { ...shown, others: shown.others.filter(sameSkills(run)) };
        chart.update(seriesOf(same, looks(value), true), lastStep(same));
      }
    },
  };
}

const sameSkills =
  (run: Run | undefined) =>
  (other: Run): boolean =>
    other.recipe.suite === run?.recipe.suite;

function skillChart(name: string): Lines {
  return lines({
    title: name === "target" ? "Target" : skillName(name),
    about: "",
    xLabel: "step",
    yLabel: "",
    height: 150,
    yRange: [0, 1],
    format: (share) => `${percent(share, 0)} %`,
    empty: "Waits for the base.",
  });
}
