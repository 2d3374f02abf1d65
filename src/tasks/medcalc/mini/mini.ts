import { expectKnown } from "../../../tensor/options.ts";
import { integer, type Stream, sample } from "../../draw.ts";
import type { Exchange } from "../../exchange.ts";
import { type Direct, echoed, HASH, type Mini, type MiniVerdict } from "../../mini.ts";
import { OptionsError } from "../../optionsError.ts";
import { calculate } from "../calculate.ts";
import { roundFive } from "../rounding.ts";
import { score } from "../scoring/score.ts";
import { type Fact, factOf, facts, type Value, type Values } from "./facts.ts";
import {
  fillers,
  longestClause,
  type MiniTask,
  PRESSURES,
  readNote,
  type Wording,
  writeNote,
} from "./note.ts";
import { conditionWords, digitsOf, type MiniName, questions } from "./questions.ts";

/** The vocabulary. */
export const miniSymbols: readonly string[] = [
  ..."0123456789",
  ...["-", "+", "*", "/", "=", ";", "?", "pt", "ans", "yes", "no", "M", "F"],
  ...facts.flatMap(({ word, synonym }) => [word, synonym]),
  ...fillers,
  PRESSURES,
  ...conditionWords,
  ...Object.keys(questions),
  HASH,
];

/** The knobs of difficulty. */
export interface MiniOptions {
  /** The calculators that are asked for, each as likely as the others; all eleven by default. */
  readonly calculators?: readonly MiniName[];
  /** Least and greatest number of facts that nobody asks for; 0 to 1 by default. */
  readonly distractors?: readonly [min: number, max: number];
  /** Whether facts come in any order; not so by default. */
  readonly shuffle?: boolean;
  /** Probability of another word for a fact; 0 by default. */
  readonly synonyms?: number;
  /** Probability of a sentence around a fact; 0 by default. */
  readonly sentences?: number;
  /** What answers without steps say, as of `Direct`; the answer by default. */
  readonly direct?: Direct;
}

type Told = readonly [fact: Fact, value: Value];

/** The facts that a question does not need, and that do not speak of the same thing. */
function others(ask: MiniName): readonly Fact[] {
  const needed = questions[ask].needs.map((word) => factOf(word) as Fact);
  return facts.filter(
    ({ entity }) => !needed.some((fact) => fact.entity === entity) && entity !== "height",
  );
}

/** Needed facts and distractors; in order, distractors are spread among the needed ones. */
function drawFacts(
  next: Stream,
  ask: MiniName,
  { distractors, shuffle }: Required<Pick<MiniOptions, "distractors" | "shuffle">>,
): readonly Told[] {
  const { needs, draw } = questions[ask];
  const chosen: Values = draw?.(next) ?? {};
  const needed = needs.map((word): Told => {
    const fact = factOf(word) as Fact;
    return [fact, chosen[word] ?? fact.draw(next)];
  });
  const idle = sample(next, others(ask), integer(next, ...distractors)).map(
    (fact): Told => [fact, fact.draw(next)],
  );
  if (shuffle) return sample(next, [...needed, ...idle], needed.length + idle.length);
  return idle.reduce<readonly Told[]>(
    (told, each) => told.toSpliced(integer(next, 0, told.length), 0, each),
    needed,
  );
}

/** The answer as the benchmark's calculators give it. */
const answerOf = ({ ask, entities }: MiniTask): number =>
  calculate(questions[ask].id, entities, { variant: "medcalc-bench" }) as number;

const answered = (task: MiniTask): readonly string[] => ["ans", ...digitsOf(answerOf(task))];

/** Judged by the benchmark's scorer, with its bounds: 5 % for decimals. */
function judge(prompt: readonly string[], response: readonly string[]): MiniVerdict {
  const task = readNote(prompt);
  const right = answerOf(task);
  const said = response.slice(response.lastIndexOf("ans") + 1).join("");
  const bounds = [0.95 * right, 1.05 * right].map(roundFive);
  const row = { groundTruth: right, lower: Math.min(...bounds), upper: Math.max(...bounds) };
  const text = `{"answer": "${response.includes("ans") ? said : ""}"}`;
  const { id } = questions[task.ask];
  const { correct } = score({ text, calculatorId: id, ...row }, "medcalc-bench");
  return { correct, why: correct ? "" : `expected ${task.ask} ${right}, got ${said}` };
}

/** Symbols of the longest prompt and response. */
function longest(names: readonly MiniName[], idle: number, wording: Wording): number {
  const lengths = names.map((name) => {
    const { needs, longest } = questions[name];
    return 3 + (needs.length + idle) * longestClause(wording) + longest;
  });
  return Math.max(...lengths);
}

/**
 * MedCalc-Bench for a tiny transformer: a note of facts and the word of a calculator,
 * `pt sbp 8 4 hr 7 1 dbp 5 7 ? map`, → `8 4 / 3 = 2 8 ; 5 7 / 3 = 1 9 ; 2 8 + 1 9 = 4 7 ; 4 7 + 1 9
 * = 6 6 ; ans 6 6`, or only `ans 6 6`, or `# map`. The calculators and the scorer are the benchmark's.
 * @throws OptionsError for options that no note meets
 */
export function miniMedcalc(options: MiniOptions = {}): Mini {
  expectKnown("miniMedcalc", options, [
    ...(["calculators", "distractors", "shuffle", "synonyms", "sentences", "direct"] as const),
  ]);
  const names = options.calculators ?? (Object.keys(questions) as MiniName[]);
  const { distractors = [0, 1], shuffle = false, synonyms = 0, sentences = 0 } = options;
  const { direct = "answer" } = options;
  const wording = { synonyms, sentences };
  const unknown = names.find((name) => !Object.hasOwn(questions, name));
  if (names.length === 0 || unknown !== undefined)
    throw new OptionsError(
      `miniMedcalc: expected calculators of ${Object.keys(questions).join(" ")}, got ${unknown ?? "none"}`,
    );
  const room = Math.min(...names.map((name) => others(name).length));
  if (!(distractors[0] >= 0 && distractors[0] <= distractors[1] && distractors[1] <= room))
    throw new OptionsError(
      `miniMedcalc: expected 0 ≤ least ≤ greatest number of distractors ≤ ${room}, got ${distractors.join(" and ")}`,
    );
  const draw = (next: Stream, respond: (task: MiniTask) => readonly string[]): Exchange => {
    const ask = names[integer(next, 0, names.length - 1)] as MiniName;
    const told = drawFacts(next, ask, { distractors, shuffle });
    const prompt = writeNote(next, told, ask, wording);
    return { prompt, response: respond(readNote(prompt)) };
  };
  return {
    symbols: miniSymbols,
    target: {
      worked: (next) =>
        draw(next, (task) => [...questions[task.ask].steps(task.values), ...answered(task)]),
      direct: (next) => {
        const exchange = draw(next, answered);
        return direct === "answer" ? exchange : echoed(exchange.prompt);
      },
    },
    positions: longest(names, distractors[1], wording),
    score: judge,
  };
}
