import { isRecord } from "../../json/isRecord.ts";
import { DataError } from "../../tensor/errors.ts";
import { isCount } from "../../tensor/shapes.ts";

export type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON object key by key and remembers which keys were read, so that the rest can be looked
 * at. All errors are DataErrors that name path and key.
 */
export class Fields {
  readonly #json: Json;
  readonly #defaults: Json;
  readonly #path: string;
  readonly #spelling: Readonly<Record<string, string>>;
  readonly #read = new Set<string>();

  /**
   * @param defaults what a key means that is absent
   * @param spelling keys as the file spells them, where that is not the common way
   */
  constructor(
    json: Json,
    path: string,
    defaults: Json = {},
    spelling: Readonly<Record<string, string>> = {},
  ) {
    this.#json = json;
    this.#path = path;
    this.#defaults = defaults;
    this.#spelling = spelling;
  }

  fail(key: string, expected: string, got: unknown): never {
    const shown = got === undefined ? "nothing" : JSON.stringify(got);
    const name = this.#spelling[key] ?? key;
    throw new DataError(`${this.#path}: expected ${name} to be ${expected}, got ${shown}`);
  }

  /** The value in the file; null stays null, and the default stands in for an absent key. */
  raw(key: string): unknown {
    const name = this.#spelling[key] ?? key;
    this.#read.add(name);
    const value = this.#json[name];
    return value === undefined ? this.#defaults[key] : value;
  }

  /** As `raw`, with null for absent: the default stands in for both. */
  value(key: string): unknown {
    return this.raw(key) ?? this.#defaults[key];
  }

  count(key: string): number {
    const value = this.value(key);
    return typeof value === "number" && isCount(value) && value > 0
      ? value
      : this.fail(key, "a positive integer", value);
  }

  countOr(key: string, otherwise: number): number {
    return this.value(key) == null ? otherwise : this.count(key);
  }

  number(key: string): number {
    const value = this.value(key);
    return typeof value === "number" ? value : this.fail(key, "a number", value);
  }

  numberOr<T>(key: string, otherwise: T): number | T {
    return this.value(key) == null ? otherwise : this.number(key);
  }

  /** A positive number. */
  positive(key: string): number {
    const value = this.number(key);
    return value > 0 ? value : this.fail(key, "a positive number", value);
  }

  /** null means none, whatever the default. */
  countOrNone(key: string): number | null {
    const value = this.raw(key) ?? null;
    if (value === null) return null;
    return typeof value === "number" && isCount(value) && value > 0
      ? value
      : this.fail(key, "a positive integer or null", value);
  }

  numberOrNone(key: string): number | null {
    const value = this.raw(key) ?? null;
    if (value === null) return null;
    return typeof value === "number" && value > 0
      ? value
      : this.fail(key, "a positive number or null", value);
  }

  flag(key: string): boolean {
    const value = this.value(key) ?? false;
    return typeof value === "boolean" ? value : this.fail(key, "true or false", value);
  }

  text(key: string): string {
    const value = this.value(key);
    return typeof value === "string" ? value : this.fail(key, "a text", value);
  }

  /** undefined where the key is absent or null. */
  list(key: string, length?: number): readonly unknown[] | undefined {
    const value = this.value(key) ?? undefined;
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return this.fail(key, "a list", value);
    if (length !== undefined && value.length !== length)
      return this.fail(key, `a list of ${length}, one for each layer`, value);
    return value;
  }

  numbers(key: string): readonly number[] {
    const list = this.list(key);
    const ok = list?.every((x): x is number => typeof x === "number");
    return list && ok ? (list as readonly number[]) : this.fail(key, "a list of numbers", list);
  }

  /** undefined where the key is absent or null. */
  record(key: string): Json | undefined {
    const value = this.value(key) ?? undefined;
    if (value === undefined) return undefined;
    return isRecord(value) ? value : this.fail(key, "an object", value);
  }

  /** Keys that nobody read and that say something: neither null, false nor empty. */
  unread(): readonly string[] {
    return Object.entries(this.#json)
      .filter(([key, value]) => !this.#read.has(key) && !isNeutral(value))
      .map(([key]) => key);
  }
}

const isNeutral = (value: unknown): boolean =>
  value === null ||
  value === false ||
  (Array.isArray(value) && value.length === 0) ||
  (isRecord(value) && Object.keys(value).length === 0);
