import { at } from "../../tensor/shapes.ts";
import { html } from "../dom.ts";
import { deltaOf, etaOf } from "./claims.ts";
import { kl, type LogProbs, logPartition } from "./distributions.ts";
import { number, probability, weight as shown } from "./format.ts";
import type { Model } from "./model.ts";
import { formula } from "./notation.ts";
import type { Plot } from "./plot.ts";

/** The distributions as bars and numbers, and what the steps amount to. */
export function createNumbers(): Plot {
  const distributions = html("div", {
    ...{ class: "scroll", tabindex: 0, role: "group" },
    "aria-label": "The distributions",
  });
  const sums = html("div", { class: "sums" });
  const element = html("section", { class: "numbers" }, distributions, sums);
  return {
    element,
    update(model) {
      distributions.replaceChildren(distributionTable(model));
      sums.replaceChildren(...equations(model), stepTable(model));
    },
  };
}

function distributionTable({ preset, logit, probability: mixed, power }: Model): HTMLElement {
  const columns: readonly (readonly [name: string, p: LogProbs, kind: string])[] = [
    ["p", logit.p, "p"],
    ["p_sft", logit.s, "s"],
    ["q, logit", logit.q, "logit"],
    ["q, probability", mixed.q, "probability"],
    ...(power ? ([["q, power", power.q, "power"]] as const) : []),
    ...(logit.landed ? ([["p′", logit.landed, "landed"]] as const) : []),
  ];
  return html(
    "table",
    { class: "distributions" },
    html("caption", {}, "The distributions"),
    html(
      "thead",
      {},
      html(
        "tr",
        {},
        html("td"),
        ...preset.tokens.map((token) => html("th", { scope: "col" }, token)),
      ),
    ),
    html(
      "tbody",
      {},
      ...columns.map(([name, p, kind]) =>
        html(
          "tr",
          { class: kind },
          html("th", { scope: "row" }, ...formula(name)),
          ...p.map((x, i) => html("td", {}, probability(p, i), barOf(Math.exp(x)))),
        ),
      ),
    ),
  );
}

function barOf(share: number): HTMLElement {
  const bar = html("span", { class: "share", "aria-hidden": "true" });
  bar.style.width = `${100 * share}%`;
  return bar;
}

/** KL(p‖q) term by term. */
function equations({ logit, probability: mixed }: Model): HTMLElement[] {
  const { p, q, s, weight } = logit;
  const line = (name: string, terms: readonly (readonly [what: string, value: string])[]) =>
    html(
      "div",
      { class: `equation ${name}` },
      ...terms.map(([what, value]) =>
        html(
          "span",
          { class: "term" },
          html("span", { class: "what" }, ...formula(what)),
          html("b", {}, value),
        ),
      ),
    );
  const bound = weight * kl(p, s);
  const rows = [
    line("logit", [
      ["KL(p‖q), logit", number(kl(p, q))],
      ["= w·KL(p‖p_sft)", number(bound)],
      ["+ ψ(w)", number(logPartition(p, s, weight))],
    ]),
    line("probability", [
      ["KL(p‖q), probability", number(kl(mixed.p, mixed.q))],
      ["≤ w·KL(p‖p_sft)", number(bound)],
    ]),
  ];
  if (!logit.landed) return rows;
  const landed = line("landed", [
    ["KL(p‖p′)", number(kl(p, logit.landed))],
    ["= w·KL(p‖p_sft)", number(bound)],
    ["+ ψ(w)", number(logPartition(p, s, weight))],
    ["+ δ", number(deltaOf(logit))],
    ["while η =", number(etaOf(logit))],
  ]);
  return [...rows, landed];
}

/** Each exact step on the logit path: where it ends, how far it goes, and what bounds it. */
function stepTable({ logit, state, weights }: Model): HTMLElement {
  const { trail, s } = logit;
  const rows = trail.slice(1).map((next, t) => {
    const from = at(trail, t);
    return html(
      "tr",
      {},
      html("th", { scope: "row" }, `${t + 1}`),
      html("td", {}, shown(at(weights, t + 1))),
      html("td", {}, number(kl(from, next))),
      html("td", {}, number(state.alpha * kl(from, s))),
    );
  });
  return html(
    "table",
    { class: "outer-steps" },
    html("caption", {}, "Outer steps on the logit path, nats"),
    html(
      "thead",
      {},
      html(
        "tr",
        {},
        ...["t", "weight a_t", "KL(p_{t−1}‖p_t)", "≤ α·KL(p_{t−1}‖p_sft)"].map((name) =>
          html("th", { scope: "col" }, ...formula(name)),
        ),
      ),
    ),
    html("tbody", {}, ...rows),
  );
}
