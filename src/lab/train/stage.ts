import { html } from "../dom.ts";
import { answersView } from "../opening/answersView.ts";
import { paretoView } from "../views/pareto.ts";
import { scoreboard } from "../views/scoreboard.ts";
import type { View } from "../views/view.ts";
import { story } from "./story.ts";

/** What one sees first of a run. */
export interface Views {
  /** A question, its answers and the verdict. */
  readonly answers: View;
  /** What was learned against what was kept. */
  readonly plane: View;
  readonly board: View;
}

export const createViews = (): Views => ({
  ...{ answers: answersView(), plane: paretoView(), board: scoreboard() },
});

/** The parts of the training page. */
export interface Parts {
  readonly views: Views;
  /** Where the charts come. */
  readonly charts: HTMLElement;
  /** About the recorded run. */
  readonly recorded: HTMLElement;
  readonly controls: HTMLElement;
  readonly settings: HTMLElement;
  readonly notices: readonly HTMLElement[];
  readonly library: readonly HTMLElement[];
}

/** Lays the training page out: settings beside what one sees. */
export function layOut(parts: Parts): HTMLElement {
  const { views, charts, recorded, controls, settings, notices, library } = parts;
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
      charts,
      runs,
    ),
  );
}
