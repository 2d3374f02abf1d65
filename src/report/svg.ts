import * as Plot from "./plot.ts";
import { svgDocument } from "./svgDocument.ts";

/** Marks and options of a figure, as Observable Plot takes them. */
export type FigureOptions = Plot.PlotOptions;

/**
 * Draws a figure as SVG text, without a browser. Colours are CSS: `currentColor` and the page's
 * own variables, so that one figure serves light and dark pages and paper.
 */
export function drawSvg(title: string, options: FigureOptions): string {
  const figure = Plot.plot({
    document: svgDocument() as unknown as Document,
    ariaLabel: title,
    style: { fontSize: "12px", background: "none" },
    ...options,
  });
  figure.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  figure.setAttribute("role", "img");
  // One picture with one name: its groups are none that could be named.
  return figure.outerHTML.replaceAll(/(<g\b[^>]*?) aria-label="[^"]*"/g, "$1");
}
