import { nats, percent } from "../../report/format.ts";
import { html } from "../dom.ts";
import { looksOf, type Run, tunedRows } from "../runs/run.ts";
import { colorOf } from "./colors.ts";

export interface RunActions {
  readonly select: (run: Run) => void;
  readonly toggle: (run: Run, shown: boolean) => void;
  readonly goOn: (run: Run) => void;
  readonly share: (run: Run) => void;
  readonly save: (run: Run) => void;
  /** Saves the other method's weights alone. */
  readonly weights: (run: Run) => void;
  readonly remove: (run: Run) => void;
}

export interface RunsTable {
  readonly element: HTMLElement;
  update(runs: readonly Run[], selected: Run | undefined): void;
}

/** All runs that there are: to compare, to drop, to keep as a file. */
export function runsTable(actions: RunActions): RunsTable {
  const body = html("tbody");
  const head = (text: string, number = false): HTMLElement =>
    html("th", { scope: "col", class: number ? "number" : undefined }, text);
  const names = ["Shown", "Run", "SFT", "Other method", "Status", "Actions"];
  const element = html(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "All runs", hidden: true },
    html(
      "table",
      { class: "runs" },
      html("caption", {}, "Each method: target learned / skills kept / KL from the base"),
      html("thead", {}, html("tr", {}, ...names.map((name) => head(name)))),
      body,
    ),
  );
  let drawn = "";
  return {
    element,
    update(runs, selected) {
      const now = JSON.stringify([
        selected?.name,
        runs.map((run) => [run.name, run.status, run.shown, results(run)]),
      ]);
      // Drawn anew under the keyboard's focus, a table would lose it.
      if (now === drawn) return;
      drawn = now;
      element.hidden = runs.length === 0;
      const focused = (document.activeElement as HTMLElement | null)?.dataset["key"];
      body.replaceChildren(...runs.map((run) => line(run, run === selected, actions)).reverse());
      if (focused !== undefined)
        body.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    },
  };
}

/** What the finished rows came to. */
const results = (run: Run): readonly (string | undefined)[] =>
  tunedRows(run).map((row) => {
    const look = looksOf(run, row).at(-1);
    if (!look?.final) return undefined;
    return `${percent(look.target, 0)} / ${percent(look.kept, 0)} % / ${nats(look.klFromBase)}`;
  });

function line(run: Run, selected: boolean, actions: RunActions): HTMLElement {
  const { name, recipe, seed, backend } = run;
  const button = (text: string, about: string, action: (run: Run) => void): HTMLElement =>
    html(
      "button",
      {
        ...{ type: "button", class: "small", title: about, "data-key": `${name} ${text}` },
        "aria-label": `${text}: ${name}`,
        onclick: () => action(run),
      },
      text,
    );
  const shown = html("input", {
    ...{ type: "checkbox", checked: run.shown, "data-key": `${name} shown` },
    "aria-label": `Draw ${name}`,
    onchange: () => actions.toggle(run, shown.checked),
  });
  const challenger = tunedRows(run).at(-1);
  const active = ["starting", "running", "paused", "elsewhere"].includes(run.status);
  const open = ["cut off", "stopped", "failed"].includes(run.status);
  const [first, second] = results(run);
  return html(
    "tr",
    { class: selected ? "selected" : undefined },
    html("td", {}, shown),
    html(
      "th",
      { scope: "row" },
      html(
        "button",
        {
          ...{ type: "button", class: "link", "data-key": `${name} name` },
          "aria-pressed": `${selected}`,
          onclick: () => actions.select(run),
        },
        challenger && html("span", { class: `swatch ${colorOf(challenger).slice(2)}` }),
        challenger?.label ?? name,
      ),
      html("small", { class: "muted" }, `${recipe.name}, seed ${seed}, ${backend || "…"}`),
    ),
    html("td", { class: "number" }, first ?? "–"),
    html("td", { class: "number" }, second ?? "–"),
    html("td", {}, run.status),
    html(
      "td",
      { class: "actions" },
      open ? button("Go on", "Finish this run: what it has is kept", actions.goOn) : undefined,
      run.address !== ""
        ? button("Link", "Copy a link that repeats this run", actions.share)
        : undefined,
      active ? undefined : button("Save", "Save the run's directory as a zip file", actions.save),
      second === undefined || active
        ? undefined
        : button("Weights", "Save the other method's weights (safetensors)", actions.weights),
      active ? undefined : button("Delete", "Remove this run from this browser", actions.remove),
    ),
  );
}
