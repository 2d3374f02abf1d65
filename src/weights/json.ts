import { show } from "./refuse.ts";

/** Refuses a text: at which character, what was expected, what is there. */
type RefuseText = (index: number, expected: string, got: string) => never;

/**
 * JSON from files that nobody vouches for. Beyond `JSON.parse`: no key twice in an object, where
 * parsers disagree about which one counts, and no deep nesting.
 */
export function parseJson(text: string, deepest: number, refuse: RefuseText): unknown {
  scan(text, deepest, refuse);
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refuse(0, "JSON", error.message);
  }
}

/** Walks over the tokens of a text; leaves it to the parser to refuse what is no JSON. */
function scan(text: string, deepest: number, refuse: RefuseText): void {
  /** The keys so far of each open object; undefined for an open array. */
  const open: (Set<string> | undefined)[] = [];
  let isKey = false;
  for (let i = 0; i < text.length; i++)
    switch (text[i]) {
      case "{":
      case "[":
        if (open.length === deepest) refuse(i, `at most ${deepest} nested brackets`, "one more");
        open.push(text[i] === "{" ? new Set() : undefined);
        isKey = text[i] === "{";
        break;
      case "}":
      case "]":
        open.pop();
        isKey = false;
        break;
      case ",":
        isKey = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(text, i);
        if (end === undefined) return;
        if (isKey) {
          const key = unquote(text.slice(i, end));
          if (key === undefined) return;
          if (open.at(-1)?.has(key)) refuse(i, "each name once", `${show(key)} again`);
          open.at(-1)?.add(key);
          isKey = false;
        }
        i = end - 1;
        break;
      }
    }
}

/** Behind the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number | undefined {
  for (let i = start + 1; i < text.length; i++)
    if (text[i] === "\\") i++;
    else if (text[i] === '"') return i + 1;
  return undefined;
}

function unquote(literal: string): string | undefined {
  try {
    return JSON.parse(literal);
  } catch {
    return undefined;
  }
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
