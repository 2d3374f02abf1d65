import { html, svg } from "../dom.ts";

/** A figure with a title, room for a drawing as wide as the page gives, and what it tells. */
export interface Figure {
  readonly element: HTMLElement;
  /** Between the title and the drawing, for controls. */
  readonly tools: HTMLElement;
  readonly stage: HTMLElement;
  /** Pixels, 0 while the figure is not shown. */
  width(): number;
}

/**
 * @param about what one sees and how to read it
 * @param redraw is called whenever the width has changed
 */
export function figure(title: string, about: string | Node, redraw: () => void): Figure {
  const tools = html("div", { class: "tools" });
  const stage = html("div", { class: "stage" });
  const caption = html("figcaption", {}, about);
  const element = html("figure", { class: "chart" }, html("h3", {}, title), tools, stage, caption);
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry?.contentRect.width ?? 0);
    if (now === width) return;
    width = now;
    if (width > 0) redraw();
  }).observe(stage);
  return { element, tools, stage, width: () => width };
}

/** A drawing with a description for those who do not see it. */
export const drawing = (
  width: number,
  height: number,
  description: string,
  ...children: readonly (Node | undefined)[]
): SVGSVGElement =>
  svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": description },
    ...children,
  );
