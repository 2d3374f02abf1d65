import { expectKnown } from "../../tensor/options.ts";
import { integer, type Stream } from "../draw.ts";
import type { Exchange } from "../exchange.ts";
import { match } from "../finalAnswer.ts";
import { type Direct, echoed, HASH, type Mini } from "../mini.ts";
import { OptionsError } from "../optionsError.ts";
import { type CheckMode, check, type Verdict } from "./check.ts";
import { draw, type Generated } from "./generate/generate.ts";
import type { Split } from "./generate/options.ts";
import { parse } from "./parse.ts";
import { letters } from "./solution.ts";
import { answer } from "./values.ts";
import { type Hierarchy, type Lexicon, list } from "./words/lexicon.ts";

const category = (name: string, words: string): Hierarchy[number] => ({
  name,
  groups: [list(words)],
});

/** Two worlds of three layers, each name one word. */
export const miniLexicon: Lexicon = [
  [
    category("house", "cabin, castle, hut, lodge, manor, villa"),
    category("room", "attic, cellar, hall, kitchen, parlor, studio"),
    category("tool", "chisel, drill, hammer, pliers, saw, wrench"),
  ],
  [
    category("farm", "dairy, grange, homestead, orchard, ranch, vineyard"),
    category("pen", "byre, coop, hutch, kennel, stable, sty"),
    category("beast", "cow, dog, hen, horse, pig, rabbit"),
  ],
];

/** The symbols of the steps, in this order. */
const stepSymbols = letters.slice(0, 12);
const MAX_MODULUS = 23;

/** The owner of what comes next, with its dot, is one symbol, so that a name is two: `attic .` `saw`. */
const owner = (word: string): string => `${word} .`;

/** A value with the sign before it is one symbol, so that it stands right behind its name. */
const equal = (value: number): string => `= ${value}`;

/** The vocabulary: the names, the numbers 0 … 22, the steps' symbols and the punctuation. */
export const miniSymbols: readonly string[] = [
  ...miniLexicon.flat().flatMap(({ name, groups }) => [name, ...groups.flat()]),
  ...miniLexicon.flatMap((layers) =>
    layers.slice(0, -1).flatMap(({ groups }) => groups.flat().map(owner)),
  ),
  ...Array.from({ length: MAX_MODULUS }, (_, n) => `${n}`),
  ...Array.from({ length: MAX_MODULUS }, (_, n) => equal(n)),
  ...stepSymbols,
  ...["=", "+", "-", "*", "(", ")", ";", "?", "ans", HASH],
];

/** The knobs of difficulty. */
export interface MiniOptions {
  /** 2 … 23; the default is 7. */
  readonly modulus?: number;
  /** Least and greatest number of operations, all equally likely; the default is 1 … 2. */
  readonly op?: readonly [min: number, max: number];
  /** Layers of items, 2 (the default) or 3. */
  readonly depth?: number;
  /** Least and greatest number of items in a layer; the default is 2 … 2. */
  readonly width?: readonly [min: number, max: number];
  /** Sentences at most; the default is 4. */
  readonly maxEdge?: number;
  /** Operands of a sentence at most, its number among them; the default is 2. */
  readonly maxOperands?: number;
  /** The worlds that problems may be about, of the two that there are. */
  readonly worlds?: readonly (0 | 1)[];
  readonly split?: Split;
  /** What answers without steps say, as of `Direct`; the answer by default. */
  readonly direct?: Direct;
}

/**
 * iGSM for a tiny transformer: `a = attic . saw = 3 ; b = … ; ans 6`, or only `ans 6`, or
 * `# tool`, to a prompt `attic . saw = 3 ; … ; ? hall . tool`.
 */
export interface MiniIgsm extends Mini {
  /**
   * Judges a response to a prompt of the target, its end symbol taken away; any response is safe.
   * @param mode `answer` (the default): the paper's metric, the last number is right. `strict` and
   *   `tight`: so are all the steps, as `check` says
   * @throws DataError for a prompt that is not one of the target's
   */
  readonly score: (
    prompt: readonly string[],
    response: readonly string[],
    mode?: CheckMode | "answer",
  ) => Verdict;
}

