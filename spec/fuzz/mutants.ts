import { DataError } from "../../src/tensor/errors.ts";

/**
 * How many mutants a fuzzer tries: `FUZZ=1000000 npx vitest … spec/fuzz` for more.
 * @param files that one parser is tried with, of which each has its share of so many
 */
export const mutants = (usual: number, files = 1): number =>
  process.env["FUZZ"] === undefined ? usual : Math.ceil(Number(process.env["FUZZ"]) / files);

/** Numbers below `n` of a seed, the same everywhere. */
function dice(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

const extremes = [
  ...[0n, 1n, 7n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 0x100000000n, 1n << 52n, 1n << 53n],
  ...[(1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n, 100_000_001n],
];

/** The file with one to four changes: bits, bytes, words, parts cut out, doubled or moved. */
export function mutate(file: Uint8Array, roll: (n: number) => number): Uint8Array {
  let bytes: Uint8Array = file.slice();
  for (let changes = 1 + roll(4); changes > 0; changes--) {
    // Headers stand at the beginning: half of the changes go there.
    const at = roll(2) === 0 ? roll(Math.min(400, bytes.length)) : roll(bytes.length);
    const length = 1 + roll(24);
    switch (roll(8)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << roll(8));
        break;
      case 1:
        bytes[at] = roll(256);
        break;
      case 2:
        if (at + 8 <= bytes.length)
          new DataView(bytes.buffer).setBigUint64(at, extremes[roll(extremes.length)] ?? 0n, true);
        break;
      case 3:
        if (at + 4 <= bytes.length) new DataView(bytes.buffer).setUint32(at, roll(64), true);
        break;
      case 4:
        bytes = bytes.slice(0, at);
        break;
      case 5:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + length));
        break;
      case 6:
        bytes = joined(bytes.subarray(0, at + length), bytes.subarray(at));
        break;
      default:
        bytes.copyWithin(at, roll(bytes.length), roll(bytes.length));
    }
    if (bytes.length === 0) break;
  }
  return bytes;
}

const joined = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
};

/** A text with one to three changes: characters, numbers, parts doubled, nested or cut out. */
export function mutateText(text: string, roll: (n: number) => number): string {
  const numbers = ["0", "-1", "1e999", "9007199254740993", "0.5", "null", '"1"', "[]", "{}", "-0"];
  let changed = text;
  for (let changes = 1 + roll(3); changes > 0; changes--) {
    const at = roll(changed.length + 1);
    const end = at + roll(20);
    const [before, part, after] = [
      changed.slice(0, at),
      changed.slice(at, end),
      changed.slice(end),
    ];
    switch (roll(6)) {
      case 0:
        changed = before + part + part + after;
        break;
      case 1:
        changed = before + after;
        break;
      case 2: {
        let seen = 0;
        const which = roll((changed.match(/\d+/g) ?? []).length || 1);
        const number = numbers[roll(numbers.length)] ?? "0";
        changed = changed.replace(/\d+/g, (digits) => (seen++ === which ? number : digits));
        break;
      }
      case 3:
        changed = before + "[".repeat(roll(40)) + part + after;
        break;
      case 4:
        changed = before + String.fromCharCode(roll(0x300)) + after;
        break;
      default:
        changed = before + ['"', ",", ":", "}", "]", "\\u0000", "__proto__"][roll(7)] + after;
    }
  }
  return changed;
}

const odd: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 0.5, 3, 1e9, 2 ** 31, 2 ** 53 - 1, -(2 ** 40), 1e308, ""],
  ...["0", "a", "..", "__proto__", "constructor", "\u0000", "\ud800", "<b>", "𝕏".repeat(300)],
  ...[[], [[]], [0, 1], [null], [""], {}, { a: 1 }, { __proto__: null }, "llama", "default"],
];

/** What JSON holds with one to three values replaced, removed, doubled or put under another key. */
export function mutateJson(json: unknown, roll: (n: number) => number): unknown {
  // What is changed is made anew as far as it differs; nothing writes into the rest.
  let changed = json;
  for (let changes = 1 + roll(3); changes > 0; changes--) changed = changedOnce(changed, roll);
  return changed;
}

function changedOnce(value: unknown, roll: (n: number) => number): unknown {
  if (typeof value !== "object" || value === null || roll(6) === 0) return odd[roll(odd.length)];
  const keys = Object.keys(value);
  const key = keys[roll(keys.length)];
  if (key === undefined) return odd[roll(odd.length)];
  const entries = Object.entries(value).flatMap(([name, one]): [string, unknown][] => {
    if (name !== key) return [[name, one]];
    const kind = roll(8);
    if (kind === 0) return [];
    if (kind === 1) return [[["toString", "__proto__", "", `${name}s`][roll(4)] ?? name, one]];
    return [[name, changedOnce(one, roll)]];
  });
  if (!Array.isArray(value)) return Object.fromEntries(entries);
  return entries.flatMap(([, one]) => (roll(12) === 0 ? [one, one] : [one]));
}

/**
 * Reads many mutants of valid files.
 * @param read throws a DataError, or returns whether what it accepted is consistent
 * @returns how many were refused, and the first of which reading did something else
 */
export async function attack<T>(
  count: number,
  make: (roll: (n: number) => number) => T,
  read: (mutant: T) => Promise<boolean> | boolean,
): Promise<{ refused: number; accepted: number; fault: string | undefined }> {
  let refused = 0;
  for (let seed = 1; seed <= count; seed++) {
    const mutant = make(dice(seed));
    try {
      if (!(await read(mutant)))
        return { refused, accepted: seed - refused, fault: `seed ${seed}: accepted wrongly` };
    } catch (error) {
      if (!(error instanceof DataError))
        return {
          refused,
          accepted: seed - refused,
          fault: `seed ${seed}: ${(error as Error).stack}`,
        };
      refused++;
    }
  }
  return { refused, accepted: count - refused, fault: undefined };
}
