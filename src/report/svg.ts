import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** Marks and options of a figure, as Observable Plot takes them. */
export type FigureOptions = Plot.PlotOptions;

/**
 * Draws a figure as SVG text, without a browser. Colours are CSS: `currentColor` and the page's
 * own variables, so that one figure serves light and dark pages and paper.
 */
export function drawSvg(title: string, options: FigureOptions): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const figure = Plot.plot({
    document,
    ariaLabel: title,
    style: { fontSize: "12px", background: "none" },
    ...options,
  });
  figure.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  figure.setAttribute("role", "img");
  return figure.outerHTML;
}
