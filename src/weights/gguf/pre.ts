import { isRecord } from "../../json/isRecord.ts";

/** How llama.cpp splits text before byte-pair encoding, and what tokenizer.json says for it. */
interface Pre {
  /** The pattern of the `Split`; absent where `ByteLevel` splits by GPT-2's own. */
  readonly pattern?: string;
  /** `Digits` with `individual_digits` before. */
  readonly digits?: true;
  readonly ignoreMerges?: true;
  /** Whether text is normalized to NFC before. */
  readonly nfc?: true;
}

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
const LEAD = "[^\\r\\n\\p{L}\\p{N}]?";
const SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const REST = ` ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${SPACES}`;
const REST_SLASH = ` ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${SPACES}`;
const llama3 = `${CONTRACTIONS}|${LEAD}\\p{L}+|\\p{N}{1,3}|${REST}`;

const pres: Readonly<Record<string, Pre>> = {
  "llama-bpe": { pattern: llama3, ignoreMerges: true },
  "smaug-bpe": { pattern: llama3 },
  qwen2: { pattern: `${CONTRACTIONS}|${LEAD}\\p{L}+|\\p{N}|${REST}`, nfc: true },
  tekken: {
    pattern: `${LEAD}${UPPER}*${LOWER}+|${LEAD}${UPPER}+${LOWER}*|\\p{N}|${REST_SLASH}`,
    ignoreMerges: true,
  },
  "gpt-4o": {
    pattern: `${LEAD}${UPPER}*${LOWER}+${CONTRACTIONS}?|${LEAD}${UPPER}+${LOWER}*${CONTRACTIONS}?|\\p{N}{1,3}|${REST_SLASH}`,
  },
  smollm: { digits: true },
  "gpt-2": {},
};

/** Other names of llama.cpp's for the same splitting. */
const synonyms: Readonly<Record<string, string>> = {
  ...{ llama3: "llama-bpe", "llama-v3": "llama-bpe", dbrx: "smaug-bpe", refact: "smollm" },
  ...{ starcoder: "smollm", "command-r": "smollm", "deepseek-r1-qwen": "qwen2", llama4: "gpt-4o" },
  ...{ olmo: "gpt-2", mpt: "gpt-2", "phi-2": "gpt-2" },
};

interface Parts {
  readonly patterns: readonly string[];
  readonly digits: boolean;
  /** Whether `ByteLevel` splits too. */
  readonly byteLevelSplits: boolean;
}

function partsOf(preTokenizer: unknown): Parts | undefined {
  if (!isRecord(preTokenizer)) return undefined;
  const inner = preTokenizer["pretokenizers"];
  const steps = (Array.isArray(inner) ? inner : [preTokenizer]).filter(isRecord);
  const patterns = steps.flatMap(({ type, pattern }) =>
    type === "Split" && isRecord(pattern) ? [`${pattern["Regex"] ?? pattern["String"]}`] : [],
  );
  const byteLevel = steps.find(({ type }) => type === "ByteLevel");
  if (!byteLevel) return undefined;
  const others = steps.filter(({ type }) => !["Split", "Digits", "ByteLevel"].includes(`${type}`));
  if (others.length > 0) return undefined;
  const digits = steps.some((s) => s["type"] === "Digits" && s["individual_digits"] === true);
  return { patterns, digits, byteLevelSplits: byteLevel["use_regex"] !== false };
}

/** llama.cpp's name for the splitting of a tokenizer.json; undefined where it has none. */
export function preOf(preTokenizer: unknown, ignoreMerges: boolean): string | undefined {
  const parts = partsOf(preTokenizer);
  if (!parts) return undefined;
  const { patterns, digits, byteLevelSplits } = parts;
  const [pattern] = patterns;
  if (pattern === undefined) return byteLevelSplits ? (digits ? "smollm" : "gpt-2") : undefined;
  if (patterns.length > 1 || digits || byteLevelSplits) return undefined;
  const fits = Object.keys(pres).filter((name) => pres[name]?.pattern === pattern);
  return fits.find((name) => Boolean(pres[name]?.ignoreMerges) === ignoreMerges) ?? fits[0];
}

/** What tokenizer.json says for one of llama.cpp's names; undefined for one that is not known. */
export function preTokenizerOf(name: string):
  | {
      readonly preTokenizer: unknown;
      readonly normalizer: unknown;
      readonly ignoreMerges: boolean;
    }
  | undefined {
  const pre = pres[synonyms[name] ?? name];
  if (!pre) return undefined;
  const byteLevel = {
    ...{ type: "ByteLevel", add_prefix_space: false, trim_offsets: true },
    use_regex: pre.pattern === undefined,
  };
  const split = {
    type: "Split",
    pattern: { Regex: pre.pattern },
    behavior: "Isolated",
    invert: false,
  };
  const first = pre.pattern === undefined ? { type: "Digits", individual_digits: true } : split;
  const isOne = pre.pattern === undefined && !pre.digits;
  return {
    preTokenizer: isOne ? byteLevel : { type: "Sequence", pretokenizers: [first, byteLevel] },
    normalizer: pre.nfc ? { type: "NFC" } : null,
    ignoreMerges: pre.ignoreMerges ?? false,
  };
}
