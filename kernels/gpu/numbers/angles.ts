import type { Language } from "./language.ts";

/** Of the sine, from r³: −1/3!, 1/5!, …; and of the cosine, from r⁴. */
const SINE = [-1 / 6, 1 / 120, -1 / 5040, 1 / 362880];
const COSINE = [1 / 24, -1 / 720, 1 / 40320, -1 / 3628800];

const series = (terms: readonly number[]): string =>
  terms.slice(0, -1).reduceRight((rest, c) => `${c} + z * (${rest})`, `${terms.at(-1)}`);

/** The bits of 1/2π behind the point, after a word of those before it. */
const INVERSE_TURN = [
  ...[0, 0x28be60db, 0x9391054a, 0x7f09d5f4],
  ...[0x7d4d3770, 0x36d8a566, 0x4f10e410, 0x7f9458ea],
];

/** π/2 as numbers of few digits and the rest, so that quarters times the first is exact. */
const QUARTER = [1.5703125, 4.837512969970703e-4, 7.549789948768648e-8];

/**
 * The sine of x + quarters · π/2, to a few units of the last place whatever the size of x and exact
 * near 0: by its series, of what is left of x without quarter turns.
 */
export function sineBody(language: Language, quarters: number): string {
  const { declare, variable, bits, nan } = language;
  return `if (abs(x) > 3.4028234e38) { return ${nan}; }
  ${variable("float", "r", "x")}
  ${variable("float", "quadrant", "0.0")}
  if (abs(x) > 0.7853981) {
  ${bits ? restByBits(language, bits) : restByFloats(language)}
  }
  ${declare("float", "z", "r * r")}
  ${declare("float", "turned", `quadrant + ${quarters}.0`)}
  ${declare("float", "q", "turned - 4.0 * floor(turned * 0.25)")}
  ${declare("float", "cosine", `1.0 - 0.5 * z + z * z * (${series(COSINE)})`)}
  ${declare("float", "sine", `r + r * z * (${series(SINE)})`)}
  if (q == 0.0) { return sine; }
  if (q == 1.0) { return cosine; }
  if (q == 2.0) { return -sine; }
  return -cosine;`;
}

/**
 * x is m · 2^(e − 32) with a whole m, and bits of 1/2π before bit e make whole turns of it (Payne and
 * Hanek, 1983): what is left of x / 2π without them is m times the 96 bits a, b, c from there on.
 */
function restByBits(
  { declare, variable, words, toFloat }: Language,
  bits: (x: string) => string,
): string {
  const uint = (name: string, value: string): string => declare("uint", name, value);
  const from = (i: number): string =>
    `(inverse[at + ${i}u] << shift) | ((inverse[at + ${i + 1}u] >> 1u) >> (31u - shift))`;
  /** The high word of m times a word, by halves of both. */
  const high = (word: string): string => `${uint(`${word}0`, `${word} & 0xffffu`)}
  ${uint(`${word}1`, `${word} >> 16u`)}
  ${uint(`${word}01`, `m0 * ${word}1`)}
  ${uint(`${word}mid`, `m1 * ${word}0 + ((m0 * ${word}0) >> 16u) + (${word}01 & 0xffffu)`)}
  ${uint(`${word}high`, `m1 * ${word}1 + (${word}01 >> 16u) + (${word}mid >> 16u)`)}`;
  return `${uint("number", bits("x"))}
  ${uint("m", "(number & 0x7fffffu) | 0x800000u")}
  ${uint("m0", "m & 0xffffu")}
  ${uint("m1", "m >> 16u")}
  ${uint("e", "((number >> 23u) & 0xffu) - 118u")}
  ${uint("at", "e >> 5u")}
  ${uint("shift", "e & 31u")}
  ${words("inverse", INVERSE_TURN)}
  ${uint("a", from(0))}
  ${uint("b", from(1))}
  ${uint("c", from(2))}
  ${high("b")}
  ${high("c")}
  ${variable("uint", "low", "m * b + chigh")}
  ${variable("uint", "turn", "m * a + bhigh")}
  if (low < chigh) { turn += 1u; }
  ${uint("n", "(turn + 0x20000000u) >> 30u")}
  turn -= n << 30u;
  ${variable("float", "sign", "1.0")}
  if (turn >= 0x80000000u) {
    turn = ~turn;
    if (low == 0u) { turn += 1u; }
    low = 0u - low;
    sign = -1.0;
  }
  r = sign * (${toFloat("turn")} + ${toFloat("low")} * ${2 ** -32}) * ${2 * Math.PI * 2 ** -32};
  quadrant = ${toFloat("n")};
  if (x < 0.0) {
    r = -r;
    quadrant = 4.0 - quadrant;
  }`;
}

/** Good for angles up to about 10⁴. */
const restByFloats = ({ declare }: Language): string => `${declare(
  "float",
  "n",
  `floor(x * ${2 / Math.PI} + 0.5)`,
)}
  r = ${QUARTER.reduce((rest, part) => `(${rest} - n * ${part})`, "x")};
  quadrant = n - 4.0 * floor(n * 0.25);`;
