import fc from "fast-check";
import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import * as Plot from "../../src/report/plot.ts";
import { drawSvg } from "../../src/report/svg.ts";

/** An element as it is, whatever the order of its attributes. */
interface Shown {
  readonly name: string;
  readonly attributes: readonly string[];
  readonly inside: readonly (Shown | string)[];
}

const styles = (text: string): string => text.replaceAll(/;?\s*$|\s*(?<=[:;])\s*/g, "");

function shown(element: Element): Shown {
  const attributes = element.getAttributeNames().map((name) => {
    // Plot counts its markers.
    const value = `${element.getAttributeNode(name)?.value}`.replace(/(marker)-\d+/, "$1");
    return `${name}=${name === "style" ? styles(value) : value}`;
  });
  // Parsers cut texts at their references.
  element.normalize();
  const inside = Array.from(element.childNodes, (child) =>
    child.nodeType === 1 ? shown(child as Element) : `${child.textContent}`,
  );
  return { name: element.localName, attributes: attributes.sort(), inside };
}

/** The same figure by way of another DOM. */
function throughLinkedom(title: string, options: Plot.PlotOptions): Shown {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const figure = Plot.plot({
    ...{ document, ariaLabel: title },
    style: { fontSize: "12px", background: "none" },
    ...options,
  });
  figure.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  figure.setAttribute("role", "img");
  // Parts of a picture are none that could be named.
  for (const group of figure.querySelectorAll("g")) group.removeAttribute("aria-label");
  return shown(figure);
}

const number = fc.double({ min: -5, max: 5, noNaN: true });
const points = fc.array(fc.record({ x: number, y: number, name: fc.string() }), { minLength: 1 });
const marksOf = (data: readonly object[], title: string): Plot.Markish[] => [
  Plot.frame({ stroke: "gray" }),
  Plot.ruleY([0]),
  Plot.ruleX(data, { x: "x", title: "name" }),
  Plot.dot(data, { x: "x", y: "y", href: () => "#there", title: () => title }),
  Plot.line(data, { x: "x", y: "y", sort: "x", strokeDasharray: "3 3" }),
  Plot.areaY(data, { x: "x", y1: () => 0, y2: "y", fillOpacity: 0.5 }),
  Plot.text(data, { x: "x", y: "y", text: () => `${title}\n${title}`, lineWidth: 8 }),
  Plot.barX(data, { x: "x", y: "name" }),
  Plot.tickX(data, { x: "x", y: "name" }),
  Plot.link(data, { x1: "x", y1: () => 0, x2: () => 0, y2: "y", markerEnd: "arrow" }),
];

/** Characters that XML reads, and HTML as they are. */
const title = fc.string({ unit: "grapheme-ascii" });

test("a figure is the same as by way of a DOM that can do everything", () => {
  fc.assert(
    fc.property(points, title, fc.nat(9), fc.nat(9), (data, title, one, two) => {
      const all = marksOf(data, title);
      const options = (): Plot.PlotOptions => ({
        ...{ width: 300, grid: true, x: { label: title }, fx: { label: null } },
        marks: all.filter((_, i) => i === one || i === two),
      });
      const { document } = parseHTML(`<html><body>${drawSvg(title, options())}</body></html>`);
      const [figure] = document.querySelectorAll("svg");
      expect(shown(figure as Element)).toEqual(throughLinkedom(title, options()));
    }),
    { numRuns: 60 },
  );
});
