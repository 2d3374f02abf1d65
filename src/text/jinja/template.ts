import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { Float } from "../../json/parseJson.ts";
import { DataError } from "../../tensor/errors.ts";
import { dumps, type Side, strftime, strip } from "../python.ts";
import { asPython, float, type RuntimeValue } from "./values.ts";

/** A compiled template. */
export interface Template {
  /** @throws DataError for what the template refuses or cannot do */
  render(variables: Readonly<Record<string, unknown>>): string;
}

/** A node of a parsed template: the library's tree, seen without its classes. */
type Node = Record<string, unknown>;

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;

/** Names that no template uses, for what takes the place of the library's own. */
const STRIP = "__strip";
const TRIM = "__trim";
const TOJSON = "__tojson";

const sides: Readonly<Record<string, Side>> = { strip: "both", lstrip: "left", rstrip: "right" };

const identifier = (value: string): Node => ({ type: "Identifier", value });
const textNode = (value: string): Node => ({ type: "StringLiteral", value });

const call = (name: string, ...args: readonly unknown[]): Node => ({
  type: "CallExpression",
  callee: identifier(name),
  args,
});

/** `x.lstrip(…)`: the library ignores the argument. */
function mendCall(node: Node): Node {
  const { callee, args } = node;
  if (!isNode(callee) || callee["type"] !== "MemberExpression" || callee["computed"] === true)
    return node;
  const { property, object } = callee;
  const side = isNode(property) ? sides[`${property["value"]}`] : undefined;
  if (side === undefined || !Array.isArray(args)) return node;
  return call(STRIP, textNode(side), object, ...args);
}

/**
 * `x | trim`: of undefined and none too. `x | tojson`: floats as Python spells them; in a list, so
 * that the function sees which kind of number it is.
 */
function mendFilter(node: Node): Node {
  const { operand, filter } = node;
  if (!isNode(filter)) return node;
  const named = filter["type"] === "CallExpression" ? filter["callee"] : filter;
  const args = Array.isArray(filter["args"]) ? filter["args"] : [];
  const inList = { type: "ArrayLiteral", value: [operand] };
  switch (isNode(named) ? named["value"] : undefined) {
    case "trim":
      return call(TRIM, inList, ...args);
    case "tojson":
      return call(TOJSON, inList, ...args);
    default:
      return node;
  }
}

/** Stands in front of a loop's body and says nothing, so that its turns can be counted. */
const TURN = textNode("");

/** Mends a tree from its leaves up, in place. */
function mend(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mend);
  if (value instanceof Map)
    return new Map(Array.from(value, ([key, inner]) => [mend(key), mend(inner)]));
  if (!isNode(value)) return value;
  for (const [name, child] of Object.entries(value)) value[name] = mend(child);
  if (value["type"] === "CallExpression") return mendCall(value);
  if (value["type"] === "FilterExpression") return mendFilter(value);
  // A loop around nothing counts as well.
  if (value["type"] === "For" && Array.isArray(value["body"])) value["body"].unshift(TURN);
  return value;
}

/** What a template may do: five thousand messages at two hundred expressions each. */
const MOST_STEPS = 2 ** 20;
/** Items of a list that are looked through in the time of one step. */
const ITEMS = 64;
/** Steps that a turn of a loop takes beside what is done in it. */
const OF_TURN = 8;

/** One that ends a template which would go on for hours, as loops within loops do. */
function boundedInterpreter(environment: Environment): Interpreter {
  const interpreter = new Interpreter(environment);
  asPython(interpreter);
  const evaluate: Interpreter["evaluate"] = interpreter.evaluate.bind(interpreter);
  let left = MOST_STEPS;
  interpreter.evaluate = (...asked: Parameters<Interpreter["evaluate"]>): RuntimeValue => {
    const made: RuntimeValue = evaluate(...asked);
    if (asked[0] === (TURN as unknown)) left -= OF_TURN;
    left -= 1 + (made.type === "ArrayValue" ? (made.value as unknown[]).length / ITEMS : 0);
    if (left < 0)
      throw new DataError(`chat template: expected at most ${MOST_STEPS} steps, got more`);
    return made;
  };
  return interpreter;
}

/** What the library's values hold, plain again; floats stay told apart. */
function plain(value: RuntimeValue): unknown {
  switch (value.type) {
    case "FloatValue":
      return new Float(value.value as number);
    case "ArrayValue":
    case "TupleValue":
      return (value.value as readonly RuntimeValue[]).map(plain);
    case "ObjectValue": {
      const entries = Array.from(value.value as ReadonlyMap<string, RuntimeValue>);
      return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner)]));
    }
    case "IntegerValue":
    case "StringValue":
    case "BooleanValue":
      return value.value;
    case "NullValue":
      return null;
    case "UndefinedValue":
      return undefined;
    default:
      throw new TypeError(`expected a value, got a ${value.type}`);
  }
}

