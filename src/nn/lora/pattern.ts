import { DataError } from "../../tensor/errors.ts";

/**
 * Compiles a regular expression as Python's `re.fullmatch` reads it, as far as module names need:
 * literals, `.`, classes, `\d \w \s \b` and their opposites, groups, alternatives, `* + ? {m,n}`
 * (lazy ones too), `^ $` and lookahead. Texts from files decide how long a backtracking matcher
 * runs; here every part of an expression maps the set of places where it may begin to those where
 * it may end, so that the time is bounded by pattern length · text length².
 * @param where names the pattern in messages
 * @throws DataError for a pattern that is not one of these
 */
export function fullMatch(source: string, where: string): (text: string) => boolean {
  const reader = new Reader(source, where);
  const whole = reader.alternatives(0);
  if (!reader.atEnd) reader.fail(`no ${JSON.stringify(reader.next)} without its opening`);
  return (text) => whole(text, new Set([0])).has(text.length);
}

/** Where a part may end, for all places where it may begin. */
type Part = (text: string, from: Places) => Places;
type Places = ReadonlySet<number>;

/** Of patterns, characters; of repetitions, times; of groups within groups. */
const LIMITS = { length: 10_000, times: 1000, depth: 100 };

const WORD = /\w/;
const CLASSES: { readonly [letter: string]: RegExp } = { d: /\d/, w: WORD, s: /\s/ };
const NAMED: { readonly [letter: string]: string } = {
  n: "\n",
  r: "\r",
  t: "\t",
  f: "\f",
  v: "\v",
};

const one =
  (fits: (character: string) => boolean): Part =>
  (text, from) =>
    new Set([...from].filter((i) => i < text.length && fits(text.charAt(i))).map((i) => i + 1));

const where =
  (holds: (text: string, i: number) => boolean): Part =>
  (text, from) =>
    new Set([...from].filter((i) => holds(text, i)));

const then =
  (parts: readonly Part[]): Part =>
  (text, from) =>
    parts.reduce((places, part) => part(text, places), from);

const either =
  (parts: readonly Part[]): Part =>
  (text, from) =>
    new Set(parts.flatMap((part) => [...part(text, from)]));

/** A part `min` to `max` times. */
const repeated =
  (part: Part, min: number, max: number): Part =>
  (text, from) => {
    let places = from;
    for (let n = 0; n < min && places.size > 0; n++) {
      const next = part(text, places);
      if (equal(next, places)) break;
      places = next;
    }
    const all = new Set(places);
    for (let n = min; n < max && places.size > 0; n++) {
      places = new Set([...part(text, places)].filter((i) => !all.has(i)));
      for (const i of places) all.add(i);
    }
    return all;
  };

const equal = (a: Places, b: Places): boolean => a.size === b.size && [...a].every((i) => b.has(i));

const isWord = (text: string, i: number): boolean => WORD.test(text[i] ?? "");

/** Reads a pattern from left to right. */
class Reader {
  readonly #source: string;
  readonly #where: string;
  #place = 0;

  constructor(source: string, where: string) {
    this.#source = source;
    this.#where = where;
    if (source.length > LIMITS.length) this.fail(`at most ${LIMITS.length} characters`);
  }

  get atEnd(): boolean {
    return this.#place === this.#source.length;
  }

  get next(): string {
    return this.#source[this.#place] ?? "";
  }

  fail(expected: string): never {
    const shown = this.#source.length > 80 ? `${this.#source.slice(0, 80)}…` : this.#source;
    throw new DataError(
      `${this.#where}: expected a regular expression with ${expected}, got ${JSON.stringify(shown)} (character ${this.#place})`,
    );
  }

