import type { TokenShares } from "../../experiment/look/tokenViews.ts";
import { percent } from "../../report/format.ts";
import { at } from "../../tensor/shapes.ts";
import { html } from "../dom.ts";

const columns = [
  ["snapshot", "p", "t", "before the step", "base"],
  ["anchor", "q", "t", "the anchor", "probability"],
  ["reference", "p", "sft", "fine-tuned", "sft"],
  ["next", "p", "θ", "the student", "anchored"],
] as const;

/** Four distributions of a token, side by side. */
export interface TokenBars {
  readonly element: HTMLElement;
  update(token: TokenShares): void;
}

/** A row for each symbol, which stays as long as the symbol is there: its bars move. */
export function createBars(): TokenBars {
  const body = html("tbody");
  const rows = new Map<string, { line: HTMLElement; cells: readonly HTMLElement[] }>();
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
    element: html(
      "table",
      { class: "bars" },
      html("caption", { class: "unseen" }, "Probability of each symbol"),
      html("thead", {}, heading()),
      body,
    ),
    update(token) {
      for (const symbol of rows.keys()) if (!token.symbols.includes(symbol)) rows.delete(symbol);
      const lines = token.symbols.map((symbol, i) => {
        const { line, cells } = rowOf(symbol);
        columns.forEach(([field], c) => {
          const share = token[field]?.[i];
          const cell = at(cells, c);
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

const heading = (): HTMLElement =>
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
  );
