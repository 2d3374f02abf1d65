import type { Command } from "./command.ts";
import { data } from "./data.ts";
import { diagnose } from "./diagnose.ts";
import { download } from "./download.ts";
import { report } from "./report.ts";
import { score } from "./score.ts";
import { sweep } from "./sweep.ts";

/** What there is beside the study. */
const commands: readonly Command[] = [sweep, report, diagnose, data, score, download];

export const commandNamed = (name: string | undefined): Command | undefined =>
  commands.find((command) => command.name === name);

/** A line for each command. */
export const commandList: string = `Commands, each with its own --help
${commands.map(({ name, about }) => `  anchorgrad ${name.padEnd(10)}${about}\n`).join("")}`;
