import { at } from "../../tensor/shapes.ts";
import type { LogProbs } from "./distributions.ts";

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

const raised = (n: number): string =>
  `${n < 0 ? "⁻" : ""}${[...`${Math.abs(n)}`].map((digit) => SUPERSCRIPTS[Number(digit)]).join("")}`;

/** Three digits, with a power of ten where there would be many zeros: 0.312, 13.3, 2.5·10⁻⁹. */
export function number(x: number): string {
  if (!Number.isFinite(x)) return x > 0 ? "∞" : x < 0 ? "−∞" : "–";
  const size = Math.abs(x);
  const sign = x < 0 ? "−" : "";
  if (size < 1e-16) return "0";
  if (size >= 1e-3 && size < 1e4)
    return sign + (size >= 100 ? size.toFixed(0) : trimmed(size.toPrecision(3)));
  const [digits, exponent] = size.toExponential(1).split("e") as [string, string];
  const power = `10${raised(Number(exponent))}`;
  return sign + (digits === "1.0" ? power : `${digits}·${power}`);
}

const trimmed = (text: string): string => (text.includes("e") ? `${Number(text)}` : text);

/** The probability of a token: 75.0 %, 10⁻⁶, 1 − 10⁻⁶. */
export function probability(p: LogProbs, token: number): string {
  const rest = p.reduce((sum, x, i) => (i === token ? sum : sum + Math.exp(x)), 0);
  if (rest < 5e-4) return rest < 1e-16 ? "1" : `1 − ${number(rest)}`;
  const here = Math.exp(at(p, token));
  return here < 1e-3 ? number(here) : `${(100 * here).toPrecision(3)} %`;
}

/** A weight between 0 and 1. */
export const weight = (w: number): string =>
  w > 0.995 && w < 1 ? `1 − ${number(1 - w)}` : w.toFixed(2);
