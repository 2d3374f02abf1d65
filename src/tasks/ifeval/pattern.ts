import { foldPoint, isDigitPoint, isSpace, isWordPoint, upperPoint } from "./text.ts";

/**
 * Regular expressions out of data files. A keyword of IFEval is an unescaped pattern of Python's
 * `re`; JavaScript's own engine would read it differently and can be made to run for ever. This is
 * the part of the language that needs no memory of the past: literals, classes, groups,
 * alternatives, repetition, `^ $ \b \B`. Look-around, back-references, and repetition of something
 * that can be empty are refused.
 */
export type Node =
  | { readonly kind: "one"; readonly holds: Holds }
  | { readonly kind: "edge"; readonly edge: Edge }
  | { readonly kind: "all"; readonly parts: readonly Node[] }
  | { readonly kind: "any"; readonly choices: readonly Node[] }
  | {
      readonly kind: "repeat";
      readonly part: Node;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    };

/** Whether a code point is meant; `folded` is its `foldPoint`. */
export type Holds = (point: number, folded: number) => boolean;
/** Whether a place between two code points is meant. */
export type Edge = "start" | "end" | "boundary" | "inside";

/** The pattern cannot be read, or asks for more than this language has. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}

const refuse = (expected: string, source: string, at: number): never => {
  throw new PatternError(
    `pattern: expected ${expected}, got ${JSON.stringify(source.slice(at, at + 10))}`,
  );
};

const classes: Readonly<Record<string, (point: number) => boolean>> = {
  d: isDigitPoint,
  D: (point) => !isDigitPoint(point),
  s: isSpace,
  S: (point) => !isSpace(point),
  w: isWordPoint,
  W: (point) => !isWordPoint(point),
};

const controls: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7, 0: 0 };
const edges: Readonly<Record<string, Edge>> = {
  b: "boundary",
  B: "inside",
  A: "start",
};
const hexDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** Nested groups deeper than this are refused. */
const MAX_DEPTH = 50;
/** Repetition counts above this are refused. */
const MAX_COUNT = 1000;

