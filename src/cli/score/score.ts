import { resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { count } from "../../report/format.ts";
import { DataError } from "../../tensor/errors.ts";
import { isThere } from "../../weights/files.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { writeFile } from "../terminal/files.ts";
import { describeKnobs, overwrite, readKnobs, text } from "../terminal/knobs.ts";
import { expectNewFile } from "../terminal/place.ts";
import { reportProblems } from "../terminal/problems.ts";
import { UsageError } from "../terminal/usage.ts";
import { finder, readQuestions, readResponses } from "./data.ts";
import { type Count, scorables } from "./questions.ts";
import { renderScores, tally } from "./table.ts";

const knobs = {
  responses: text("<file>", "JSONL: `response` or `messages`, and a question's `id` or `prompt`"),
  data: text("<file>", "the questions: JSONL as `data` writes it, or the benchmark's own file"),
  out: text("<file>", "the verdicts; default: beside the responses, .verdicts.jsonl"),
  overwrite,
};

const names = Object.keys(scorables);

const usage = `anchorgrad score <benchmark> [options]: judges responses to a benchmark's questions

  npx anchorgrad data igsm --count 100 --out igsm.jsonl
  npx anchorgrad score igsm --data igsm.jsonl --responses responses.jsonl
  npx anchorgrad score ifeval --data input_data.jsonl --responses responses.jsonl

Benchmarks: ${names.join(", ")}.
Without --data the responses' own rows have the fields that the rows of \`data\` have.

Options
${describeKnobs(knobs)}
Columns
  igsm          answer: the final number; strict: the original's check of the steps; tight: also
                operators, and no step that is not needed; tolerant: strict in any notation
  medcalc       medcalc-bench: the benchmark's scorer; paper: that of the paper's authors
  ifeval        strict, loose; tolerant: loose, the original's known defects mended
  countdown     paper: the first \\boxed{…}; exact: the same with exact fractions; tinyzero:
                <answer>…</answer>
  skills        correct: the answer that was drawn, or what a verifier takes; answer: of targets,
                whatever letters sign it off
  tolerant      what a person would accept: thousands separators, signs of Unicode and LaTeX,
                fractions, dates in the usual spellings, units, prose
`;

/** The lines that come first in each table. */
const FIRST = ["all", "prompts", "instructions"];

/** So many responses are judged before signals are looked for. */
const AT_ONCE = 100;

const besides = (path: string): string => `${path.replace(/\.jsonl$/, "")}.verdicts.jsonl`;

async function run([name = "", ...args]: readonly string[], terminal: Terminal): Promise<boolean> {
  const scorable = Object.hasOwn(scorables, name) ? scorables[name] : undefined;
  if (scorable === undefined)
    throw new UsageError(`score: expected one of ${names.join(", ")}, got ${name || "nothing"}`);
  const { responses, data, out, ...own } = readKnobs(args, knobs);
  if (responses === undefined)
    throw new UsageError(`score ${name}: expected --responses; see --help`);
  const { err, folder, signal } = terminal;
  const path = resolve(folder, responses);
  const target = out ? resolve(folder, out) : besides(path);
  if (out) await expectNewFile(target, own.overwrite);
  const reading = data && readQuestions(name, scorable, resolve(folder, data), signal);
  const questions = reading
    ? await reading.catch((error: unknown): undefined => {
        if (!signal.aborted) throw error;
      })
    : undefined;
  if (signal.aborted) return false;
  if (questions) reportProblems(err, questions.problems, questions.rows.length);
  const find = questions && finder(questions.rows, data ?? "");
  const { rows, problems } = await readResponses(path, scorable, find);
  reportProblems(err, problems, rows.length);
  if (rows.length === 0) throw new DataError(`${path}: expected responses to judge, got none`);

  const counts: Count[] = [];
  const verdicts: string[] = [];
  for (const [i, { id, prompt, text: response, judge }] of rows.entries()) {
    const { verdict, counts: own } = judge(response);
    counts.push(...own);
    verdicts.push(`${JSON.stringify({ id, prompt, response, ...verdict })}\n`);
    if (i % AT_ONCE === 0) await setImmediate();
    if (signal.aborted) return false;
  }
  const replaced = await isThere(target);
  if (!(await writeFile(target, verdicts, signal, !out || own.overwrite))) return false;
  terminal.out.write(renderScores(tally(counts, FIRST), scorable.columns));
  if (questions)
    reportUnanswered(terminal, questions.rows.length, new Set(rows.map((r) => r.judge)));
  err.write(
    `${target}: ${count(rows.length)} verdicts${replaced ? ", in place of those before" : ""}\n`,
  );
  return true;
}

function reportUnanswered({ err }: Terminal, asked: number, answered: ReadonlySet<unknown>): void {
  const left = asked - answered.size;
  if (left > 0) err.write(`${count(left)} of ${count(asked)} questions have no response\n`);
}

export const score: Command = {
  usage,
  run,
};