const holdsFloat = (value: unknown): boolean =>
  value instanceof Float || (isNode(value) && Object.values(value).some(holdsFloat));

/** A value of the library with its whole floats put back, which it takes for objects. */
function withFloats(given: unknown, made: RuntimeValue): RuntimeValue {
  if (given instanceof Float) return float(given.valueOf());
  if (Array.isArray(given)) {
    const items = made.value as RuntimeValue[];
    for (const [i, item] of items.entries()) items[i] = withFloats(given[i], item);
  } else if (isNode(given)) {
    const fields = made.value as Map<string, RuntimeValue>;
    for (const [key, field] of fields) fields.set(key, withFloats(given[key], field));
  }
  return made;
}

/** Gives a template a variable, in place of a global one of that name. */
function define(environment: Environment, name: string, value: unknown): void {
  environment.variables.delete(name);
  const made = environment.set(name, value);
  if (holdsFloat(value)) environment.setVariable(name, withFloats(value, made));
}

/** As in jinja2's sandbox: no template makes a list that takes the machine. */
const MAX_RANGE = 100_000;

function range(first: number, last?: number, step = 1): number[] {
  const [start, end] = last === undefined ? [0, first] : [first, last];
  const count = Math.max(0, Math.ceil((end - start) / step));
  if (!(count <= MAX_RANGE)) throw new RangeError(`range: expected at most ${MAX_RANGE} items`);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

type Keywords = ReadonlyMap<string, RuntimeValue>;

const keyword = (keywords: unknown, name: string): unknown => {
  const value = keywords instanceof Map ? (keywords as Keywords).get(name) : undefined;
  return value === undefined ? undefined : plain(value);
};

/** `tojson` as transformers defines it. */
function tojson([operand]: readonly RuntimeValue[], ...rest: readonly unknown[]): string {
  const options = rest.at(-1);
  const separators = keyword(options, "separators");
  const indent = keyword(options, "indent");
  return dumps(operand && plain(operand), {
    ensureAscii: keyword(options, "ensure_ascii") === true,
    sortKeys: keyword(options, "sort_keys") === true,
    indent: typeof indent === "number" || typeof indent === "string" ? indent : undefined,
    separators: Array.isArray(separators) ? [`${separators[0]}`, `${separators[1]}`] : undefined,
  });
}

function trim([operand]: readonly RuntimeValue[], characters?: unknown): string {
  const value = operand && plain(operand);
  const text = value === undefined ? "" : value === null ? "None" : `${value}`;
  return strip(text, "both", typeof characters === "string" ? characters : undefined);
}

function stripped(side: Side, value: unknown, characters?: unknown): string {
  if (typeof value !== "string") throw new TypeError("strip: expected a text, got none");
  return strip(value, side, typeof characters === "string" ? characters : undefined);
}

const globals = (now: () => Date): Readonly<Record<string, unknown>> => ({
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range,
  raise_exception: (message: unknown) => {
    throw new DataError(`chat template: ${message}`);
  },
  strftime_now: (format: string) => strftime(now(), format),
  [STRIP]: stripped,
  [TRIM]: trim,
  [TOJSON]: tojson,
});

const explained = (error: unknown): DataError =>
  error instanceof DataError
    ? error
    : new DataError(`chat template: ${error instanceof Error ? error.message : `${error}`}`);

/**
 * Compiles a template as transformers' environment does: trim_blocks, lstrip_blocks, loop controls,
 * tojson without escapes, raise_exception, strftime_now. Line ends are made `\n` first, as in jinja2.
 * @param now the clock of strftime_now
 * @throws DataError for a template that is none
 */
export function compileTemplate(source: string, now: () => Date = () => new Date()): Template {
  let program: ReturnType<typeof parse>;
  try {
    const tokens = tokenize(source.replace(/\r\n?/g, "\n"), {
      trim_blocks: true,
      lstrip_blocks: true,
    });
    program = parse(tokens);
    mend(program);
  } catch (error) {
    throw explained(error);
  }
  const scope = new Environment();
  const known = Object.entries(globals(now)).map(
    ([name, value]) => [name, scope.set(name, value)] as const,
  );
  return {
    render: (variables) => {
      const environment = new Environment();
      try {
        for (const [name, value] of known) environment.setVariable(name, value);
        for (const [name, value] of Object.entries(variables))
          if (value !== undefined) define(environment, name, value);
        return `${boundedInterpreter(environment).run(program).value}`;
      } catch (error) {
        throw explained(error);
      }
    },
  };
}