/** @throws OptionsError (also while drawing) for options that no problem meets */
export function miniIgsm(options: MiniOptions = {}): MiniIgsm {
  expectKnown("miniIgsm", options, [
    ...(["modulus", "op", "depth", "width", "maxEdge", "maxOperands"] as const),
    ...(["worlds", "split", "direct"] as const),
  ]);
  const { modulus = 7, op = [1, 2], maxEdge = 4, maxOperands = 2, worlds = [0, 1] } = options;
  const { depth = 2, width = [2, 2], split = "any", direct = "answer" } = options;
  if (!(modulus <= MAX_MODULUS))
    throw new OptionsError(`miniIgsm: expected modulus ≤ ${MAX_MODULUS}, got ${modulus}`);
  if (!(op[0] >= 1 && op[0] <= op[1]))
    throw new OptionsError(
      `miniIgsm: expected 1 ≤ least op ≤ greatest op, got ${op.join(" and ")}`,
    );
  const lexicon = miniLexicon.filter((_, i) => worlds.includes(i as 0 | 1));
  const settings = { modulus, maxEdge, maxOperands, depth, width, split, lexicon };
  const problem = (next: Stream): Generated =>
    draw(next, {
      ...settings,
      op: integer(next, ...op),
      style: "compact",
      symbols: stepSymbols,
    });
  return {
    symbols: miniSymbols,
    target: {
      worked: (next) => exchange(problem(next), ({ solutionText }) => solutionText),
      direct: (next) => {
        const drawn = problem(next);
        return direct === "answer"
          ? exchange(drawn, ({ answer }) => `ans ${answer}`)
          : echoed(symbolsOf(drawn.problemText));
      },
    },
    positions: longest(maxEdge, maxOperands, op[1]),
    score: (prompt, response, mode = "answer") =>
      score(prompt.join(" "), response.join(" "), modulus, mode),
  };
}

/** All symbols but `owner` and `equal` have no space in them. */
const symbolsOf = (text: string): string[] => text.split(/ (?!\. )(?<!= (?=\d))/);

function exchange(problem: Generated, respond: (problem: Generated) => string): Exchange {
  return { prompt: symbolsOf(problem.problemText), response: symbolsOf(respond(problem)) };
}

/** Symbols of `A .` `x`, of `a = A . x = b + c = 3 + 4 = 0 ;` and of `ans 0`. */
const NAME = 2;
const STEP = 15;
const ANSWER = 2;

/** `A . x = 2 + ( A . y + A . z ) ;` for each sentence, then the question and the steps. */
function longest(edges: number, operands: number, op: number): number {
  const names = operands * (NAME + 1) - 1;
  const withNumber =
    operands > 1 ? 2 + (operands - 1) * (NAME + 1) - 1 + (operands > 2 ? 2 : 0) : 1;
  const sentence = NAME + 1 + Math.max(names, withNumber) + 1;
  return edges * sentence + (1 + NAME) + op * STEP + ANSWER;
}

function score(
  problemText: string,
  response: string,
  modulus: number,
  mode: CheckMode | "answer",
): Verdict {
  const world = miniLexicon.find((hierarchy) =>
    hierarchy.some(({ groups }) => groups.flat().includes(problemText.split(" ", 1)[0] as string)),
  );
  const problem = parse({
    layerNames: (world ?? []).map(({ name }) => name),
    items: (world ?? []).map(({ groups }) => groups.flat()),
    problemText,
    modulus,
    style: "compact",
  });
  if (mode !== "answer") return check(problem, response, { mode, style: "compact" });
  const right = `${answer(problem)}`;
  const correct = match(response, right);
  return { correct, why: correct ? "" : `expected the answer ${right}` };
}
