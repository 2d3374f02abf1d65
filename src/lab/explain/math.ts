const MATH = "http://www.w3.org/1998/Math/MathML";

type Part = string | Element;

/** Names that are set like operators. */
const OPERATORS: ReadonlySet<string> = new Set(["log", "min", "KL"]);

/** Makes a MathML element; a string in it is a name, a number or an operator, by its look. */
function element(tag: string, ...parts: readonly Part[]): Element {
  const made = document.createElementNS(MATH, tag);
  made.append(...parts.map((part) => (typeof part === "string" ? token(part) : part)));
  return made;
}

function token(text: string): Element {
  const tag = /^[\d.]+$/.test(text) ? "mn" : /^[\p{L}′]+$/u.test(text) ? "mi" : "mo";
  const made = document.createElementNS(MATH, OPERATORS.has(text) ? "mo" : tag);
  made.textContent = text;
  if (made.localName === "mo") made.setAttribute("stretchy", "false");
  if (OPERATORS.has(text)) made.setAttribute("lspace", "0.2em");
  return made;
}

/** Parts side by side, cut at spaces where they are text. */
export const row = (...parts: readonly Part[]): Element =>
  element(
    "mrow",
    ...parts.flatMap((part): readonly Part[] =>
      typeof part === "string" ? part.split(" ") : [part],
    ),
  );

/** base_below. */
export const sub = (base: string, below: string): Element => element("msub", row(base), row(below));

/** base^above. */
export const sup = (base: Part, above: string): Element => element("msup", row(base), row(above));

/** An equation on a line of its own. */
export function equation(label: string, ...parts: readonly Part[]): Element {
  const made = element("math", row(...parts));
  made.setAttribute("display", "block");
  made.setAttribute("aria-label", label);
  return made;
}
