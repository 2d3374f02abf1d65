import { percent } from "../../experiment/format.ts";
import type { Distributions, TokenView } from "../../experiment/measurements.ts";
import { html } from "../dom.ts";
import { distributionsOf, tunedRows } from "../runs/run.ts";
import type { View } from "./view.ts";

const columns = [
  ["snapshot", "p", "t", "before the step", "base"],
  ["anchor", "q", "t", "the anchor", "probability"],
  ["reference", "p", "sft", "fine-tuned", "sft"],
  ["next", "p", "θ", "after the step", "anchored"],
] as const;

const names: Readonly<Record<TokenView["name"], string>> = {
  style: "the answer's style",
  "sign-off": "the sign-off",
  prior: "a prior skill",
};

/** One token's distributions, outer step after outer step, as bars that move. */
export function distributionsView(): View {
  let steps: readonly Distributions[] = [];
  let chosen: TokenView["name"] = "style";
  /** Follows the newest step until somebody moves the slider. */
  let at: number | undefined;
  let drawnRun = "";

  const choices = html("span", { class: "row", role: "group", "aria-label": "Which token" });
  const slider = html("input", {
    ...{ type: "range", min: 0, max: 0, step: 1, "aria-label": "Outer step" },
    oninput: () => {
      at = slider.valueAsNumber;
      draw();
    },
  });
  const output = html("output");
  const bars = createBars();
  const context = html("p", { class: "context" });
  const empty = html(
    "p",
    { class: "empty" },
    "Appears after the first outer step of a method with a frozen anchor.",
  );
  const shown = html(
    "div",
    {},
    html("div", { class: "row" }, choices, html("label", { class: "step" }, output, slider)),
    context,
    html(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Distributions" },
      bars.element,
    ),
  );
  const element = html(
    "section",
    { class: "chart distributions" },
    html("h3", {}, "One token, four distributions"),
    shown,
    empty,
    html(
      "p",
      { class: "muted" },
      "The anchor lies between what the student said when the outer step began and what p_sft says; the student moves onto it. Move through the outer steps: in logits the anchor is a weighted geometric mean, so a symbol that the student finds all but impossible, as the sign-off's letters, stays so.",
    ),
  );

  function draw(): void {
    const step = steps[at ?? steps.length - 1];
    shown.hidden = !step;
    empty.hidden = step !== undefined;
    if (!step) return;
    slider.max = `${steps.length - 1}`;
    slider.value = `${step.outer}`;
    const alpha = step.alpha === undefined ? "" : `, α = ${Number(step.alpha.toPrecision(3))}`;
    output.textContent = `Outer step ${step.outer + 1} of ${steps.length}${alpha}`;
    const token = step.tokens.find(({ name }) => name === chosen) ?? step.tokens[0];
    if (!token) return;
    choices.replaceChildren(
      ...step.tokens.map(({ name }) =>
        html(
          "button",
          {
            ...{ type: "button", class: "small", "aria-pressed": `${name === token.name}` },
            onclick: () => {
              chosen = name;
              draw();
              choices.querySelector<HTMLElement>("[aria-pressed=true]")?.focus();
            },
          },
          names[name],
        ),
      ),
    );
    context.replaceChildren(
      "After ",
      html("code", {}, token.context),
      " the data say ",
      html("code", {}, token.label),
    );
    bars.update(token);
  }

  return {
    element,
    update({ run }) {
      const row = run && tunedRows(run).at(-1);
      const now = run && row ? distributionsOf(run, row) : [];
      if (run?.name === drawnRun && now.length === steps.length) return;
      if (run?.name !== drawnRun) at = undefined;
      drawnRun = run?.name ?? "";
      steps = now;
      draw();
    },
  };
}

interface Bars {
  readonly element: HTMLElement;
  update(token: TokenView): void;
}

/** A row for each symbol, which stays as long as the symbol is there: its bars move. */
function createBars(): Bars {
  const body = html("tbody");
  const rows = new Map<string, { line: HTMLElement; cells: readonly HTMLElement[] }>();
  const element = html(
    "table",
    { class: "bars" },
    html("caption", { class: "unseen" }, "Probability of each symbol"),
    html(
      "thead",
      {},
      html(
        "tr",
        {},
        html("th", { scope: "col" }, "Symbol"),
        ...columns.map(([, letter, index, about, color]) =>
          html(
            "th",
            { scope: "col" },
            html("span", { class: `swatch ${color}` }),
            html("span", { class: "symbol" }, html("i", {}, letter), html("sub", {}, index)),
            html("small", { class: "block" }, about),
          ),
        ),
      ),
    ),
    body,
  );
  const rowOf = (symbol: string) => {
    const known = rows.get(symbol);
    if (known) return known;
    const cells = columns.map(([, , , , color]) =>
      html(
        "td",
        {},
        html("span", { class: "track", "aria-hidden": "true" }, html("i", { class: color })),
        html("span", { class: "share" }),
      ),
    );
    const line = html("tr", {}, html("th", { scope: "row", class: "mono" }, symbol), ...cells);
    const made = { line, cells };
    rows.set(symbol, made);
    return made;
  };
  return {
    element,
    update(token) {
      for (const symbol of rows.keys()) if (!token.symbols.includes(symbol)) rows.delete(symbol);
      const lines = token.symbols.map((symbol, i) => {
        const { line, cells } = rowOf(symbol);
        columns.forEach(([field], c) => {
          const share = token[field]?.[i];
          const cell = cells[c] as HTMLElement;
          (cell.querySelector("i") as HTMLElement).style.inlineSize = `${100 * (share ?? 0)}%`;
          (cell.querySelector(".share") as HTMLElement).textContent =
            share === undefined ? "–" : `${percent(share)} %`;
        });
        return line;
      });
      const same =
        lines.length === body.childElementCount && lines.every((l, i) => l === body.children[i]);
      if (!same) body.replaceChildren(...lines);
    },
  };
}
