import { countdown, finalAnswer, ifeval, igsm, type Mini, medcalc } from "../../tasks/index.ts";
import { withoutSignOff } from "../../tasks/study/examine.ts";
import { skillNamed, textSuite } from "../../tasks/study/textSuite.ts";
import { DataError } from "../../tensor/errors.ts";
import { shown } from "../../text/jsonl.ts";
import { list, numberIn, numbers, type Row, textIn, textsIn } from "../terminal/fields.ts";

/** What a program says of a response. */
export interface Judgement {
  /** For the file of verdicts. */
  readonly verdict: Readonly<Record<string, unknown>>;
  /** For the table: by line, what held by column. One verdict may count for several lines. */
  readonly counts: readonly Count[];
}

export interface Count {
  readonly line: string;
  readonly held: Readonly<Record<string, boolean>>;
}

export type Judge = (response: string) => Judgement;

/** The same columns for each line that the response counts for. */
const judged = (
  lines: readonly string[],
  held: Readonly<Record<string, boolean>>,
  verdict: Readonly<Record<string, unknown>> = held,
): Judgement => ({ verdict, counts: lines.map((line) => ({ line, held })) });

/** The line that counts everything. */
const ALL = "all";

/** What a row of a data file asks. The columns of each benchmark, in order. */
export interface Scorable {
  readonly columns: readonly string[];
  /**
   * @param row a row of a data file, or of a file of responses that has the same fields
   * @param prompt the row's question, empty where it has none
   * @param reference the answer that the row's conversation gives, if any
   * @throws DataError that names the field and what was expected
   */
  readonly judge: (row: Row, prompt: string, reference: string | undefined) => Judge;
}

/** Solutions for a process check end where the boxed answer begins. */
const withoutBox = (response: string): string => {
  const at = response.lastIndexOf("\\boxed{");
  return at < 0 ? response : response.slice(0, at);
};

function igsmProblem(value: unknown): [igsm.Problem, igsm.StyleName] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object")
    throw new DataError(`problem: expected an object, got ${shown(value)}`);
  const row = value as Row;
  const layerNames = textsIn(row, "layerNames");
  const items = list(row, "items").map((items) => textsIn({ items }, "items"));
  const style = row["style"] === "compact" ? "compact" : "text";
  const modulus = row["modulus"] === undefined ? 23 : numberIn(row, "modulus");
  const problemText = textIn(row, "problemText");
  return [igsm.parse({ layerNames, items, problemText, modulus, style }), style];
}

const igsmQuestions: Scorable = {
  columns: ["answer", "strict", "tight", "tolerant answer", "tolerant"],
  judge: (row, _, reference) => {
    const right = row["answer"] === undefined ? reference : `${numberIn(row, "answer")}`;
    if (right === undefined) throw new DataError("answer: expected a number, got nothing");
    const known = igsmProblem(row["problem"]);
    const lines = [ALL, ...(row["op"] === undefined ? [] : [`op ${numberIn(row, "op")}`])];
    return (response) => {
      const extracted = finalAnswer.extract(response) ?? null;
      const held = {
        answer: finalAnswer.match(response, right),
        "tolerant answer": finalAnswer.match(response, right, { rule: "tolerant" }),
      };
      if (known === undefined) return judged(lines, held, { ...held, extracted });
      const [problem, style] = known;
      const steps = withoutBox(response);
      const by = (mode: igsm.CheckMode) => igsm.check(problem, steps, { mode, style });
      const [strict, tight, tolerant] = [by("strict"), by("tight"), by("tolerant")];
      const checks = { strict: strict.correct, tight: tight.correct, tolerant: tolerant.correct };
      const all = { ...held, ...checks };
      return judged(lines, all, { ...all, extracted, why: strict.why || tight.why });
    };
  },
};

const countdownQuestions: Scorable = {
  columns: ["paper", "exact", "tinyzero", "tolerant"],
  judge: (row) => {
    const [x, target] = [numbers(row, "x"), numberIn(row, "y")];
    return (text) => {
      const by = (rule: countdown.Rule): boolean =>
        countdown.verify({ numbers: x, target, text }, { rule });
      return judged([ALL, `${x.length} numbers`], {
        paper: by("paper"),
        exact: by("exact"),
        tinyzero: by("tinyzero"),
        tolerant: by("tolerant"),
      });
    };
  },
};

/** A question of MedCalc-Bench, from its file or from a row of data. */
export function judgeMedcalc(
  asked: Pick<medcalc.Row, "calculatorId" | "category" | "groundTruth" | "lower" | "upper">,
): Judge {
  const { calculatorId, category, groundTruth, lower, upper } = asked;
  return (text) => {
    const response = { text, calculatorId, groundTruth, lower, upper };
    const benchmark = medcalc.score(response, "medcalc-bench");
    const paper = medcalc.score(response, "paper");
    const tolerant = medcalc.score(response, "tolerant");
    return judged(
      [ALL, category],
      {
        "medcalc-bench": benchmark.correct,
        paper: paper.correct,
        tolerant: tolerant.correct,
      },
      { "medcalc-bench": benchmark, paper, tolerant },
    );
  };
}

