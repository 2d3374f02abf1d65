/**
 * An expression in WGSL. Whole numbers are i32, numbers f32; a literal is either, and known here: it
 * has no text before it is one of them.
 */
export type Term =
  | { readonly kind: "whole" | "number" | "truth" | "vector"; readonly text: string }
  | { readonly kind: "literal"; readonly value: number };

/** The largest float32, for literals that are larger: WGSL refuses them. */
const LARGEST = 2 ** 128 - 2 ** 104;

const inBrackets = (value: number, text: string): string => (value < 0 ? `(${text})` : text);

function literalNumber(value: number): string {
  const inRange = Math.max(-LARGEST, Math.min(value, LARGEST));
  const text = `${inRange}`;
  return inBrackets(value, /[.e]/.test(text) ? text : `${text}.0`);
}

/** The term as a float. */
export function asNumber(term: Term): string {
  if (term.kind === "literal") return literalNumber(term.value);
  if (term.kind === "whole") return `f32(${term.text})`;
  return term.kind === "number" ? term.text : mismatch("a number", term);
}

/** The term as a whole number; what is behind the point goes. */
export function asWhole(term: Term): string {
  if (term.kind === "literal") return inBrackets(term.value, `${Math.trunc(term.value)}`);
  if (term.kind === "number") return `i32(${term.text})`;
  return term.kind === "whole" ? term.text : mismatch("a whole number", term);
}

export const asTruth = (term: Term): string =>
  term.kind === "truth" ? term.text : mismatch("a condition", term);

function mismatch(expected: string, { kind }: Term): never {
  throw new SyntaxError(`kernel: expected ${expected}, got a ${kind}`);
}

const isWhole = (term: Term): boolean =>
  term.kind === "whole" || (term.kind === "literal" && Number.isInteger(term.value));

/** Both as whole numbers where they can be, else both as numbers. */
function alike(a: Term, b: Term): { kind: "whole" | "number"; a: string; b: string } {
  if (isWhole(a) && isWhole(b)) return { kind: "whole", a: asWhole(a), b: asWhole(b) };
  return { kind: "number", a: asNumber(a), b: asNumber(b) };
}

const folded: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};

export function binary(operator: string, a: Term, b: Term): Term {
  if (operator === "&&" || operator === "||")
    return { kind: "truth", text: `(${asTruth(a)} ${operator} ${asTruth(b)})` };
  const fold = folded[operator];
  if (!fold) {
    const both = alike(a, b);
    return { kind: "truth", text: `(${both.a} ${operator} ${both.b})` };
  }
  if (a.kind === "literal" && b.kind === "literal")
    return { kind: "literal", value: fold(a.value, b.value) };
  // As in JavaScript, whole numbers do not divide into whole numbers.
  if (operator === "/") return { kind: "number", text: `(${asNumber(a)} / ${asNumber(b)})` };
  const both = alike(a, b);
  return { kind: both.kind, text: `(${both.a} ${operator} ${both.b})` };
}

export function negated(term: Term): Term {
  if (term.kind === "literal") return { kind: "literal", value: -term.value };
  if (term.kind === "whole") return { kind: "whole", text: `(-${term.text})` };
  return { kind: "number", text: `(-${asNumber(term)})` };
}

/** Both sides are computed; WGSL has no other way inside an expression. */
export function choice(condition: Term, then: Term, otherwise: Term): Term {
  const { kind, a, b } = alike(then, otherwise);
  return { kind, text: `select(${b}, ${a}, ${asTruth(condition)})` };
}

/** Whole division by a literal of a whole number that is not negative, and what is left over. */
export const divided = (operator: "/" | "%", a: Term, b: Term): Term => ({
  kind: "whole",
  text: `i32(u32(${asWhole(a)}) ${operator} u32(${asWhole(b)}))`,
});
