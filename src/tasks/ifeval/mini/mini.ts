import { DataError } from "../../../tensor/errors.ts";
import { expectKnown, expectOneOf } from "../../../tensor/options.ts";
import { integer, pick, type Stream, sample } from "../../draw.ts";
import type { Exchange } from "../../exchange.ts";
import { HASH, type Mini } from "../../mini.ts";
import { OptionsError } from "../../optionsError.ts";
import { followed, type Row } from "../follow.ts";
import { compose } from "./compose.ts";
import {
  areCompatible,
  askedBy,
  type Constraint,
  isHeldOut,
  type Kind,
  kinds,
  readConstraint,
  rules,
} from "./constraints.ts";
import { detokenize, miniSymbols, storyWords } from "./symbols.ts";

/** The knobs of difficulty; both ends of the range are included. */
export interface MiniOptions {
  /** How many constraints at once; the default is 1 to 3. */
  readonly constraints?: readonly [min: number, max: number];
  /** Largest number that is asked for, up to 9; the default is 6. */
  readonly most?: number;
  /** Which kinds; the default is all. */
  readonly kinds?: readonly Kind[];
  /** Only combinations that are not held out, only those that are, or any (the default). */
  readonly combinations?: "seen" | "unseen" | "any";
}

/** IFEval for a tiny transformer: one token a symbol. */
export interface MiniIfeval extends Mini {
  /**
   * Prompt and response as a row of IFEval, for `score` and `judge`; judged with `miniJudgement`.
   * @throws DataError for a prompt that is not one of the target's
   */
  readonly toRow: (prompt: readonly string[], response: readonly string[]) => Row;
}

/** Of the English that the language check wants there is no question here. */
export const miniJudgement: { readonly language: () => string } = { language: () => "en" };

/** `topic river ; do words >= 6 ; do end stone ;` */
const promptOf = (topic: string, constraints: readonly Constraint[]): readonly string[] => [
  ...["topic", topic, ";"],
  ...constraints.flatMap((constraint) => ["do", ...constraint, ";"]),
];

/** The constraints of a prompt. */
function read(prompt: readonly string[]): readonly Constraint[] {
  const [topic, ...asked] = prompt.join(" ").split(/ ;(?: |$)/);
  const constraints = asked.slice(0, -1).map((part) => {
    const [first, ...constraint] = part.split(" ");
    return first === "do" ? readConstraint(constraint) : undefined;
  });
  if (!/^topic [a-z]+$/.test(topic ?? "") || asked.at(-1) !== "" || constraints.includes(undefined))
    throw new DataError(`miniIfeval: expected topic … ; do … ;, got ${prompt.join(" ")}`);
  return constraints as readonly Constraint[];
}

function toRow(prompt: readonly string[], response: readonly string[]): Row {
  const asked = read(prompt).map(askedBy);
  return {
    prompt: prompt.join(" "),
    instruction_id_list: asked.map(({ id }) => id),
    kwargs: asked.map(({ kwargs }) => kwargs),
    response: detokenize(response),
  };
}

const follows = (row: Row): boolean => followed(row, miniJudgement).strict.every(Boolean);

/** How many draws may fail before the options are given up. */
const PATIENCE = 10_000;

/** Symbols of the longest constraint, of `topic x ;`, and of the longest response. */
const CONSTRAINT = 6;
const TOPIC = 3;
const MARKS = 24;

/**
 * IFEval for a tiny transformer: `topic river ; do words >= 6 ; do end lamp ;` → `Cap river stone ,
 * bread tower garden lamp`, or only `# river`, which takes no notice. Every worked response has
 * passed the real checks.
 * @throws OptionsError (also while drawing) for options that no prompt meets
 */
export function miniIfeval(options: MiniOptions = {}): MiniIfeval {
  expectKnown("miniIfeval", options, ["constraints", "most", "kinds", "combinations"]);
  const { constraints: range = [1, 3], most = 6, combinations = "any" } = options;
  const allowed = options.kinds ?? kinds;
  expectOneOf("miniIfeval: combinations", combinations, ["seen", "unseen", "any"]);
  for (const kind of allowed) expectOneOf("miniIfeval: kinds", kind, kinds);
  if (range[0] < 1 || range[1] < range[0] || range[1] > allowed.length || most < 3 || most > 9)
    throw new OptionsError(
      `miniIfeval: expected 1 ≤ min ≤ max ≤ ${allowed.length} constraints and 3 ≤ most ≤ 9, got ${range} and ${most}`,
    );

  const isWanted = (asked: readonly Kind[]): boolean =>
    areCompatible(asked) &&
    (combinations === "any" || (combinations === "unseen") === isHeldOut(asked));

  function draw(next: Stream): { topic: string; exchange: Exchange } {
    for (let tries = 0; tries < PATIENCE; tries++) {
      const asked = sample(next, allowed, integer(next, ...range));
      if (!isWanted(asked)) continue;
      const topic = pick(next, storyWords);
      const constraints = asked.map((kind): Constraint => [kind, ...rules[kind].draw(next, most)]);
      const exchange = {
        prompt: promptOf(topic, constraints),
        response: compose(topic, constraints),
      };
      if (follows(toRow(exchange.prompt, exchange.response))) return { topic, exchange };
    }
    throw new OptionsError("miniIfeval: expected constraints that some response meets");
  }

  return {
    symbols: miniSymbols,
    target: {
      worked: (next) => draw(next).exchange,
      direct: (next) => {
        const { topic, exchange } = draw(next);
        return { prompt: exchange.prompt, response: [HASH, topic] };
      },
    },
    positions: TOPIC + range[1] * CONSTRAINT + MARKS + 2 * most,
    toRow,
    score: (prompt, response) => {
      const row = toRow(prompt, response);
      const { strict } = followed(row, miniJudgement);
      const missed = row.instruction_id_list.filter((_, i) => !strict[i]);
      return { correct: missed.length === 0, why: missed.join(", ") };
    },
  };
}
