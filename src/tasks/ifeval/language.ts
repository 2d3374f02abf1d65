import { francAll } from "franc";
import { functionWordShare } from "./functionWords.ts";

/** IFEval's 30 languages, ISO 639-1, by the ISO 639-3 code that franc has for them. */
const CODES: Readonly<Record<string, string>> = {
  arb: "ar",
  ben: "bn",
  bul: "bg",
  deu: "de",
  eng: "en",
  fin: "fi",
  fra: "fr",
  guj: "gu",
  heb: "he",
  hin: "hi",
  ita: "it",
  jpn: "ja",
  kan: "kn",
  kor: "ko",
  mal: "ml",
  mar: "mr",
  npi: "ne",
  pan: "pa",
  pes: "fa",
  pol: "pl",
  por: "pt",
  rus: "ru",
  spa: "es",
  swh: "sw",
  tam: "ta",
  tel: "te",
  tha: "th",
  ukr: "uk",
  urd: "ur",
  vie: "vi",
};

const only = Object.keys(CODES);

/** As much of a text as tells its language. */
const ENOUGH = 2048;
/** A text with fewer letters could be in any language. */
const FEWEST_LETTERS = 3;

/**
 * The language of a text, ISO 639-1; "und" if it cannot be told; undefined if there is no letter.
 * Trigrams alone confuse short texts in related languages; small words settle these.
 */
export function detectLanguage(text: string): string | undefined {
  const start = text.slice(0, ENOUGH);
  const letters = start.match(/[^\P{L}ªº]/gu)?.length ?? 0;
  if (letters === 0) return undefined;
  if (letters < FEWEST_LETTERS) return "und";
  const words = start.toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? [];
  const [best] = francAll(start, { only, minLength: FEWEST_LETTERS })
    .map(([code, score]) => ({ code, score: score + functionWordShare(words, code) }))
    .sort((a, b) => b.score - a.score);
  return CODES[best?.code ?? ""] ?? "und";
}
