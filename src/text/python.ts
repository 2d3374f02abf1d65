import { Float } from "../json/parseJson.ts";

/** Python's `repr` of a float: `1.0`, `1e-07`, `1e+16`. */
export function floatRepr(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity";
  if (Object.is(x, -0)) return "-0.0";
  const [digits = "", power = "0"] = x.toExponential().split("e");
  const exponent = Number(power);
  if (x === 0 || (exponent >= -4 && exponent < 16)) {
    const plain = x.toString();
    return /[.e]/.test(plain) ? plain : `${plain}.0`;
  }
  const size = Math.abs(exponent).toString().padStart(2, "0");
  return `${digits}e${exponent < 0 ? "-" : "+"}${size}`;
}

const SPACE = "\\s\\x1c-\\x1f\\x85";
const START = new RegExp(`^(?:(?!\\ufeff)[${SPACE}])+`, "u");

// Not a pattern that is anchored at the end: that takes the square of a long run of spaces.
const isSpace = (character: string): boolean => START.test(character);

export type Side = "both" | "left" | "right";

/** Python's `str.strip`, `lstrip`, `rstrip`: white space, or any of the characters given. */
export function strip(text: string, side: Side, characters?: string): string {
  const given = characters === undefined ? undefined : new Set(characters);
  const goes = (character: string): boolean => given?.has(character) ?? isSpace(character);
  const all = Array.from(text);
  let [start, end] = [0, all.length];
  if (side !== "right") while (start < end && goes(all[start] ?? "")) start++;
  if (side !== "left") while (end > start && goes(all[end - 1] ?? "")) end--;
  return all.slice(start, end).join("");
}

const two = (n: number): string => `${n}`.padStart(2, "0");
const MONTHS =
  "January February March April May June July August September October November December".split(
    " ",
  );
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

const directives: Readonly<Record<string, (date: Date) => string>> = {
  a: (date) => DAYS[date.getDay()]?.slice(0, 3) ?? "",
  A: (date) => DAYS[date.getDay()] ?? "",
  b: (date) => MONTHS[date.getMonth()]?.slice(0, 3) ?? "",
  B: (date) => MONTHS[date.getMonth()] ?? "",
  d: (date) => two(date.getDate()),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  m: (date) => two(date.getMonth() + 1),
  M: (date) => two(date.getMinutes()),
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  S: (date) => two(date.getSeconds()),
  y: (date) => two(date.getFullYear() % 100),
  Y: (date) => `${date.getFullYear()}`,
  "-d": (date) => `${date.getDate()}`,
  "-m": (date) => `${date.getMonth() + 1}`,
  "%": () => "%",
};

/** Python's `strftime` in the C locale and the local time; unknown directives stay. */
export const strftime = (date: Date, format: string): string =>
  format.replace(/%(-?[A-Za-z]|%)/g, (all, name: string) => directives[name]?.(date) ?? all);

export interface JsonOptions {
  readonly indent?: number | string | undefined;
  readonly ensureAscii?: boolean;
  readonly sortKeys?: boolean;
  readonly separators?: readonly [item: string, key: string] | undefined;
}

/**
 * Python's `json.dumps`, as transformers gives it to templates: no escapes of HTML or, by default,
 * of characters beyond ASCII. A `Float`, or any number with a fraction, is a float.
 */
export function dumps(value: unknown, options: JsonOptions = {}): string {
  const { ensureAscii = false, sortKeys = false } = options;
  const indent = typeof options.indent === "number" ? " ".repeat(options.indent) : options.indent;
  const [item, colon] = options.separators ?? [indent === undefined ? ", " : ",", ": "];

  const text = (string: string): string => {
    const quoted = JSON.stringify(string);
    if (!ensureAscii) return quoted;
    return quoted.replace(
      /[\u007f-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  };
  const list = (items: readonly string[], [open, close]: string, depth: number): string => {
    if (items.length === 0 || indent === undefined) return `${open}${items.join(item)}${close}`;
    const line = `\n${indent.repeat(depth + 1)}`;
    return `${open}${line}${items.join(`${item}${line}`)}\n${indent.repeat(depth)}${close}`;
  };
  const write = (part: unknown, depth: number): string => {
    if (part instanceof Float) return floatRepr(part.valueOf());
    if (typeof part === "number") return Number.isInteger(part) ? `${part}` : floatRepr(part);
    if (typeof part === "string") return text(part);
    if (Array.isArray(part))
      return list(
        part.map((inner) => write(inner, depth + 1)),
        "[]",
        depth,
      );
    if (typeof part === "boolean" || part === null) return `${part}`;
    if (typeof part !== "object") throw new TypeError("tojson: expected a value, got undefined");
    const entries = Object.entries(part);
    if (sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
    const fields = entries.map(([key, inner]) => `${text(key)}${colon}${write(inner, depth + 1)}`);
    return list(fields, "{}", depth);
  };
  return write(value, 0);
}
