import type { LoadedModel } from "../../finetune/load.ts";
import type { Reader } from "../../finetune/reader.ts";
import { jsonText } from "../../json/jsonText.ts";
import { count } from "../../report/format.ts";
import { DataError } from "../../tensor/errors.ts";
import { record } from "../../text/jsonl.ts";
import { MAX_TOKENS } from "../generate/generate.ts";
import { type Prompt, promptOf } from "../model/prompts.ts";
import { respond } from "../model/respond.ts";
import { describeSampling, samplingOf } from "../model/sampling.ts";
import { type Count, type Judge, scorables } from "../score/questions.ts";
import { renderScores, type ScoreLine, tally } from "../score/table.ts";
import { promptIn, referenceIn } from "../terminal/fields.ts";
import { readRowsFile } from "../terminal/jsonlFile.ts";
import { reportProblems } from "../terminal/problems.ts";
import type { Evaluation, Given } from "./evaluation.ts";

/** The benchmarks whose programs judge answers. */
export const TASKS = ["countdown", "medcalc", "ifeval", "igsm", "skills"] as const;

interface Question extends Prompt {
  readonly judge: Judge;
}

/** Lets models answer a benchmark's questions, and its program judge. */
export async function judgeTask(
  task: (typeof TASKS)[number],
  path: string,
  evaluation: Evaluation,
): Promise<boolean> {
  const { model, other, given, terminal } = evaluation;
  const scorable = scorables[task];
  if (!scorable) throw new DataError(`--task: expected a benchmark, got ${task}`);
  const asked = await questionsOf(path, scorable, model, evaluation);
  const tables: { readonly name: string; readonly lines: readonly ScoreLine[] }[] = [];
  const models = [
    [given.adapter ?? given.model ?? "model", model] as const,
    ...(other ? [[given.against ?? "other", other] as const] : []),
  ];
  for (const [name, each] of models) {
    const counts = await countsOf(asked, each, evaluation);
    if (!counts) return false;
    tables.push({ name, lines: tally(counts, ["all", "prompts", "instructions"]) });
  }
  const shown = tables.map(
    ({ name, lines }) =>
      `${tables.length > 1 ? `${name}\n` : ""}${renderScores(lines, scorable.columns)}`,
  );
  const said = { task, data: given.data, results: tables };
  terminal.out.write(given.json ? jsonText(said) : shown.join("\n"));
  return true;
}

async function questionsOf(
  path: string,
  scorable: (typeof scorables)[string],
  reader: Reader,
  { given, terminal }: Evaluation,
): Promise<readonly Question[]> {
  const { rows, problems } = await readRowsFile(path, (value): Question => {
    const row = record(value);
    const judge = scorable.judge(row, promptIn(row) ?? "", referenceIn(row));
    return { ...promptOf(row, reader, given), judge };
  });
  reportProblems(terminal.err, problems, rows.length);
  if (rows.length === 0) throw new DataError(`${path}: expected questions, got none`);
  return rows;
}

async function countsOf(
  asked: readonly Question[],
  model: LoadedModel & Reader,
  { engine, given, terminal }: Evaluation,
): Promise<readonly Count[] | undefined> {
  const { err, signal } = terminal;
  const options = optionsOf(given, model);
  err.write(
    `${count(asked.length)} questions, ${describeSampling(options.sampling)}, at most ${count(options.maxTokens)} tokens each\n`,
  );
  const counts: Count[] = [];
  let done = 0;
  for await (const { from, answers } of respond(engine, model, asked, { ...options, signal })) {
    for (const [i, { text }] of answers.entries())
      counts.push(...(asked[from + i]?.judge(text).counts ?? []));
    done += answers.length;
    if (err.isTTY === true) err.write(`\r\x1b[2K${count(done)} of ${count(asked.length)}`);
  }
  if (err.isTTY === true) err.write("\r\x1b[2K");
  return done === asked.length ? counts : undefined;
}

const optionsOf = (given: Given, { generation, chat }: LoadedModel) => ({
  raw: !chat || given.raw === true,
  sampling: samplingOf(given, undefined),
  maxTokens: given.maxTokens ?? generation.maxNewTokens ?? MAX_TOKENS,
  ...{ seed: given.seed ?? 0, batch: given.batch ?? 8, promptLookup: given.promptLookup },
  stops: given.stop,
});