/** Reads a pattern. @throws PatternError */
export function parse(source: string, ignoreCase: boolean): Node {
  let at = 0;
  let depth = 0;
  const peek = (): string | undefined => source[at];
  const eat = (text: string): boolean => {
    const found = source.startsWith(text, at);
    if (found) at += text.length;
    return found;
  };
  const literal = (point: number): Holds => {
    const wanted = foldPoint(point);
    return ignoreCase ? (_, folded) => folded === wanted : (p) => p === point;
  };
  const anyCase = (holds: (point: number) => boolean): Holds =>
    ignoreCase ? (p, folded) => holds(p) || holds(folded) || holds(upperPoint(folded)) : holds;
  const point = (): number => {
    const code = source.codePointAt(at);
    if (code === undefined) return refuse("a character", source, at);
    at += code > 0xffff ? 2 : 1;
    return code;
  };

  /** What follows a backslash: a class or one code point. */
  function escaped(): ((point: number) => boolean) | number {
    const letter = peek() ?? "";
    if (classes[letter] !== undefined) {
      at++;
      return classes[letter];
    }
    if (controls[letter] !== undefined) {
      at++;
      return controls[letter];
    }
    const length = hexDigits[letter];
    if (length !== undefined) {
      const hex = source.slice(at + 1, at + 1 + length);
      const code = Number.parseInt(hex, 16);
      if (!/^[0-9a-f]+$/i.test(hex) || hex.length < length || code > 0x10ffff)
        refuse(`${length} hexadecimal digits`, source, at);
      at += 1 + length;
      return code;
    }
    if (/[0-9A-Za-z]/.test(letter)) refuse("an escape that needs no memory", source, at - 1);
    return point();
  }

  function bracket(): Node {
    const negated = eat("^");
    const tests: ((point: number) => boolean)[] = [];
    const start = at;
    while (peek() !== "]" || at === start) {
      const from = eat("\\") ? (eat("b") ? 8 : escaped()) : point();
      if (typeof from !== "number") tests.push(from);
      else if (peek() === "-" && source[at + 1] !== "]" && source[at + 1] !== undefined) {
        at++;
        const to = eat("\\") ? escaped() : point();
        if (typeof to !== "number" || to < from) return refuse("a range", source, at);
        tests.push((p) => p >= from && p <= to);
      } else tests.push((p) => p === from);
    }
    at++;
    const holds = anyCase((p) => tests.some((test) => test(p)));
    return { kind: "one", holds: negated ? (p, folded) => !holds(p, folded) : holds };
  }

  function group(): Node {
    if (++depth > MAX_DEPTH) refuse(`at most ${MAX_DEPTH} nested groups`, source, at);
    if (eat("?") && !eat(":")) {
      const name = /^P<[\p{L}_][\p{L}\p{N}_]*>/u.exec(source.slice(at));
      if (name === null) return refuse("a group that needs no memory", source, at - 2);
      at += name[0].length;
    }
    const inner = alternatives();
    if (!eat(")")) refuse(")", source, at);
    depth--;
    return inner;
  }

  function atom(): Node {
    if (eat("(")) return group();
    if (eat("[")) return bracket();
    if (eat(".")) return { kind: "one", holds: (p) => p !== 10 };
    if (eat("^")) return { kind: "edge", edge: "start" };
    if (eat("$")) return { kind: "edge", edge: "end" };
    if (/[*+?]/.test(peek() ?? "")) refuse("something to repeat", source, at);
    if (!eat("\\")) return { kind: "one", holds: literal(point()) };
    const edge = edges[peek() ?? ""];
    if (edge !== undefined) {
      at++;
      return { kind: "edge", edge };
    }
    const meant = escaped();
    return { kind: "one", holds: typeof meant === "number" ? literal(meant) : meant };
  }

  /** min and max of `*`, `+`, `?` or `{m,n}`; undefined where nothing is repeated. */
  function counts(): readonly [number, number] | undefined {
    if (eat("*")) return [0, Number.POSITIVE_INFINITY];
    if (eat("+")) return [1, Number.POSITIVE_INFINITY];
    if (eat("?")) return [0, 1];
    const braces = /^\{(\d*)(,?)(\d*)\}/.exec(source.slice(at, at + 12));
    if (braces === null || `${braces[1]}${braces[3]}` === "") return undefined;
    at += braces[0].length;
    const min = Number(braces[1]);
    const max =
      braces[2] === "" ? min : braces[3] === "" ? Number.POSITIVE_INFINITY : Number(braces[3]);
    if (min > max || min > MAX_COUNT || (max > MAX_COUNT && max !== Number.POSITIVE_INFINITY))
      refuse(`counts up to ${MAX_COUNT}`, source, at);
    return [min, max];
  }

  function piece(): Node {
    const part = atom();
    const [min, max] = counts() ?? [1, 1];
    if (min === 1 && max === 1) return part;
    const lazy = eat("?");
    if (/[*+?]/.test(peek() ?? "")) refuse("one repetition", source, at);
    if (canBeEmpty(part)) refuse("repetition of something that cannot be empty", source, at);
    return { kind: "repeat", part, min, max, lazy };
  }

  function sequence(): Node {
    const parts: Node[] = [];
    while (at < source.length && peek() !== "|" && peek() !== ")") parts.push(piece());
    return { kind: "all", parts };
  }

  function alternatives(): Node {
    const choices = [sequence()];
    while (eat("|")) choices.push(sequence());
    return choices.length === 1 ? (choices[0] as Node) : { kind: "any", choices };
  }

  const node = alternatives();
  if (at < source.length) refuse("the end", source, at);
  return node;
}

function canBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case "one":
      return false;
    case "edge":
      return true;
    case "all":
      return node.parts.every(canBeEmpty);
    case "any":
      return node.choices.some(canBeEmpty);
    case "repeat":
      return node.min === 0 || canBeEmpty(node.part);
  }
}
