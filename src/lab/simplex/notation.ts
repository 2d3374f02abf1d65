import { html, svg } from "../dom.ts";

/** A formula as people read it: `p_t` and `p_{t+1}` get subscripts, `2^T` a superscript. */
export function formula(text: string): (Node | string)[] {
  return text.split(/([_^](?:\{[^}]*\}|sft|base|[\p{L}\d]))/u).map((part) => {
    const mark = part[0];
    if (part.length < 2 || (mark !== "_" && mark !== "^")) return part;
    const inner = part.slice(1).replace(/[{}]/g, "");
    return html(mark === "_" ? "sub" : "sup", {}, inner);
  });
}

/** The same within an SVG text. */
export const subscripted = (letter: string, below?: string): (Node | string)[] =>
  below === undefined ? [letter] : [letter, svg("tspan", { class: "below", dy: 4 }, below)];
