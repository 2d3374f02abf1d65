import { count, percent } from "../../report/format.ts";
import * as Plot from "../../report/plot.ts";
import { drawSvg } from "../../report/svg.ts";
import { table } from "../../report/table.ts";
import { digits, line } from "./html.ts";
import type { CertificateLine } from "./lines.ts";
import { stageColor } from "./run.ts";

/** What the logarithmic axis can show: a step that stood still gives 0. */
const FLOOR = 1e-6;

/** How far each outer step went, between nothing and what the linear bound allows. */
export function boundFigure(certificates: readonly CertificateLine[]): string {
  const color = stageColor("anchored");
  const shown = certificates.map(({ outer, linear, mean }) => ({
    outer: outer + 1,
    linear,
    ...{ step: Math.max(FLOOR, mean.stepKl), exact: Math.max(FLOOR, mean.anchorKl) },
    bound: Math.max(FLOOR, mean.bound),
  }));
  const bounded = shown.filter(({ linear }) => linear);
  const values = [
    ...shown.flatMap(({ step, exact }) => [step, exact]),
    ...bounded.map(({ bound }) => bound),
  ].filter(Number.isFinite);
  const domain = [Math.min(...values) / 1.5, 1.5 * Math.max(...values)];
  return drawSvg("Each outer step against its bound", {
    ...{ width: Math.max(320, Math.min(760, 120 + 60 * shown.length)), height: 300 },
    ...{ marginLeft: 56, marginBottom: 38, marginTop: 26 },
    x: { type: "band", label: "outer step", padding: 0.3 },
    y: { type: "log", domain, label: "↑ nats a token", grid: true, ticks: 4, tickFormat: digits },
    marks: [
      Plot.ruleX(bounded, {
        x: "outer",
        y1: "step",
        y2: "bound",
        stroke: color,
        strokeOpacity: 0.35,
      }),
      Plot.tickY(bounded, { x: "outer", y: "bound", stroke: color, strokeWidth: 2 }),
      Plot.dot(shown, { x: "outer", y: "exact", stroke: color, r: 4.5 }),
      Plot.dot(shown, { x: "outer", y: "step", fill: color, r: 3.2 }),
    ],
  });
}

const shareOf = (part: number, whole: number): string =>
  whole > 0 && Number.isFinite(part / whole) ? `${percent(part / whole, 0)} %` : "–";

/** What each outer step did, and how much of its bound that is. */
export function boundTable(certificates: readonly CertificateLine[]): string {
  const head = [
    ...["outer step", "α", "targets", "tokens", "step", "bound", "step / bound", "exact step"],
    ...["exact / bound", "δ", "δ / step", "η", "below without δ", "from the base", "total weight"],
    ...["log-loss", "of exact steps", "of their errors"],
  ];
  const lines = certificates.map((one) => {
    const { mean, cumulative, linear, ledger } = one;
    return line([
      ...[`${one.outer + 1}`, digits(one.alpha), one.targets, count(one.tokens)],
      ...[digits(mean.stepKl), linear ? digits(mean.bound) : "–"],
      ...[linear ? shareOf(mean.stepKl, mean.bound) : "–", digits(mean.anchorKl)],
      linear ? shareOf(mean.anchorKl, mean.bound) : "–",
      ...[digits(mean.delta), shareOf(mean.delta, mean.stepKl), digits(mean.eta)],
      linear ? shareOf(one.heldWithoutDelta, one.tokens) : "–",
      ...[cumulative?.measured ?? Number.NaN, cumulative?.weight ?? Number.NaN].map(digits),
      ...(ledger
        ? [ledger.measured, ledger.path, ledger.inexactness].map(digits)
        : ["–", "–", "–"]),
    ]);
  });
  return table(head, lines);
}

/** What the certificates are, and are not, in words. */
export function boundCaption(certificates: readonly CertificateLine[]): string {
  const tokens = certificates.reduce((sum, { tokens }) => sum + tokens, 0);
  const held = certificates.reduce((sum, { held }) => sum + held, 0);
  const check =
    held === tokens
      ? ""
      : ` On ${count(tokens - held)} of ${count(tokens)} tokens the numbers break a theorem: they are wrong.`;
  return `Dots: how far the outer step went, KL(pₜ‖pₜ₊₁). Rings: how far an exact step would have gone, KL(pₜ‖q). Ticks: the linear bound α·KL(pₜ‖SFT). Means over the learnt tokens of the training data, nats. How much of its bound a step went, how much of that is the inner loop’s error δ, and how many tokens stay below without δ, which nothing promises, stand in the table; log-loss: of the data’s own tokens, and by how much exact steps and their errors changed it. What was kept is measured on the retained prompts, of which no bound here speaks.${check}`;
}
