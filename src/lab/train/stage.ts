import { html } from "../dom.ts";
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

/** All that draws runs and their files, the table of results first. */
export const createViews = ({ read }: Pick<Storage, "read">): readonly View[] => [
  ...[scoreboard(), paretoView(), certificateView(), skillsView(), distributionsView(read)],
  ...[lossView(), divergenceView(), samplesView(), machineView()],
];

/** The parts of the training page. */
export interface Parts {
  readonly views: readonly HTMLElement[];
  readonly controls: HTMLElement;
  readonly form: HTMLElement;
  readonly notices: readonly HTMLElement[];
  readonly library: readonly HTMLElement[];
}

/** Lays the training page out: settings beside what one sees. */
export function layOut({ views, controls, form, notices, library }: Parts): HTMLElement {
  const [board, ...charts] = views as [HTMLElement, ...HTMLElement[]];
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
  // Where there is one column, what one sees comes before what one may turn.
  const wide = matchMedia("(min-width: 60rem)").matches;
  return html(
    "div",
    { class: "lab" },
    html(
      "aside",
      { class: "panel", "aria-label": "Controls" },
      controls,
      html("details", { class: "settings", open: wide }, html("summary", {}, "Settings"), form),
    ),
    html(
      "div",
      { class: "stage-column" },
      ...notices,
      story(),
      html("h2", { class: "unseen" }, "This run"),
      board,
      html("div", { class: "charts" }, ...charts),
      runs,
    ),
  );
}
