import { at } from "../../tensor/shapes.ts";
import { html, svg } from "../dom.ts";
import { type Claim, claims, type Finding, judge, landedClaims, type Verdict } from "./claims.ts";
import { number } from "./format.ts";
import type { Model } from "./model.ts";
import { formula } from "./notation.ts";
import type { Plot } from "./plot.ts";
import { type Scene, sceneAtWeight } from "./scene.ts";

const badges: Readonly<Record<Verdict, readonly [kind: string, text: string]>> = {
  theorem: ["good", "✓ holds (theorem)"],
  holds: ["plain", "holds here (no theorem)"],
  fails: ["bad", "✗ fails here (no theorem)"],
  broken: ["bad", "✗ a theorem fails: report this"],
};

/** Every claim, what it says here on both paths, and how that depends on the weight. */
export function createClaimsTable(): Plot {
  const summary = html("p", {});
  const body = html("tbody");
  const heads = ["claim, and its sides by weight from 0 to 1", "logit path", "probability path"];
  const element = html(
    "section",
    { class: "claims" },
    html("h3", {}, "What is bounded, and what is not"),
    summary,
    html(
      "div",
      { class: "scroll", tabindex: 0, role: "group", "aria-label": "Claims" },
      html(
        "table",
        {},
        html(
          "thead",
          {},
          html("tr", {}, ...heads.map((head) => html("th", { scope: "col" }, head))),
        ),
        body,
      ),
    ),
  );
  return {
    element,
    update(model) {
      const shown = model.state.landed ? [...landedClaims, ...claims] : claims;
      const curves = sampled(model);
      const rows = shown.map((claim) => rowOf(claim, model, curves));
      body.replaceChildren(...rows.map(({ row }) => row));
      const count = (wanted: Verdict) =>
        rows.flatMap(({ findings }) => findings).filter(({ verdict }) => verdict === wanted).length;
      summary.replaceChildren(
        ...formula(
          `Here ${count("theorem")} theorems hold, as they must; of what is no theorem ${count("holds")} hold and ${count("fails")} fail. s is p_sft and q the anchor at the total weight w, where exact steps end; numbers are nats. Curves are left sides, dashed lines what they should stay under.`,
        ),
      );
    },
  };
}

function rowOf(
  claim: Claim,
  model: Model,
  curves: Curves,
): { readonly row: HTMLElement; readonly findings: readonly Finding[] } {
  const findings = [judge(claim, model.logit), judge(claim, model.probability)];
  const about = model.preset.claims.includes(claim.id);
  const row = html(
    "tr",
    { class: about ? "about" : undefined },
    html(
      "th",
      { scope: "row" },
      html(
        "div",
        { class: "claim" },
        html(
          "span",
          {},
          html("span", { class: "statement" }, ...formula(claim.text)),
          html("small", {}, ...formula(claim.note)),
        ),
        sparkline(claim, curves, model.logit.weight, findings),
      ),
    ),
    ...findings.map(cellOf),
  );
  return { row, findings };
}

function cellOf({ left, right, verdict }: Finding): HTMLElement {
  const [kind, text] = badges[verdict];
  const sign = verdict === "fails" || verdict === "broken" ? ">" : "≤";
  return html(
    "td",
    { class: verdict },
    html("span", { class: "sides" }, `${number(left)} ${sign} ${number(right)}`),
    html("span", { class: `badge ${kind}` }, text),
  );
}

interface Curves {
  readonly logit: readonly Scene[];
  readonly probability: readonly Scene[];
}

const SAMPLES: readonly number[] = Array.from({ length: 33 }, (_, i) => i / 32);

const sampled = ({ state }: Model): Curves => ({
  logit: SAMPLES.map((weight) => sceneAtWeight(state, "logit", weight)),
  probability: SAMPLES.map((weight) => sceneAtWeight(state, "probability", weight)),
});

const [WIDTH, HEIGHT] = [132, 44];

/** Left sides as curves and right sides dashed, from weight 0 to 1. */
function sparkline(
  { sides }: Claim,
  { logit, probability }: Curves,
  weight: number,
  findings: readonly Finding[],
): SVGElement {
  const [own, other] = [logit.map(sides), probability.map(sides)];
  const finite = [...own, ...other].flat().filter(Number.isFinite);
  const lefts = [...own, ...other].map(([left]) => left).filter(Number.isFinite);
  const top = Math.min(Math.max(...finite), 2.5 * Math.max(...lefts)) || 1;
  const x = (w: number) => (1 + (WIDTH - 2) * w).toFixed(1);
  const y = (value: number) =>
    (HEIGHT - 3 - (HEIGHT - 6) * Math.min(1.2, Math.max(0, value) / top)).toFixed(1);
  const curve = (values: readonly number[], kind: string): SVGElement =>
    svg("polyline", {
      class: kind,
      points: values.map((value, i) => `${x(at(SAMPLES, i))},${y(value)}`).join(" "),
    });
  const side = (all: typeof own, which: 0 | 1) => all.map((pair) => pair[which]);
  return svg(
    "svg",
    { class: "sparkline", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
    svg("path", { class: "here", d: `M${x(weight)} 0V${HEIGHT}` }),
    curve(side(other, 1), "bound probability"),
    curve(side(own, 1), "bound logit"),
    curve(side(other, 0), "probability"),
    curve(side(own, 0), "logit"),
    ...findings.map(({ left, verdict }, i) =>
      svg("circle", {
        class: `${i === 0 ? "logit" : "probability"} ${verdict}`,
        cx: x(weight),
        cy: y(left),
        r: 3.5,
      }),
    ),
  );
}
