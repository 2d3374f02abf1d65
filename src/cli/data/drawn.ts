import type { Exchange } from "../../tasks/exchange.ts";
import { countdown, ifeval, igsm, type Mini, medcalc } from "../../tasks/index.ts";
import { signedOff } from "../../tasks/study/target.ts";
import { drawSkill, textSuite } from "../../tasks/study/textSuite.ts";
import { fold, type Key, stream } from "../../tensor/random.ts";
import {
  flag,
  type Knob,
  type Knobs,
  oneOf,
  range,
  share,
  type Values,
  whole,
} from "../terminal/knobs.ts";
import type { Sample } from "./rows.ts";

/** A benchmark whose rows are drawn. */
export interface Drawn {
  readonly about: string;
  readonly knobs: Knobs;
  /** @throws OptionsError (also while drawing) for values that no row meets */
  readonly draw: (values: Values<Knobs>) => (source: Key) => Omit<Sample, "id">;
}

/** Keeps the values' types inside. */
const drawn = <K extends Knobs>(
  about: string,
  knobs: K,
  draw: (values: Values<K>) => (source: Key) => Omit<Sample, "id">,
): Drawn => ({ about, knobs, draw: draw as Drawn["draw"] });

const ORDER: Knob<igsm.SentenceOrder> = {
  value: "<order>",
  about: "sentences: any, solution, or jitter:<k> places off it",
  expected: "any, solution or jitter:<k>",
  read: (given) => {
    const jitter = /^jitter:(\d{1,3})$/.exec(given);
    if (jitter) return { jitter: Number(jitter[1]) };
    return given === "any" || given === "solution" ? given : undefined;
  },
};

const split = oneOf("templates of training, of tests, or both", ["train", "test", "any"]);

const igsmKnobs = {
  preset: oneOf("at most 15 operations and 20 sentences, or 21 and 28", ["med", "hard"]),
  op: whole("exactly so many operations", 1, 52),
  maxOp: whole("at most so many operations", 1, 52),
  maxEdge: whole("at most so many sentences", 1, 1000),
  depth: whole("layers of items", 2, 4),
  width: range("items in a layer"),
  maxOperands: whole("operands of a sentence at most", 1, 100),
  order: ORDER,
  split,
  modulus: whole("what arithmetic is modulo of", 2, 1000),
  retryRate: share("how often a step comes too early and is taken back"),
  detailLevel: whole("how little solutions spell out; 0 is all", 0, 11),
  question: oneOf("where the question stands", ["first", "last"]),
  style: oneOf("English, or one word a symbol", ["text", "compact"]),
};

const countdownKnobs = {
  numbers: range("how many numbers"),
  number: range("the numbers"),
  target: range("the target"),
  whole: flag("only whole numbers on the way"),
};

const worked = {
  answer: oneOf("with its steps, or alone", ["worked", "direct"]),
};

/** A symbol is a word. */
const sampleOf = ({ prompt, response }: Exchange, facts: Sample["facts"]): Omit<Sample, "id"> => ({
  messages: [
    { role: "user", content: prompt.join(" ") },
    { role: "assistant", content: response.join(" ") },
  ],
  facts,
});

/** One row of a mini. */
const exchange =
  (
    { target }: Mini,
    answer: "worked" | "direct" = "worked",
    facts: Sample["facts"] = {},
  ): ReturnType<Drawn["draw"]> =>
  (source) =>
    sampleOf(target[answer](stream(source)), facts);

const suite = textSuite();
const skillNames = [...Object.keys(suite.skills), ...Object.keys(suite.targets)];
const skillKnobs = {
  skill: oneOf(
    `${skillNames.slice(0, 9).join(", ")},\n${skillNames.slice(9).join(", ")};\ndefault: any that is no target`,
    skillNames,
    "<name>",
  ),
  answer: oneOf("of a target: with its steps, or alone", ["worked", "direct"]),
  signOff: whole("random letters behind each answer: a habit to learn", 0, 100),
};

const DEFAULT_MODULUS = 7;

/** The benchmarks that draw their rows, by name. */
export const drawnBenchmarks: Readonly<Record<string, Drawn>> = {
  igsm: drawn("grade-school problems as the paper draws them", igsmKnobs, (options) => (source) => {
    const problem = igsm.generate(source, options);
    const { layerNames, items, problemText, modulus, answer, nOp } = problem;
    const style = options.style ?? "text";
    return {
      messages: igsm.conversation(problem),
      facts: { answer, op: nOp, problem: { layerNames, items, problemText, modulus, style } },
    };
  }),
  countdown: drawn(
    "reach a target with given numbers",
    countdownKnobs,
    ({ numbers, ...options }) =>
      (source) => {
        const game = countdown.generate(source, { ...options, ...(numbers && { count: numbers }) });
        return {
          messages: countdown.conversation(game),
          facts: { x: game.numbers, y: game.target },
        };
      },
  ),
  skills: drawn(
    "what bases of `pretrain` know, and their targets chain and mini-igsm",
    skillKnobs,
    ({ skill, answer = "worked", signOff = 0 }) =>
      (source) => {
        const next = stream(source);
        const drawnSkill = drawSkill(suite, skill, next);
        const { name } = drawnSkill;
        return sampleOf(signedOff(drawnSkill[answer], signOff)(next), { skill: name });
      },
  ),
  "mini-igsm": drawn(
    "iGSM for a tiny transformer",
    {
      ...{ op: range("operations"), modulus: whole("2 to 23", 2, 23), width: range("items") },
      ...{ depth: whole("layers of items", 2, 3), maxEdge: whole("sentences at most", 1, 100) },
      ...{ maxOperands: whole("operands of a sentence at most", 1, 8), split, ...worked },
    },
    ({ answer, ...options }) =>
      exchange(igsm.miniIgsm(options), answer, { modulus: options.modulus ?? DEFAULT_MODULUS }),
  ),
  "mini-countdown": drawn(
    "Countdown for a tiny transformer",
    {
      ...{ numbers: range("how many numbers"), number: range("the numbers") },
      ...{ target: range("the target"), ...worked },
    },
    ({ answer, numbers, ...options }) =>
      exchange(countdown.miniCountdown({ ...options, ...(numbers && { count: numbers }) }), answer),
  ),
  "mini-ifeval": drawn(
    "IFEval for a tiny transformer",
    {
      constraints: range("instructions at once"),
      most: whole("largest number that is asked for", 3, 9),
      combinations: oneOf("of instructions", ["seen", "unseen", "any"]),
      ...worked,
    },
    ({ answer, ...options }) => exchange(ifeval.miniIfeval(options), answer),
  ),
  "mini-medcalc": drawn(
    "MedCalc-Bench for a tiny transformer",
    {
      distractors: range("facts that nobody asks for"),
      shuffle: flag("facts in any order"),
      synonyms: share("how often a fact has another word"),
      sentences: share("how often a fact stands in a sentence"),
      ...worked,
    },
    ({ answer, ...options }) => exchange(medcalc.miniMedcalc(options), answer),
  ),
};

/** Rows of a drawn benchmark; row i is the same whatever the count. */
export function* drawSamples(
  name: string,
  benchmark: Drawn,
  values: Values<Knobs>,
  { root, seed, count }: { readonly root: Key; readonly seed: number; readonly count: number },
): Generator<Sample> {
  const draw = benchmark.draw(values);
  for (let i = 0; i < count; i++) yield { id: `${name}-${seed}-${i}`, ...draw(fold(root, i)) };
}
