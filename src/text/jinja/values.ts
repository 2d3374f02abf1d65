import { Environment, type Interpreter } from "@huggingface/jinja";
import { floatRepr } from "../python.ts";

/** A value of the library. */
export type RuntimeValue = ReturnType<Environment["set"]>;

/** A value of the library for a plain one. */
const made = (value: unknown): RuntimeValue => new Environment().set("value", value);

/** A float, whole ones too, which the library would take for an integer. */
export function float(value: number): RuntimeValue {
  const x = made(0.5);
  x.value = value;
  return x;
}

const listOf = ({ value }: RuntimeValue): readonly RuntimeValue[] =>
  value as readonly RuntimeValue[];
const fieldsOf = ({ value }: RuntimeValue): ReadonlyMap<string, RuntimeValue> =>
  value as ReadonlyMap<string, RuntimeValue>;

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** Python's `repr` of a text. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(/[\\\p{Cc}\p{Surrogate}]/gu, (c) => {
    const code = c.charCodeAt(0);
    const wide =
      code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`;
    return ESCAPES[c] ?? wide;
  });
  return `${quote}${quote === "'" ? body.replaceAll("'", "\\'") : body}${quote}`;
}

function repr(x: RuntimeValue): string {
  switch (x.type) {
    case "StringValue":
      return quoted(`${x.value}`);
    case "ArrayValue":
      return `[${listOf(x).map(repr).join(", ")}]`;
    case "TupleValue":
      return `(${listOf(x).map(repr).join(", ")}${listOf(x).length === 1 ? "," : ""})`;
    case "ObjectValue": {
      const fields = Array.from(fieldsOf(x), ([key, value]) => `${quoted(key)}: ${repr(value)}`);
      return `{${fields.join(", ")}}`;
    }
    case "BooleanValue":
      return x.value ? "True" : "False";
    case "NullValue":
      return "None";
    case "FloatValue":
      return floatRepr(x.value as number);
    case "IntegerValue":
      return Number.isInteger(x.value) ? `${BigInt(x.value as number)}` : `${x.value}`;
    default:
      return `${x}`;
  }
}

/** A value as jinja2 prints it: Python's `str`, and nothing of what is not defined. */
function printed(x: RuntimeValue): string {
  if (x.type === "UndefinedValue") return "";
  return x.type === "StringValue" ? `${x.value}` : repr(x);
}

const NUMBERS: ReadonlySet<string> = new Set(["IntegerValue", "FloatValue", "BooleanValue"]);

/** Python's `==`: numbers are equal by what they are, lists and objects by what they hold. */
function same(a: RuntimeValue, b: RuntimeValue): boolean {
  if (NUMBERS.has(a.type) && NUMBERS.has(b.type)) return Number(a.value) === Number(b.value);
  if (a.type !== b.type) return false;
  switch (a.type) {
    case "ArrayValue":
    case "TupleValue":
      return sameList(listOf(a), listOf(b));
    case "ObjectValue": {
      const [x, y] = [fieldsOf(a), fieldsOf(b)];
      const has = ([key, value]: readonly [string, RuntimeValue]): boolean => {
        const other = y.get(key);
        return other !== undefined && same(value, other);
      };
      return x.size === y.size && [...x].every(has);
    }
    case "NullValue":
    case "UndefinedValue":
      return true;
    default:
      return a.value === b.value;
  }
}

const sameList = (a: readonly RuntimeValue[], b: readonly RuntimeValue[]): boolean =>
  a.length === b.length && a.every((x, i) => b[i] !== undefined && same(x, b[i]));

/** What the library computes otherwise than Python; undefined for the rest. */
function computed(operator: string, a: RuntimeValue, b: RuntimeValue): RuntimeValue | undefined {
  if (operator === "==" || operator === "!=") return made(same(a, b) === (operator === "=="));
  if (operator === "~") return made(printed(a) + printed(b));
  if (operator === "%") return remainder(a, b);
  if (b.type !== "ArrayValue" && b.type !== "TupleValue") return undefined;
  const isIn = listOf(b).some((item) => same(a, item));
  return made(isIn === (operator === "in"));
}

/** Python's: of the divisor's sign. */
function remainder(a: RuntimeValue, b: RuntimeValue): RuntimeValue | undefined {
  const isFloat = [a, b].some(({ type }) => type === "FloatValue");
  if (![a, b].every(({ type }) => type === "IntegerValue" || type === "FloatValue"))
    return undefined;
  const [x, y] = [Number(a.value), Number(b.value)];
  if (y === 0) throw new RangeError("expected a divisor other than 0");
  const rest = ((x % y) + y) % y;
  return isFloat ? float(rest) : made(rest);
}

const OWN: ReadonlySet<string> = new Set(["==", "!=", "~", "%", "in", "not in"]);

/** What prints nothing of its own: the text inside comes as one. */
const STATEMENTS: ReadonlySet<string> = new Set([
  ...["Program", "If", "For", "Break", "Continue", "Set", "Macro", "Comment"],
  ...["CallStatement", "FilterStatement"],
]);

interface Node {
  readonly type: string;
}

interface Binary {
  readonly operator: { readonly value: string };
  readonly left: Node;
  readonly right: Node;
}

/** The library's methods that are replaced, which its types keep to themselves. */
interface Inside {
  evaluate(node: Node, environment: Environment): RuntimeValue;
  evaluateBlock(nodes: readonly Node[], environment: Environment): RuntimeValue;
  evaluateBinaryExpression(node: Binary, environment: Environment): RuntimeValue;
}

/** Lets an interpreter print and compare as Python does: None and True, 'a text' in a list, '1' ≠ 1. */
export function asPython(interpreter: Interpreter): void {
  const inside = interpreter as unknown as Inside;
  const binary = inside.evaluateBinaryExpression.bind(interpreter);
  inside.evaluateBinaryExpression = (node, environment) => {
    const operator = node.operator.value;
    if (!OWN.has(operator)) return binary(node, environment);
    const left = inside.evaluate(node.left, environment);
    const right = inside.evaluate(node.right, environment);
    return computed(operator, left, right) ?? binary(node, environment);
  };
  inside.evaluateBlock = (nodes, environment) => {
    const texts = nodes.map((node) => {
      const value = inside.evaluate(node, environment);
      if (!STATEMENTS.has(node.type)) return printed(value);
      return value.type === "NullValue" || value.type === "UndefinedValue" ? "" : `${value.value}`;
    });
    return made(texts.join(""));
  };
}
