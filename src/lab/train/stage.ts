import { html } from "../dom.ts";
import { answersView } from "../opening/answersView.ts";
import type { Storage } from "../runs/storage.ts";
import { certificateView } from "../views/certificates.ts";
import { divergenceView, lossView, skillsView } from "../views/curves.ts";
import { distributionsView } from "../views/distributions.ts";
import { machineView } from "../views/machine.ts";
import { paretoView } from "../views/pareto.ts";
import { samplesView } from "../views/samples.ts";
import { scoreboard } from "../views/scoreboard.ts";
import type { View } from "../views/view.ts";
import { story } from "./story.ts";

/** All that draws runs and their files. */
export interface Views {
  /** A question, its answers and the verdict. */
  readonly answers: View;
  /** What was learned against what was kept. */
  readonly plane: View;
  readonly board: View;
  readonly charts: readonly View[];
}

export const createViews = ({ read }: Pick<Storage, "read">): Views => ({
  ...{ answers: answersView(), plane: paretoView(), board: scoreboard() },
  charts: [
    ...[certificateView(), skillsView(), distributionsView(read)],
    ...[lossView(), divergenceView(), samplesView(), machineView()],
  ],
});

/** The parts of the training page. */
export interface Parts {
  readonly views: Views;
  /** About the recorded run. */
  readonly recorded: HTMLElement;
  readonly controls: HTMLElement;
  readonly settings: HTMLElement;
  readonly notices: readonly HTMLElement[];
  readonly library: readonly HTMLElement[];
}

/** Lays the training page out: settings beside what one sees. */
export function layOut(parts: Parts): HTMLElement {
  const { views, recorded, controls, settings, notices, library } = parts;
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
  return html(
    "div",
    { class: "lab" },
    html("aside", { class: "panel", "aria-label": "Controls" }, recorded, controls, settings),
    html(
      "div",
      { class: "stage-column" },
      html("div", { class: "first" }, ...notices),
      html("h2", { class: "unseen" }, "This run"),
      html("div", { class: "first" }, views.answers.element, views.plane.element),
      views.board.element,
      story(),
      html("div", { class: "charts" }, ...views.charts.map(({ element }) => element)),
      runs,
    ),
  );
}