const calculatorIds: ReadonlySet<number> = new Set(medcalc.calculators.map(({ id }) => id));

const medcalcQuestions: Scorable = {
  columns: ["medcalc-bench", "paper", "tolerant"],
  judge: (row) => {
    const calculatorId = numberIn(row, "calculator_id");
    if (!calculatorIds.has(calculatorId))
      throw new DataError(`calculator_id: expected the id of a calculator, got ${calculatorId}`);
    const { category } = medcalc.calculatorOf(calculatorId);
    const [groundTruth, lower, upper] = ["ground_truth", "lower_bound", "upper_bound"].map(
      (name) => (typeof row[name] === "number" ? `${row[name]}` : textIn(row, name)),
    ) as [string, string, string];
    return judgeMedcalc({ calculatorId, category, groundTruth, lower, upper });
  },
};

const ifevalQuestions: Scorable = {
  columns: ["strict", "loose", "tolerant"],
  judge: (row, prompt) => {
    const asked = ifeval.toPrompt({ ...row, prompt });
    const ids = asked.instruction_id_list;
    return (response) => {
      const { strict, loose } = ifeval.judge({ ...asked, response });
      const mended = ifeval.judge({ ...asked, response }, { fixes: "all" }).loose;
      const each = ids.map((id, i) => ({
        id,
        held: { strict: !!strict[i], loose: !!loose[i], tolerant: !!mended[i] },
      }));
      const whole = {
        strict: strict.every(Boolean),
        loose: loose.every(Boolean),
        tolerant: mended.every(Boolean),
      };
      return {
        verdict: {
          instruction_id_list: ids,
          follow_instruction_list: strict,
          follow_all_instructions: whole.strict,
          follow_instruction_list_loose: loose,
          follow_all_instructions_loose: whole.loose,
          follow_instruction_list_tolerant: mended,
          follow_all_instructions_tolerant: whole.tolerant,
        },
        counts: [
          { line: "prompts", held: whole },
          ...each.map(({ held }) => ({ line: "instructions", held })),
          ...each.map(({ id, held }) => ({ line: `  ${id.split(":")[0]}`, held })),
        ],
      };
    };
  },
};

/** The words of a text; a line's end is one where the mini has it as a symbol. */
const symbolsOf = (text: string, { symbols }: Mini): readonly string[] =>
  text.match(symbols.includes("\n") ? /\n|\S+/g : /\S+/g) ?? [];

/** A mini's question is its prompt alone. */
const mini = (open: (row: Row) => Mini): Scorable => ({
  columns: ["correct"],
  judge: (row, prompt) => {
    const own = open(row);
    const asked = symbolsOf(prompt, own);
    own.score(asked, []);
    return (response) => {
      const { correct, why } = own.score(asked, symbolsOf(response, own));
      return judged([ALL], { correct }, { correct, why });
    };
  },
});

const suite = textSuite();

/** A question of the skills: a verifier judges, or the answer that was drawn is the right one. */
const skillQuestions: Scorable = {
  columns: ["correct", "answer"],
  judge: (row, prompt, reference) => {
    const name = textIn(row, "skill");
    if (!Object.hasOwn(suite.skills, name) && !Object.hasOwn(suite.targets, name))
      throw new DataError(`skill: expected a skill or a target, got ${shown(name)}`);
    const { score } = skillNamed(suite, name);
    if (reference === undefined)
      throw new DataError("messages: expected the right answer, got none");
    const isTarget = Object.hasOwn(suite.targets, name);
    const words = (text: string): readonly string[] => text.match(/\n|\S+/g) ?? [];
    const right = withoutSignOff(words(reference)).join(" ");
    return (response) => {
      const said = words(response);
      const isRight = (answer: readonly string[], wanted: string): boolean =>
        score ? score(words(prompt), answer).correct : answer.join(" ") === wanted;
      const correct = isRight(said, words(reference).join(" "));
      const held = isTarget
        ? { correct, answer: isRight(withoutSignOff(said), right) }
        : { correct };
      return judged([ALL, name], held);
    };
  },
};

/** The benchmarks with responses to judge, by name. */
export const scorables: Readonly<Record<string, Scorable>> = {
  igsm: igsmQuestions,
  medcalc: medcalcQuestions,
  ifeval: ifevalQuestions,
  countdown: countdownQuestions,
  skills: skillQuestions,
  "mini-igsm": mini((row) =>
    igsm.miniIgsm(row["modulus"] === undefined ? {} : { modulus: numberIn(row, "modulus") }),
  ),
  "mini-medcalc": mini(() => medcalc.miniMedcalc()),
  "mini-ifeval": mini(() => ifeval.miniIfeval()),
  "mini-countdown": mini(() => countdown.miniCountdown()),
};
