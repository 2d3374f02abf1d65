import type { WgslFunction } from "../wgsl.ts";
import {
  asNumber,
  asTruth,
  asWhole,
  binary,
  choice,
  divided,
  negated,
  type Term,
} from "./terms.ts";
import { type Tokens, tokensOf } from "./tokens.ts";

/** How tightly operators bind. */
const BINDING: Readonly<Record<string, number>> = {
  ...{ "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4 },
  ...{ "+": 5, "-": 5, "*": 6, "/": 6 },
};

/** Functions of floats that WGSL has, or the module around the body. */
const MATHS: Readonly<Record<string, string>> = {
  "Math.max": "max",
  "Math.min": "min",
  "Math.abs": "abs",
  "Math.floor": "floor",
  "Math.fround": "fround",
};

/**
 * WGSL of a kernel's code in which places are whole numbers of 32 bits. GPU.js makes floats of them, which
 * skip places from 2²⁴ on. The words it knows, and the names around the body, are the same.
 * @param functions what the code calls; a parameter `n` is a place, the others are floats
 * @throws SyntaxError for what no kernel's code has
 */
export function wgslBody(code: string, functions: readonly WgslFunction[]): string {
  const tokens = tokensOf(code);
  const called = new Map(functions.map((f) => [f.name, f]));
  /** What names stand for. */
  const names = new Map<string, Term>();
  const lines: string[] = [];

  const expression = (): Term => {
    const condition = operation(1);
    if (!tokens.takes("?")) return condition;
    const then = expression();
    tokens.expect(":");
    return choice(condition, then, expression());
  };

  function operation(binding: number): Term {
    let term = unary();
    for (let own = BINDING[tokens.peek()]; own !== undefined; own = BINDING[tokens.peek()]) {
      if (own < binding) break;
      const operator = tokens.next();
      term = binary(operator, term, operation(own + 1));
    }
    return term;
  }

  function unary(): Term {
    if (tokens.takes("-")) return negated(unary());
    if (tokens.takes("!")) return { kind: "truth", text: `!${asTruth(unary())}` };
    const term = primary();
    if (term.kind !== "vector" || !tokens.takes("[")) return term;
    const lane = asWhole(expression());
    tokens.expect("]");
    return { kind: "number", text: `${term.text}[${lane}]` };
  }

  function primary(): Term {
    const word = tokens.next();
    if (word === "(") {
      const term = expression();
      tokens.expect(")");
      return term;
    }
    if (/^[.\d]/.test(word)) return { kind: "literal", value: Number(word) };
    if (word === "this.thread.x") return { kind: "whole", text: "i32(threadGid.x)" };
    if (tokens.takes("(")) return call(word, listUntil(")"));
    const known = names.get(word);
    if (!known) throw new SyntaxError(`kernel: expected a name that was declared, got ${word}`);
    return known;
  }

  function listUntil(end: string): Term[] {
    const terms: Term[] = [];
    while (!tokens.takes(end)) {
      terms.push(expression());
      tokens.takes(",");
    }
    return terms;
  }

  function call(name: string, args: readonly Term[]): Term {
    const [a, b] = args;
    if (name === "whole" && a) return { kind: "whole", text: asWhole(a) };
    if (name === "quotient" && a && b) return divided("/", a, b);
    if (name === "remainder" && a && b) return divided("%", a, b);
    const maths = MATHS[name];
    if (maths) return { kind: "number", text: `${maths}(${args.map(asNumber).join(", ")})` };
    const own = called.get(name);
    if (!own) throw new SyntaxError(`kernel: expected a function that it was given, got ${name}`);
    const texts = args.map((x, i) => (own.parameters[i] === "n" ? asWhole(x) : asNumber(x)));
    const kind = own.returnType === "Number" ? "number" : "vector";
    return { kind, text: `fn_${name}(${texts.join(", ")})` };
  }

  /** A constant that is a literal is put where it is used. */
  function declaration(keyword: "const" | "let"): void {
    const name = tokens.next();
    tokens.expect("=");
    const term = expression();
    tokens.expect(";");
    if (keyword === "const" && term.kind === "literal") {
      names.set(name, term);
      return;
    }
    const own = term.kind === "literal" ? "number" : term.kind;
    const text = term.kind === "literal" ? asNumber(term) : term.text;
    names.set(name, { kind: own, text: `user_${name}` });
    lines.push(`${keyword === "const" ? "let" : "var"} user_${name} = ${text};`);
  }

  function loop(): void {
    tokens.expect("(");
    tokens.expect("let");
    const name = tokens.next();
    names.set(name, { kind: "whole", text: `user_${name}` });
    tokens.expect("=");
    const first = asWhole(expression());
    tokens.expect(";");
    const condition = asTruth(expression());
    for (const word of [";", name, "++", ")"]) tokens.expect(word);
    lines.push(`for (var user_${name} : i32 = ${first}; ${condition}; user_${name}++)`);
    block();
  }

  function decision(): void {
    tokens.expect("(");
    const condition = asTruth(expression());
    tokens.expect(")");
    lines.push(`if (${condition})`);
    block();
    if (!tokens.takes("else")) return;
    lines.push("else");
    block();
  }

  function block(): void {
    tokens.expect("{");
    lines.push("{");
    statements();
    lines.push("}");
  }

  function result(): void {
    const numbers = tokens.takes("[") ? listUntil("]") : [expression()];
    tokens.expect(";");
    for (const [i, number] of numbers.entries()) lines.push(`result[${i}] = ${asNumber(number)};`);
    lines.push("return;");
  }

  /** An assignment, or a call. */
  function effect(name: string): void {
    if (tokens.takes("(")) {
      const term = call(name, listUntil(")"));
      if (term.kind !== "literal") lines.push(`${term.text};`);
    } else {
      const target = names.get(name);
      if (!target || target.kind === "literal")
        throw new SyntaxError(`kernel: expected a variable, got ${name}`);
      const operator = tokens.next();
      const value = expression();
      if (target.kind === "whole" && value.kind === "number")
        throw new SyntaxError(`kernel: expected a whole number for ${name}, got a number`);
      const text = target.kind === "whole" ? asWhole(value) : asNumber(value);
      lines.push(`${target.text} ${operator} ${text};`);
    }
    tokens.expect(";");
  }

  function statements(): void {
    while (!tokens.takes("}")) {
      const word = tokens.next();
      if (word === "const" || word === "let") declaration(word);
      else if (word === "for") loop();
      else if (word === "if") decision();
      else if (word === "return") result();
      else if (word === "break") breakOut(tokens, lines);
      else effect(word);
    }
  }

  for (const word of ["function", "("]) tokens.expect(word);
  while (!tokens.takes(")")) tokens.next();
  tokens.expect("{");
  statements();
  return lines.join("\n");
}

function breakOut(tokens: Tokens, lines: string[]): void {
  tokens.expect(";");
  lines.push("break;");
}
