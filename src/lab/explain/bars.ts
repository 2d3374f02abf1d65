import { at } from "../../tensor/shapes.ts";
import { html } from "../dom.ts";
import type { LogProbs } from "../simplex/distributions.ts";
import { probability } from "../simplex/format.ts";
import { formula } from "../simplex/notation.ts";

export type BarRow = readonly [name: string, p: LogProbs];

/**
 * Distributions as bars that are cut into the tokens' shares; the style leaves out what a narrow
 * one cannot hold.
 */
export function bars(tokens: readonly string[], rows: readonly BarRow[]): HTMLElement {
  return html(
    "div",
    { class: "bars" },
    ...rows.map(([name, p]) => {
      const bar = html(
        "span",
        { class: "bar" },
        ...tokens.map((token, i) => {
          const share = html(
            "span",
            { class: `share token-${i}`, title: `${token} ${probability(p, i)}` },
            html("span", {}, token, html("span", { class: "number" }, ` ${probability(p, i)}`)),
          );
          share.style.flexGrow = `${Math.exp(at(p, i))}`;
          return share;
        }),
      );
      return html("div", { class: "bar-row" }, html("b", {}, ...formula(name)), bar);
    }),
  );
}
