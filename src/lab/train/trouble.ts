import { html } from "../dom.ts";
import type { Run } from "../runs/run.ts";
import type { Trouble } from "../worker/protocol.ts";

/** What has happened, and what one can do. */
const words: Readonly<Record<Trouble, readonly [what: string, remedy: string]>> = {
  lost: [
    "The graphics card was lost",
    "The driver was restarted, the computer slept, or another program took the card. Going on starts the engine anew.",
  ],
  memory: [
    "There is not enough memory",
    "Close other tabs, choose a smaller study, or another engine.",
  ],
  storage: [
    "This browser has no room left for this page's files",
    "Save runs that you want to keep, delete them below, then go on.",
  ],
  engine: ["The engine cannot start here", "Choose another one, WebAssembly runs everywhere."],
  other: ["The run has failed", "Going on tries again from the last finished row."],
};

/** A box about a run that did not come to its end. */
export interface TroubleBox {
  readonly element: HTMLElement;
  update(run: Run | undefined): void;
}

/** @param goOn finishes the run */
export function troubleBox(goOn: (run: Run) => void): TroubleBox {
  const element = html("div", { class: "notice", role: "alert", hidden: true });
  let drawn = "";
  return {
    element,
    update(run) {
      const now = run ? `${run.name} ${run.status} ${run.trouble?.message}` : "";
      if (now === drawn) return;
      drawn = now;
      element.hidden = !run || !["failed", "cut off"].includes(run.status);
      if (!run || element.hidden) return;
      const done = run.measurements.filter(({ kind }) => kind === "row").length;
      const kept = `${done} of ${run.recipe.rows.length} rows are finished and kept.`;
      const [what, remedy] = run.trouble
        ? words[run.trouble.kind]
        : ["This run was cut off: its tab was closed or the computer stopped", "It can go on."];
      element.replaceChildren(
        html("strong", {}, `${what}.`),
        ` ${kept} ${remedy} `,
        html("button", { type: "button", class: "small", onclick: () => goOn(run) }, "Go on"),
        ...(run.trouble ? [html("small", { class: "muted block" }, run.trouble.message)] : []),
      );
    },
  };
}
