import { percent } from "../../report/format.ts";
import { html } from "../dom.ts";
import { baseRow, progressOf, type Run, resultOf } from "../runs/run.ts";

export interface Controls {
  readonly element: HTMLElement;
  /** @param run the one that is being trained, or was last */
  update(run: Run | undefined): void;
  /** Leads the keyboard to Start. */
  focus(): void;
}

export interface Actions {
  readonly start: () => void;
  readonly pause: () => void;
  readonly go: () => void;
  readonly step: () => void;
  readonly stop: () => void;
}

/** Start, pause, step, stop, and how far the run has come. */
export function createControls(actions: Actions): Controls {
  const button = (text: string, title: string, action: () => void, primary = false) =>
    html(
      "button",
      { type: "button", title, class: primary ? "primary" : undefined, onclick: action },
      text,
    );
  const start = button("Start", "Train with these settings", actions.start, true);
  const pause = button("Pause", "Wait after the measurement at hand", () =>
    pause.textContent === "Pause" ? actions.pause() : actions.go(),
  );
  const step = button("Step", "Go on to the next measurement, then wait", actions.step);
  const stop = button("Stop", "End this run; what is finished is kept", actions.stop);
  const bar = html("progress", { max: 1, value: 0, "aria-label": "Progress of the run" });
  const text = html("span", { class: "muted" });
  const element = html(
    "div",
    { class: "controls" },
    html("div", { class: "row" }, start, pause, step, stop),
    html("div", { class: "progress" }, bar, text),
  );
  return {
    element,
    focus: () => start.focus(),
    update(run) {
      const active = run && ["starting", "running", "paused"].includes(run.status);
      start.disabled = active === true;
      for (const each of [pause, step, stop]) each.disabled = !active;
      pause.textContent = run?.status === "paused" ? "Go on" : "Pause";
      const { share, about } = run ? standing(run) : { share: 0, about: "Nothing runs." };
      bar.value = share;
      text.textContent = about;
    },
  };
}

/** How much of a run is done, in rows and steps. */
function standing(run: Run): { share: number; about: string } {
  const { rows } = run.recipe;
  const done = rows.filter((row) => resultOf(run, row)).length;
  const at = rows.find((row) => !resultOf(run, row));
  const progress = at && progressOf(run, at).at(-1);
  const share = Math.min(1, (done + (progress ? progress.step / progress.steps : 0)) / rows.length);
  if (run.status === "recorded") return { share: 1, about: "Nothing is training." };
  if (run.status === "starting") return { share, about: "Starting the engine …" };
  if (!at) return { share: 1, about: "Finished." };
  // A base that comes with the page is not pre-trained.
  const ofBase = progress ? "pre-training" : "the look at the base";
  const what = at === baseRow(run) ? ofBase : at.label;
  const words = { paused: "Waits in", stopped: "Stopped in", failed: "Failed in" } as const;
  const verb = words[run.status as keyof typeof words] ?? (progress ? "Training:" : "At work:");
  return { share, about: `${verb} ${what}, ${percent(share, 0)} % of all` };
}
