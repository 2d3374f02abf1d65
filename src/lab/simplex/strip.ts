import { html } from "../dom.ts";
import { weight as shown } from "./format.ts";
import type { Model } from "./model.ts";
import { formula } from "./notation.ts";
import type { Plot } from "./plot.ts";
import type { Scene } from "./scene.ts";
import { winnersAlong } from "./winners.ts";

/** Which token wins along each path, with the steps and the thresholds on it. */
export function createStrip(): Plot {
  const rows = html("div", { class: "strips" });
  const element = html(
    "figure",
    { class: "who-wins" },
    html("h3", {}, "Who wins along the path"),
    rows,
    html(
      "figcaption",
      {},
      ...formula(
        "The likeliest token by the weight of p_sft, from 0 to 1. It changes at the argmax-flip threshold a*; dots are the outer steps a_1 … a_T.",
      ),
    ),
  );
  return {
    element,
    update(model) {
      const { logit, probability, power } = model;
      rows.replaceChildren(
        strip("logit", "Logit path", logit, model),
        strip("probability", "Probability path", probability, model),
        ...(power ? [strip("power", "Power mean", power, model)] : []),
      );
    },
  };
}

function strip(name: string, label: string, { path, p, s }: Scene, model: Model): HTMLElement {
  const { tokens } = model.preset;
  const stretches = winnersAlong(path, p, s);
  const words = stretches.map(({ token, from, to }) => {
    const part = html("span", { class: `stretch token-${token}` }, tokens[token]);
    part.style.flexGrow = `${to - from}`;
    return part;
  });
  const bar = html("div", { class: "bar" }, ...words);
  for (const { from } of stretches.slice(1)) {
    const flip = html("span", { class: "threshold" }, `a* = ${shown(from)}`);
    flip.style.left = `${100 * from}%`;
    if (from > 0.8) flip.classList.add("before");
    bar.append(flip);
  }
  for (const weight of model.weights.slice(1)) {
    const last = weight === model.weights.at(-1);
    const tick = html("span", { class: last ? "tick last" : "tick", "aria-hidden": "true" });
    tick.style.left = `${100 * weight}%`;
    bar.append(tick);
  }
  return html("div", { class: `strip ${name}` }, html("span", { class: "path-name" }, label), bar);
}
