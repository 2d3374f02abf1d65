import type { Certified } from "../../experiment/measurements.ts";
import { type StepsSummary, stepsOf } from "../../experiment/summary/steps.ts";
import { nats, percent } from "../../report/format.ts";
import { ledgerSentence } from "../../report/ledger.ts";
import { auditSentence, plannedSentences } from "../../report/retention.ts";
import { drawAxes, type Plane } from "../chart/axes.ts";
import { drawing, figure, nothingYet } from "../chart/figure.ts";
import { linear, roundedTop } from "../chart/scale.ts";
import { html, svg } from "../dom.ts";
import { certificatesOf, isAnchored, plannedOf, tunedRows } from "../runs/run.ts";
import type { View } from "./view.ts";

const HEIGHT = 240;

/** Each outer step: how far it went, beside what an exact one can go. */
export function certificateView(): View {
  let certificates: readonly Certified[] = [];
  let steps = 1;
  let certifiable = true;
  const badge = html("span", { class: "badge plain", hidden: true });
  const { element, tools, redraw } = figure("Steps against their bounds", aboutSteps(), (width) =>
    certificates.length > 0
      ? drawBars(certificates, steps, width)
      : nothingYet(
          certifiable
            ? "Appears after the first outer step of Anchored Learning."
            : "This method freezes no anchor: nothing bounds how far it goes.",
        ),
  );
  const retained = html("p", { class: "muted", hidden: true });
  tools.append(badge);
  element.append(retained);
  return {
    element,
    update({ run }) {
      const row = run && tunedRows(run).find(({ method }) => isAnchored(method));
      certifiable = run === undefined || row !== undefined;
      certificates = run && row ? certificatesOf(run, row) : [];
      steps = row && "outer" in row ? (row.outer ?? 1) : 1;
      const summary = stepsOf(certificates);
      badge.hidden = summary === undefined;
      badge.className = `badge ${summary && summary.broken > 0 ? "bad" : "plain"}`;
      badge.textContent = summary ? stepWords(summary) : "";
      const planned = run && row && plannedOf(run, row);
      const { ledger, retention: audit } = certificates.at(-1) ?? {};
      retained.textContent = [
        ...(ledger ? [ledgerSentence(ledger)] : []),
        ...(planned ? plannedSentences(planned) : []),
        ...(audit ? [auditSentence(audit)] : []),
      ].join(" ");
      retained.hidden = retained.textContent === "";
      redraw();
    },
  };
}

/** How far the steps went in all. */
function stepWords({ steps, broken, ofBound, deltaOfStep }: StepsSummary): string {
  if (broken > 0) return `${broken} of ${steps} steps break a theorem: the numbers are wrong`;
  const share = (x: number): string => `${percent(x, 0)} %`;
  const delta = Number.isFinite(deltaOfStep) ? `δ ${share(deltaOfStep)} of the way` : "";
  const bound =
    ofBound !== undefined && Number.isFinite(ofBound) ? `${share(ofBound)} of the bound` : "";
  return [bound, delta].filter(Boolean).join(", ");
}

function aboutSteps(): Node {
  return html(
    "span",
    {},
    "Bars: how far each outer step really went, KL(p",
    html("sub", {}, "t"),
    " ‖ p",
    html("sub", {}, "t+1"),
    "). Dashed: what an exact step cannot exceed, α·KL(p",
    html("sub", {}, "t"),
    " ‖ p",
    html("sub", {}, "sft"),
    "); lines: the same and δ, what the inner loop left undone. They speak about the tokens where they are evaluated, those that are trained on: what was kept of the skills is measured apart.",
  );
}

function drawBars(certificates: readonly Certified[], steps: number, width: number): SVGSVGElement {
  const plane: Plane = { left: 44, right: width - 8, top: 24, bottom: HEIGHT - 38 };
  const allowed = ({ bound, inexactness }: Certified): number => bound + inexactness;
  const values = certificates.flatMap((c) => [c.measured, c.bound, allowed(c)]);
  const y = linear([0, roundedTop(values, 1e-4)], [plane.bottom, plane.top], 4);
  const count = Math.max(steps, certificates.length);
  const slot = (plane.right - plane.left) / count;
  const middle = (outer: number): number => plane.left + (outer + 0.5) * slot;
  const x = Object.assign((outer: number) => middle(outer), {
    ticks: Array.from({ length: count }, (_, i) => i),
    format: (outer: number) => `${outer + 1}`,
  });
  const half = Math.min(28, slot * 0.32);
  const bars = certificates.map((c) => {
    const [at, top, line, plain] = [middle(c.outer), y(c.measured), y(allowed(c)), y(c.bound)];
    const told = `outer step ${c.outer + 1}: went ${nats(c.measured)}, bound ${nats(c.bound)}, δ ${nats(c.inexactness)}`;
    return svg(
      "g",
      { class: c.held ? "bar held" : "bar broken" },
      svg("title", {}, told),
      svg("rect", { x: at - half, y: top, width: 2 * half, height: plane.bottom - top }),
      svg("line", { class: "plain", x1: at - half - 5, x2: at + half + 5, y1: plain, y2: plain }),
      svg("line", { class: "bound", x1: at - half - 5, x2: at + half + 5, y1: line, y2: line }),
    );
  });
  const told = certificates.map(
    (c) =>
      `step ${c.outer + 1} went ${nats(c.measured)} of ${nats(c.bound)} and δ ${nats(c.inexactness)}`,
  );
  return drawing(
    width,
    HEIGHT,
    `Steps against their bounds: ${told.join(", ")}`,
    drawAxes(plane, { x, y, xLabel: "outer step", yLabel: "nats a token" }),
    ...bars,
  );
}
