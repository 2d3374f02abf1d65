import { readPrompts, readResponses } from "../../tasks/ifeval/rows.ts";
import { medcalc } from "../../tasks/index.ts";
import { DataError } from "../../tensor/errors.ts";
import { readBytes } from "../terminal/files.ts";
import { readJsonlFile } from "../terminal/jsonlFile.ts";
import { type Knobs, oneOf, text, type Values } from "../terminal/knobs.ts";
import { guardedParquet } from "../terminal/parquet.ts";
import type { Message, Sample } from "./rows.ts";

/** Rows of a file, and what is wrong with those that were left out. */
export interface Converted {
  readonly samples: readonly Sample[];
  readonly problems: readonly string[];
  /** What else there is to say. */
  readonly notes: readonly string[];
}

/** A benchmark whose rows are in a file. */
export interface FromFile {
  readonly about: string;
  readonly knobs: Knobs;
  /**
   * @param file the path to read
   * @param at turns the path that a knob holds into one to read
   * @throws DataError for a file that cannot be used at all; the signal's reason if it comes first
   */
  readonly convert: (
    file: string,
    values: Values<Knobs>,
    at: (path: string) => string,
    signal: AbortSignal,
  ) => Promise<Converted>;
}

/** Keeps the values' types inside. */
const fromFile = <K extends Knobs>(
  about: string,
  knobs: K,
  convert: (
    file: string,
    values: Values<K>,
    at: (path: string) => string,
    signal: AbortSignal,
  ) => Promise<Converted>,
): FromFile => ({ about, knobs, convert: convert as FromFile["convert"] });

type PromptName = "paper" | "direct" | "zero-shot" | "one-shot";

/** What the model is asked, and how the file's own answer would be given. */
function ask(
  row: medcalc.Row,
  prompt: PromptName,
  examples: ReadonlyMap<number, medcalc.Row>,
): readonly Message[] | undefined {
  const { explanation, groundTruth: answer } = row;
  const reply = (content: string): Message => ({ role: "assistant", content });
  const thoughtful = reply(JSON.stringify({ step_by_step_thinking: explanation, answer }));
  const { prompts } = medcalc;
  switch (prompt) {
    case "paper":
      return [
        ...prompts.paper(row),
        reply(`${explanation}</think>\n<answer>{"answer": "${answer}"}</answer>`),
      ];
    case "direct":
      return [...prompts.direct(row), reply(JSON.stringify({ answer }))];
    case "zero-shot":
      return [...prompts.zeroShot(row), thoughtful];
    case "one-shot": {
      const example = examples.get(row.calculatorId);
      if (example === undefined) return undefined;
      return [...prompts.oneShot(row, { ...example, answer: example.groundTruth }), thoughtful];
    }
  }
}

async function convertMedcalc(
  file: string,
  prompt: PromptName,
  examplesFile: string | undefined,
  signal: AbortSignal,
): Promise<Converted> {
  if ((prompt === "one-shot") !== (examplesFile !== undefined))
    throw new DataError("--examples: expected a file for --prompt one-shot, and for it alone");
  const read = async (path: string) =>
    medcalc.readRows(await readBytes(path), path, guardedParquet(signal));
  const { rows, problems, version } = await read(file);
  const solved = examplesFile ? await read(examplesFile) : { rows: [], problems: [] };
  const examples = new Map(solved.rows.toReversed().map((row) => [row.calculatorId, row]));
  const samples: Sample[] = [];
  const lacking: string[] = [];
  for (const row of rows) {
    const messages = ask(row, prompt, examples);
    if (messages) samples.push({ id: row.id, messages, facts: factsOf(row) });
    else
      lacking.push(
        `${file}:${row.line}: Calculator ID: expected one with an example in ${examplesFile}, got ${row.calculatorId}`,
      );
  }
  const described = [...problems, ...solved.problems].map(medcalc.describeProblem);
  const notes = [`${file}: ${version === "unknown" ? "none of the published versions" : version}`];
  return { samples, problems: [...described, ...lacking], notes };
}

/** As the paper's authors name them; the file's own answer and bounds. */
const factsOf = (row: medcalc.Row): Sample["facts"] => ({
  calculator_id: row.calculatorId,
  category: row.category,
  ground_truth: row.groundTruth,
  lower_bound: row.lower,
  upper_bound: row.upper,
});

async function convertIfeval(file: string, responsesFile?: string): Promise<Converted> {
  const prompts = await readJsonlFile(file, readPrompts);
  const given = responsesFile
    ? await readJsonlFile(responsesFile, readResponses)
    : { rows: [], problems: [] };
  const responses = new Map(given.rows.map(({ prompt, response }) => [prompt, response]));
  const asked = prompts.rows.filter(({ prompt }) => !responsesFile || responses.has(prompt));
  const missing = prompts.rows.length - asked.length;
  return {
    samples: asked.map(({ key, prompt, instruction_id_list, kwargs }, i) => {
      const response = responses.get(prompt);
      return {
        id: `${key ?? i}`,
        messages: [
          { role: "user", content: prompt },
          ...(response === undefined ? [] : [{ role: "assistant", content: response } as const]),
        ],
        facts: { instruction_id_list, kwargs },
      };
    }),
    problems: [...prompts.problems, ...given.problems],
    notes: missing > 0 ? [`prompts without a response in ${responsesFile}: ${missing}`] : [],
  };
}

/** The benchmarks that convert a file, by name. */
export const fileBenchmarks: Readonly<Record<string, FromFile>> = {
  medcalc: fromFile(
    "MedCalc-Bench, any version: CSV or parquet",
    {
      prompt: oneOf("which prompt", ["paper", "direct", "zero-shot", "one-shot"]),
      examples: text("<file>", "solved rows for one-shot: the first of each calculator"),
    },
    (file, { prompt = "paper", examples }, at, signal) =>
      convertMedcalc(file, prompt, examples && at(examples), signal),
  ),
  ifeval: fromFile(
    "IFEval: input_data.jsonl, whose prompts have no answers",
    { responses: text("<file>", "a JSONL file of prompt and response: the answers") },
    (file, { responses }, at) => convertIfeval(file, responses && at(responses)),
  ),
};