  #takes(text: string): boolean {
    const found = this.#source.startsWith(text, this.#place);
    if (found) this.#place += text.length;
    return found;
  }

  #take(): string {
    const taken = this.next;
    if (taken === "") this.fail("something after its last character");
    this.#place++;
    return taken;
  }

  alternatives(depth: number): Part {
    if (depth > LIMITS.depth) this.fail(`at most ${LIMITS.depth} groups in each other`);
    const parts = [this.#sequence(depth)];
    while (this.#takes("|")) parts.push(this.#sequence(depth));
    return either(parts);
  }

  #sequence(depth: number): Part {
    const parts: Part[] = [];
    while (!this.atEnd && this.next !== "|" && this.next !== ")")
      parts.push(this.#quantified(this.#atom(depth)));
    return then(parts);
  }

  #quantified(part: Part): Part {
    const range = this.#quantifier();
    if (!range) return part;
    if (!this.#takes("?") && this.next === "+") this.fail("no possessive repetition");
    if (this.#quantifier()) this.fail("one repetition at a time");
    return repeated(part, ...range);
  }

  #quantifier(): readonly [min: number, max: number] | undefined {
    if (this.#takes("*")) return [0, Number.POSITIVE_INFINITY];
    if (this.#takes("+")) return [1, Number.POSITIVE_INFINITY];
    if (this.#takes("?")) return [0, 1];
    const braces = /^\{(\d*)(,?)(\d*)\}/.exec(this.#source.slice(this.#place, this.#place + 20));
    if (!braces || braces[0] === "{}") return undefined;
    this.#place += braces[0].length;
    const min = Number(braces[1] || 0);
    const max = braces[2] === "" ? min : Number(braces[3] || Number.POSITIVE_INFINITY);
    const most = Math.max(min, Number.isFinite(max) ? max : 0);
    if (min > max || most > LIMITS.times) this.fail(`0 … ${LIMITS.times} repetitions`);
    return [min, max];
  }

  #atom(depth: number): Part {
    const character = this.#take();
    if (character === ".") return one((c) => c !== "\n");
    if (character === "^") return where((_, i) => i === 0);
    if (character === "$") return where((text, i) => i === text.length);
    if (character === "(") return this.#group(depth + 1);
    if (character === "[") return one(this.#class());
    if (character === "\\") return this.#escape();
    if (/[*+?]/.test(character)) this.fail(`something before ${character}`);
    return one((c) => c === character);
  }

  #group(depth: number): Part {
    const kind = ["?:", "?=", "?!"].find((start) => this.#takes(start));
    if (!kind && this.next === "?") {
      const name = /^\?P<\w+>/.exec(this.#source.slice(this.#place, this.#place + 100));
      if (!name) this.fail("(…), (?:…), (?=…), (?!…) or (?P<name>…) as groups");
      this.#place += name?.[0].length ?? 0;
    }
    const inner = this.alternatives(depth);
    if (!this.#takes(")")) this.fail("a ) for each (");
    if (kind !== "?=" && kind !== "?!") return inner;
    const wanted = kind === "?=";
    return where((text, i) => inner(text, new Set([i])).size > 0 === wanted);
  }

  #escape(): Part {
    const letter = this.#take();
    if (letter === "b" || letter === "B")
      return where((text, i) => (isWord(text, i - 1) !== isWord(text, i)) === (letter === "b"));
    return one(this.#escaped(letter));
  }

  /** What a backslash before a letter means inside classes and out. */
  #escaped(letter: string): (character: string) => boolean {
    const known = CLASSES[letter.toLowerCase()];
    if (known) return (c) => known.test(c) === (letter === letter.toLowerCase());
    const literal = NAMED[letter] ?? letter;
    if (/[a-zA-Z0-9]/.test(literal)) this.fail(`no \\${letter}`);
    return (c) => c === literal;
  }

  #class(): (character: string) => boolean {
    const negated = this.#takes("^");
    const allowed: ((character: string) => boolean)[] = [];
    do {
      const from = this.#take();
      if (from === "\\") {
        allowed.push(this.#escaped(this.#take()));
        continue;
      }
      const isRange = this.next === "-" && (this.#source[this.#place + 1] ?? "]") !== "]";
      if (!isRange) {
        allowed.push((c) => c === from);
        continue;
      }
      this.#place++;
      const to = this.#take();
      if (to === "\\" || to < from) this.fail("ranges from a lower to a higher character");
      allowed.push((c) => c >= from && c <= to);
    } while (!this.#takes("]"));
    return (c) => allowed.some((isOne) => isOne(c)) !== negated;
  }
}
