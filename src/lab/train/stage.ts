import { html } from "../dom.ts";
import { certificateView } from "../views/certificates.ts";
import { divergenceView, lossView, skillsView } from "../views/curves.ts";
import { machineView } from "../views/machine.ts";
import { paretoView } from "../views/pareto.ts";
import { samplesView } from "../views/samples.ts";
import { scoreboard } from "../views/scoreboard.ts";
import type { Shown } from "../views/view.ts";

/** The parts of the training page that do things. */
export interface StageParts {
  readonly controls: HTMLElement;
  readonly form: HTMLElement;
  readonly notices: readonly HTMLElement[];
  readonly library: readonly HTMLElement[];
}

export interface Stage {
  readonly element: HTMLElement;
  update(shown: Shown): void;
}

/** Lays the training page out: settings beside what one sees. */
export function createStage({ controls, form, notices, library }: StageParts): Stage {
  const board = scoreboard();
  const charts = [
    ...[paretoView(), certificateView(), skillsView(), lossView(), divergenceView()],
    ...[samplesView(), machineView()],
  ];
  const runs = html(
    "section",
    { class: "library", "aria-label": "Runs" },
    html("h2", {}, "Your runs"),
    html(
      "p",
      {},
      "Runs are kept in this browser. A saved run is the directory that the command line writes and reads; a base model pre-trained there can be opened too.",
    ),
    ...library,
  );
  const element = html(
    "div",
    { class: "lab" },
    html("aside", { class: "panel", "aria-label": "Controls" }, controls, form),
    html(
      "div",
      { class: "stage-column" },
      ...notices,
      html("h2", { class: "unseen" }, "This run"),
      board.element,
      html("div", { class: "charts" }, ...charts.map((chart) => chart.element)),
      runs,
    ),
  );
  return {
    element,
    update(shown) {
      board.update(shown);
      for (const chart of charts) chart.update(shown);
    },
  };
}
