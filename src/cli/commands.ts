import { data } from "./data/data.ts";
import { diagnose } from "./diagnose/diagnose.ts";
import { download } from "./download/download.ts";
import { report } from "./report.ts";
import { score } from "./score/score.ts";
import { UsageError } from "./study/options.ts";
import { sweep } from "./sweep/sweep.ts";
import type { Command } from "./terminal/command.ts";

/** What there is beside the study. */
const commands: readonly Command[] = [sweep, report, diagnose, data, score, download];

/**
 * The command that a command line begins with, or undefined where it is the study's.
 * @throws UsageError for a word that is no command
 */
export function commandNamed(word: string | undefined): Command | undefined {
  const found = commands.find(({ name }) => name === word);
  if (found || word === undefined || word.startsWith("-")) return found;
  const names = commands.map(({ name }) => name).join(", ");
  throw new UsageError(
    `expected an option or one of ${names}, got ${word || "nothing"}; see --help`,
  );
}

/** A line for each command. */
export const commandList: string = `Commands, each with its own --help
${commands.map(({ name, about }) => `  anchorgrad ${name.padEnd(10)}${about}\n`).join("")}`;
