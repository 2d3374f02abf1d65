import { effectiveWeight } from "../../anchored/objectives/interpolations.ts";
import { at } from "../../tensor/shapes.ts";
import { html, svg } from "../dom.ts";
import { kl, type LogProbs, logPartition, pathAt } from "../simplex/distributions.ts";
import { number, weight } from "../simplex/format.ts";
import { formula } from "../simplex/notation.ts";
import { bars } from "./bars.ts";
import { descend } from "./descent.ts";

/** What the figures share: one prompt, what two models make of it, and the settings. */
export interface Setting {
  readonly tokens: readonly string[];
  readonly base: LogProbs;
  readonly sft: LogProbs;
  readonly alpha: number;
  /** Steps of the inner loop. */
  readonly inner: number;
  /** T, outer steps. */
  readonly outer: number;
}

export const MOST_INNER = 12;
const RATE = 0.8;

/** A figure: what it shows follows from the setting. */
export type Figure = (setting: Setting) => HTMLElement[];

export const fineTuned: Figure = ({ tokens, base, sft }) => [
  bars(tokens, [
    ["p_base", base],
    ["p_sft", sft],
  ]),
];

/** The outer steps in a row, each beginning where the last one ended. */
export const snapshots: Figure = ({ outer }) => {
  const gap = Math.min(120, 440 / outer);
  const nodes = Array.from({ length: outer + 1 }, (_, t) => {
    const x = 30 + gap * t;
    return [
      ...(t === 0
        ? []
        : [svg("path", { class: "arrow", d: `M${x - gap + 14} 34H${x - 20}m-5 -5l6 5l-6 5` })]),
      svg("circle", { class: t === 0 ? "base" : "node", cx: x, cy: 34, r: 9 }),
      svg(
        "text",
        { x, y: 66, "text-anchor": "middle" },
        "p",
        svg("tspan", { class: "below", dy: 4 }, `${t}`),
      ),
    ];
  });
  return [
    svg(
      "svg",
      {
        ...{ class: "timeline", viewBox: "0 0 500 76", role: "img" },
        "aria-label": `${outer} outer steps, each from a frozen snapshot`,
      },
      ...nodes.flat(),
    ) as unknown as HTMLElement,
    html(
      "pre",
      { tabindex: 0 },
      html("code", {}, "const snapshot = params; // tensors are immutable"),
    ),
  ];
};

const anchorOf = ({ alpha, base, sft }: Setting): LogProbs => pathAt("logit", alpha, base, sft);

export const anchors: Figure = (setting) => [
  bars(setting.tokens, [
    ["p_t", setting.base],
    ["q_t", anchorOf(setting)],
    ["p_sft", setting.sft],
  ]),
];

const studentsOf = (setting: Setting): LogProbs[] =>
  descend(setting.base, anchorOf(setting), MOST_INNER, RATE);

export const innerLoop: Figure = (setting) => {
  const anchor = anchorOf(setting);
  const students = studentsOf(setting);
  const losses = students.map((student) => kl(anchor, student));
  const most = Math.max(...losses, 1e-9);
  const x = (k: number) => 6 + (488 * k) / MOST_INNER;
  const y = (loss: number) => 70 - (62 * loss) / most;
  const here = at(losses, setting.inner);
  return [
    bars(setting.tokens, [
      ["q_t", anchor],
      ["p_θ", at(students, setting.inner)],
    ]),
    svg(
      "svg",
      {
        ...{ class: "losses", viewBox: "0 0 500 76", role: "img" },
        "aria-label": `KL(q‖p_θ) falls from ${number(at(losses, 0))} nats to ${number(here)} in ${setting.inner} steps`,
      },
      svg("path", { class: "axis", d: "M6 70H494" }),
      svg("polyline", { points: losses.map((loss, k) => `${x(k)},${y(loss)}`).join(" ") }),
      svg("circle", { cx: x(setting.inner), cy: y(here), r: 6 }),
    ) as unknown as HTMLElement,
    html(
      "p",
      { class: "muted" },
      ...formula(`After ${setting.inner} steps KL(q_t‖p_θ) = ${number(here)} nats are left.`),
    ),
  ];
};

/** How far the step went, below what bounds it. */
export const certificates: Figure = (setting) => {
  const { base, sft, alpha, inner } = setting;
  const anchor = anchorOf(setting);
  const next = at(studentsOf(setting), inner);
  const went = kl(base, next);
  const bound = alpha * kl(base, sft);
  const delta = went - bound - logPartition(base, sft, alpha);
  const largest = Math.max(bound, bound + delta, went, 1e-9);
  const line = (kind: string, name: string, value: number): HTMLElement => {
    const bar = html("span", { class: `length ${kind}`, "aria-hidden": "true" });
    bar.style.width = `${(100 * Math.max(0, value)) / largest}%`;
    return html(
      "div",
      { class: "measure" },
      html("span", {}, ...formula(name), html("b", {}, ` ${number(value)}`)),
      bar,
    );
  };
  return [
    line("went", "measured, KL(p_t‖p_{t+1})", went),
    line("bound", "bound, α·KL(p_t‖p_sft) + δ_t", bound + delta),
    html(
      "p",
      { class: "muted" },
      ...formula(
        `The bound of an exact step is ${number(bound)} nats; the inner loop missed the anchor by δ_t = ${number(delta)}. An exact step would have gone ${number(kl(base, anchor))}.`,
      ),
    ),
  ];
};

export const manySteps: Figure = (setting) => {
  const { tokens, base, sft, alpha, outer } = setting;
  const rows = Array.from({ length: outer + 1 }, (_, t) => {
    const w = t === 0 ? 0 : effectiveWeight(alpha, t);
    return [`p_${t}`, pathAt("logit", w, base, sft)] as const;
  });
  return [
    bars(tokens, [...rows, ["p_sft", sft]]),
    html(
      "p",
      { class: "muted" },
      ...formula(
        `With α = ${alpha.toFixed(2)} and T = ${outer} exact steps the student ends at a weight of ${weight(effectiveWeight(alpha, outer))} of p_sft.`,
      ),
    ),
  ];
};
