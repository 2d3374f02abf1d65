import { html } from "../dom.ts";
import type { Run } from "../runs/run.ts";

export interface RecordedBox {
  readonly element: HTMLElement;
  /** @param run the one that is looked at */
  update(run: Run | undefined): void;
}

/** Says that what one sees was recorded, plays it again, and leads to what one may do oneself. */
export function recordedBox(actions: {
  readonly play: () => void;
  readonly tryIt: () => void;
}): RecordedBox {
  const about = html("p", {}, "A recorded run of the study: one seed, 113 k parameters.");
  const again = html("button", { type: "button", onclick: actions.play }, "Play it again");
  const tryIt = html("button", { type: "button", onclick: actions.tryIt }, "Try it yourself");
  return {
    element: html("div", { class: "recorded" }, about, html("div", { class: "row" }, again, tryIt)),
    update(run) {
      const isRecorded = run?.status === "recorded";
      about.hidden = !isRecorded;
      tryIt.hidden = !isRecorded;
      again.textContent = isRecorded ? "Play it again" : "See the recorded run";
    },
  };
}
