import { expectKnown, expectOneOf } from "../../../tensor/options.ts";
import { OptionsError } from "../../optionsError.ts";
import { MODULUS } from "../problem.ts";
import { letters } from "../solution.ts";
import { lexicon } from "../words/index.ts";
import type { Lexicon } from "../words/lexicon.ts";
import type { ProblemFormat } from "../write.ts";
import type { SolutionFormat } from "../writeSolution.ts";

/** Which templates may be drawn: those of training, those of tests, or both. */
export type Split = "train" | "test" | "any";

/** `any`: shuffled. `solution`: the sentences that are needed, in the order in which they are, then
 * the others. `{ jitter: k }`: that order, each sentence moved by up to k places. */
export type SentenceOrder = "any" | "solution" | { readonly jitter: number };

/** How large iGSM's problems are and how they are written. */
export interface Options extends ProblemFormat, SolutionFormat {
  /** `med`: at most 15 operations and 20 sentences. `hard`: 21 and 28. The default is `med`. */
  readonly preset?: "med" | "hard";
  /** Exactly so many operations; else between 1 and `maxOp`. At most 52: symbols are letters. */
  readonly op?: number;
  readonly maxOp?: number;
  /** How many sentences at most; each states one edge between items. */
  readonly maxEdge?: number;
  /** How many layers of items, 2 to as many as the lexicon has; else drawn with the size. */
  readonly depth?: number;
  /** How many items a layer has at least and at most; else drawn with the size. */
  readonly width?: readonly [min: number, max: number];
  /** How many operands a sentence has at most, its number among them; the default is 4. */
  readonly maxOperands?: number;
  readonly order?: SentenceOrder;
  readonly split?: Split;
  /** The default is 23. */
  readonly modulus?: number;
  readonly lexicon?: Lexicon;
  /** The solution's symbols in order; the default is the letters, shuffled. */
  readonly symbols?: readonly string[];
  /** Probability that a step is preceded by one that comes too early and is taken back. */
  readonly retryRate?: number;
}

/** Options with every default filled in. */
export interface Settings extends Options {
  readonly maxOp: number;
  readonly maxEdge: number;
  readonly maxOperands: number;
  readonly order: SentenceOrder;
  readonly split: Split;
  readonly modulus: number;
  readonly lexicon: Lexicon;
}

const presets = { med: { maxOp: 15, maxEdge: 20 }, hard: { maxOp: 21, maxEdge: 28 } } as const;

/** @throws OptionsError for options that no problem can meet */
export function settingsOf(options: Options): Settings {
  expectKnown("igsm.generate", options, [
    ...(["preset", "op", "maxOp", "maxEdge", "depth", "width", "maxOperands"] as const),
    ...(["order", "split", "modulus", "lexicon", "symbols", "retryRate"] as const),
    ...(["style", "question", "detailLevel"] as const),
  ]);
  expectChoices(options);
  const preset = presets[options.preset ?? "med"];
  const settings: Settings = {
    ...preset,
    maxOperands: 4,
    order: "any",
    split: "any",
    modulus: MODULUS,
    lexicon,
    ...options,
  };
  const { op, maxOp, maxEdge, modulus, depth, width, retryRate = 0 } = settings;
  if (settings.lexicon.length === 0)
    throw new OptionsError("igsm.generate: expected a lexicon of at least one hierarchy, got none");
  const symbols = (settings.symbols ?? letters).length;
  const layers = Math.min(...settings.lexicon.map((hierarchy) => hierarchy.length));
  const groups = settings.lexicon.flat().flatMap(({ groups: all }) => all.map((one) => one.length));
  expectInteger("op", op ?? maxOp, 1, symbols);
  expectInteger("maxOperands", settings.maxOperands, 1, 100);
  expectInteger("modulus", modulus, 2, 1000);
  expectInteger("depth", depth ?? 2, 2, layers);
  expectInteger("greatest width", width?.[1] ?? 1, 1, Math.min(...groups));
  expectInteger("least width", width?.[0] ?? 1, 1, width?.[1] ?? 1);
  expectInteger("maxEdge", maxEdge, ((depth ?? 2) - 1) * (width?.[0] ?? 1), 1000);
  if (!(retryRate >= 0 && retryRate < 1))
    throw new OptionsError(`igsm.generate: expected 0 ≤ retryRate < 1, got ${retryRate}`);
  return settings;
}

function expectChoices(options: Options): void {
  const { preset = "med", order = "any", split = "any", question = "last" } = options;
  expectOneOf("igsm.generate: question", question, ["first", "last"]);
  expectOneOf("igsm.generate: preset", preset, Object.keys(presets));
  expectOneOf("igsm.generate: split", split, ["train", "test", "any"]);
  if (typeof order === "string") expectOneOf("igsm.generate: order", order, ["any", "solution"]);
  else expectInteger("order.jitter", order.jitter, 0, 1000);
}

function expectInteger(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new OptionsError(
      `igsm.generate: expected a whole number ${name} from ${min} to ${max}, got ${value}`,
    );
}
