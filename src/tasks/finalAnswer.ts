/**
 * The final number of a text, compared with that of a reference as the paper's authors do it: how
 * the number was found does not matter.
 */

const NUMBERS = /-?[0-9.,]+/g;
const AFTER_HASHES = /####\s*(-?[0-9.,]+)/;
const BOXED = /boxed\{\s*(-?[0-9.,]+)/;

/** The last number of a text; a single dot is none. */
const lastNumber = (text: string): string | undefined =>
  (text.match(NUMBERS) ?? []).filter((number) => number !== ".").at(-1);

function afterLastHashes(text: string): string | undefined {
  const at = text.lastIndexOf("###");
  return at < 0 ? undefined : text.slice(at + 3);
}

const withoutLastDots = (text: string): string => {
  let end = text.length;
  while (text[end - 1] === ".") end--;
  return text.slice(0, end);
};

/**
 * The final answer of a text as it is written, without commas and last dots: the number after
 * `####`, else the first in `boxed{`, else the last number after the last `###`, else the last
 * number; undefined if there is none.
 */
export function extract(text: string): string | undefined {
  const stripped = text.trim();
  const body = stripped.endsWith(".") ? stripped.slice(0, -1) : stripped;
  const found =
    AFTER_HASHES.exec(body)?.[1] ??
    BOXED.exec(body)?.[1] ??
    lastNumber(afterLastHashes(body) ?? body);
  return found === undefined ? undefined : withoutLastDots(found.replaceAll(",", ""));
}

const amount = (answer: string | undefined): number =>
  answer === undefined || answer === "" ? Number.NaN : Number(answer);

/** Whether the final numbers of a text and of a reference are there and equal. */
export const match = (text: string, reference: string): boolean =>
  amount(extract(text)) === amount(extract(reference));
