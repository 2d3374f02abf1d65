import { html, svg } from "../dom.ts";

/** A figure with a title, room for a drawing as wide as the page gives, and what it tells. */
export interface Figure {
  readonly element: HTMLElement;
  /** Between the title and the drawing, for controls. */
  readonly tools: HTMLElement;
  /** Draws anew: at once where the figure is in sight, else when it comes into sight. */
  redraw(): void;
}

/** Of a page that is printed, where a figure never had a width: pixels. */
const PAPER = 640;

/**
 * @param about what one sees and how to read it
 * @param draw makes the drawing for a width in pixels
 */
export function figure(
  title: string,
  about: string | Node,
  draw: (width: number) => Element,
): Figure {
  const tools = html("div", { class: "tools" });
  const stage = html("div", { class: "stage" });
  const caption = html("figcaption", {}, about);
  const element = html("figure", { class: "chart" }, html("h3", {}, title), tools, stage, caption);
  let width = 0;
  let inSight = false;
  let stale = true;
  function redraw(): void {
    stale = !inSight || width === 0;
    if (!stale) stage.replaceChildren(draw(width));
  }
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry?.contentRect.width ?? 0);
    if (now === width) return;
    width = now;
    redraw();
  }).observe(stage);
  new IntersectionObserver(
    (entries) => {
      inSight = entries.at(-1)?.isIntersecting ?? false;
      if (stale) redraw();
    },
    { rootMargin: "25%" },
  ).observe(stage);
  // What was never in sight is on paper all the same.
  addEventListener("beforeprint", () => {
    if (stale && element.isConnected) stage.replaceChildren(draw(width || PAPER));
  });
  return { element, tools, redraw };
}

/** What stands where there is nothing to draw yet. */
export const nothingYet = (text: string): HTMLElement => html("p", { class: "empty" }, text);

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
