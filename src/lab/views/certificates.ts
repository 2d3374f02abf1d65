import type { Certified } from "../../experiment/measurements.ts";
import { nats } from "../../report/format.ts";
import { drawAxes, type Plane } from "../chart/axes.ts";
import { drawing, figure, nothingYet } from "../chart/figure.ts";
import { linear, roundedTop } from "../chart/scale.ts";
import { html, svg } from "../dom.ts";
import { certificatesOf, isAnchored, tunedRows } from "../runs/run.ts";
import type { View } from "./view.ts";

const HEIGHT = 240;

/** Each outer step: how far it went, under what it was allowed. */
export function certificateView(): View {
  let certificates: readonly Certified[] = [];
  let steps = 1;
  let certifiable = true;
  const badge = html("span", { class: "badge plain", hidden: true });
  const { element, tools, redraw } = figure("Certificates", aboutCertificates(), (width) =>
    certificates.length > 0
      ? drawBars(certificates, steps, width)
      : nothingYet(
          certifiable
            ? "Appears after the first outer step of Anchored Learning."
            : "This method freezes no anchor: nothing bounds how far it goes.",
        ),
  );
  tools.append(badge);
  return {
    element,
    update({ run }) {
      const row = run && tunedRows(run).find(({ method }) => isAnchored(method));
      certifiable = run === undefined || row !== undefined;
      certificates = run && row ? certificatesOf(run, row) : [];
      steps = row && "outer" in row ? (row.outer ?? 1) : 1;
      const held = certificates.filter((c) => c.held).length;
      badge.hidden = certificates.length === 0;
      badge.className = `badge ${held === certificates.length ? "good" : "bad"}`;
      badge.textContent = `${held} of ${certificates.length} hold on every token`;
      redraw();
    },
  };
}

function aboutCertificates(): Node {
  return html(
    "span",
    {},
    "Bars: how far each outer step really went, KL(p",
    html("sub", {}, "t"),
    " ‖ p",
    html("sub", {}, "t+1"),
    "). Lines: what the theorem allows, α·KL(p",
    html("sub", {}, "t"),
    " ‖ p",
    html("sub", {}, "sft"),
    ") + δ, where δ is what the inner loop left undone. Dashed: the same without δ. It holds token by token, whatever the optimizer did, on the tokens where it is evaluated.",
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
    const told = `outer step ${c.outer + 1}: measured ${nats(c.measured)}, allowed ${nats(allowed(c))}`;
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
    (c) => `step ${c.outer + 1} measured ${nats(c.measured)} of ${nats(allowed(c))} allowed`,
  );
  return drawing(
    width,
    HEIGHT,
    `Certificates: ${told.join(", ")}`,
    drawAxes(plane, { x, y, xLabel: "outer step", yLabel: "nats a token" }),
    ...bars,
  );
}
