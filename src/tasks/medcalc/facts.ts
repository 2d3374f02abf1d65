import { DataError } from "../../tensor/errors.ts";
import { aliases } from "./aliases.ts";
import { roundFive } from "./rounding.ts";
import type { Entities, Facts, Quantity, Variant } from "./types.ts";

/** Names are one if they differ in case, spaces or the kind of a digit: `FiO₂` is `FiO2`. */
const plain = (name: string): string =>
  name
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll("≤", "<=")
    .replaceAll("≥", ">=")
    .replace(/\s+/g, " ")
    .trim();

const plainAliases: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(aliases).map(([name, others]) => [plain(name), others.map(plain)]),
);

/**
 * `[5, "ft", 11, "in"]`, `[1.4, "mg/dL"]`, `["Prednisone PO", 20, "mg"]`, `7.4` or `"7.4"`;
 * undefined for what is no number.
 */
function readQuantity(entity: unknown): Quantity | undefined {
  const list: unknown[] = Array.isArray(entity) ? entity : [entity];
  const named = list.length > 1 && typeof list[0] === "string" && Number.isNaN(toNumber(list[0]));
  const parts = named ? list.slice(1) : list;
  const pairs: Quantity[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const part = parts[i];
    const value = typeof part === "string" ? toNumber(part) : part;
    if (typeof value !== "number" || !Number.isFinite(value)) return undefined;
    const unit = parts[i + 1];
    pairs.push({ value, unit: typeof unit === "string" ? unit : "", more: [] });
  }
  const [first, ...more] = pairs;
  return first && { ...first, more };
}

/** A number as text, with or without a percent sign. */
const toNumber = (text: string): number => {
  const bare = text.trim().replace(/%$/, "");
  return bare === "" ? Number.NaN : Number(bare);
};

/** Words that say no; any other word in place of a flag says yes. */
const NO = /^(no|none|false|absent|never|not\b.*|)$/;

function readFlag(entity: unknown): boolean {
  if (typeof entity === "string") return !NO.test(entity.trim().toLowerCase());
  return Boolean(entity);
}

/** The first word of a list, or the word itself. */
function readWord(entity: unknown): string {
  const word = Array.isArray(entity) ? entity[0] : entity;
  return typeof word === "string" ? plain(word) : "";
}

/** Binary arithmetic makes 38.00000000000001 °C of 100.4 °F, which is no fever. */
const withoutNoise = (x: number): number => Number(x.toPrecision(13));

/** Entities as calculators read them. */
export function readFacts(entities: Entities, variant: Variant): Facts {
  const known = new Map(Object.entries(entities).map(([name, entity]) => [plain(name), entity]));
  const find = (name: string): unknown => {
    const asked = plain(name);
    const present = [asked, ...(plainAliases.get(asked) ?? [])].find((key) => known.has(key));
    return present === undefined ? undefined : known.get(present);
  };
  const quantity = (name: string): Quantity => {
    const entity = find(name);
    const read = readQuantity(entity);
    if (read === undefined)
      throw new DataError(
        `calculate: expected a number for "${name}", got ${JSON.stringify(entity) ?? "none"}`,
      );
    return read;
  };
  const missing = (name: string): boolean => find(name) === undefined || find(name) === null;
  return {
    variant,
    round: variant === "published" ? withoutNoise : roundFive,
    has: (name) => !missing(name),
    flag: (name, absent = false) => (missing(name) ? absent : readFlag(find(name))),
    word: (name) => readWord(find(name)),
    quantity,
    number: (name) => quantity(name).value,
  };
}
