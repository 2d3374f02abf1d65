import { isKept } from "../json/lossOf.ts";

const DECIMAL = /^-?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,4})?$/i;

/** A number of an address: decimal, none that a double would take for 0 or ∞; else NaN. */
export function decimalIn(text: string): number {
  const isNumber = DECIMAL.test(text) && text.length < 100 && isKept(text);
  return isNumber ? Number(text) + 0 : Number.NaN;
}

/** What an address says, as messages show it: whoever made the link may have written any text. */
export const shownIn = (text: string): string =>
  text.length > 40 ? `${text.slice(0, 40)}…` : text || "nothing";
