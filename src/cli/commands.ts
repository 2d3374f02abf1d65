import { chat } from "./chat/chat.ts";
import { data } from "./data/data.ts";
import { diagnose } from "./diagnose/diagnose.ts";
import { download } from "./download/download.ts";
import { evaluate } from "./evaluate/evaluate.ts";
import { exportModel } from "./export/export.ts";
import { finetune } from "./finetune/finetune.ts";
import { generate } from "./generate/generate.ts";
import { pull } from "./pull/pull.ts";
import { report } from "./report.ts";
import { score } from "./score/score.ts";
import { study } from "./study/study.ts";
import { sweep } from "./sweep/sweep.ts";
import type { Command } from "./terminal/command.ts";
import { UsageError } from "./terminal/usage.ts";

const commands: readonly Command[] = [
  ...[study, finetune, sweep, report, diagnose, data, score, download],
  ...[chat, generate, evaluate, exportModel, pull],
];

/**
 * The command that a command line begins with, and what is left for it to read; the study where the
 * line begins with an option or is empty.
 * @throws UsageError for a word that is no command
 */
export function commandOf(line: readonly string[]): {
  readonly command: Command;
  readonly args: readonly string[];
} {
  const [word, ...args] = line;
  const command = commands.find(({ name }) => name === word);
  if (command) return { command, args };
  if (word === undefined || word.startsWith("-")) return { command: study, args: line };
  const names = commands.map(({ name }) => name).join(", ");
  throw new UsageError(
    `expected an option or one of ${names}, got ${word || "nothing"}; see --help`,
  );
}

/** What help says beside a command's own: a line for each command. */
export const globalUsage: string = `  --version               the version of anchorgrad
  --help                  this text

Commands, each with its own --help
${commands.map(({ name, about }) => `  anchorgrad ${name.padEnd(10)}${about}\n`).join("")}`;
