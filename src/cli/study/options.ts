import { BACKENDS, type Backend } from "../../engines/create.ts";
import { type MiniName, miniNames } from "../../tasks/study/minis.ts";
import { isPrior, priorNames } from "../../tasks/study/suite.ts";
import {
  describeKnobs,
  fileName,
  flag,
  type Knob,
  oneOf,
  readKnobs,
  seedList,
  whole,
} from "../terminal/knobs.ts";
import { MOST_THREADS } from "../terminal/start.ts";
import { UsageError } from "../terminal/usage.ts";

/** What the base of a mini's study is to keep. */
const skills: Knob<readonly string[]> = {
  value: "<a,b,…>",
  about: `what the model is to keep then: ${priorNames.slice(0, 5).join(", ")},
${priorNames.slice(5).join(", ")}`,
  expected: `skills of ${priorNames.join(", ")} beside the target`,
  read: (given, option) => {
    const names = given.split(",");
    refuseStranger(names.find((name) => !isPrior(name)));
    if (new Set(names).size < names.length)
      throw new UsageError(`${option}: expected different skills, got ${given}`);
    return names;
  },
};

const knobs = {
  smoke: flag("the small study"),
  target: oneOf(`fine-tunes for ${miniNames.join(", ")}`, miniNames, "<mini>"),
  priors: skills,
  seeds: seedList("how many seeds (3: 0, 1, 2), or which ones (7,8,9 or 7,)"),
  name: fileName("the run's folder under runs/ (default: recipe and time)"),
  resume: flag("goes on with a run: the one named, or the last unfinished one"),
  backend: oneOf(
    `${BACKENDS.slice(0, 5).join(", ")},\n${BACKENDS.slice(5).join(", ")} (default: auto)`,
    BACKENDS,
    "<name>",
  ),
  threads: whole("threads of the wasm backend (default: as many as cores)", 1, MOST_THREADS),
};

/** What the command line asks for. */
export interface Options {
  readonly smoke?: true;
  /** A mini to fine-tune for, in place of the full study's target. */
  readonly target?: MiniName;
  /** What the base of a mini's study is to keep. */
  readonly priors?: readonly string[];
  readonly seeds?: readonly number[];
  readonly name?: string;
  readonly resume?: true;
  readonly backend?: Backend;
  readonly threads?: number;
}

export const usage: string = `anchorgrad study [options]: pre-trains a small model, fine-tunes it in many ways, and shows what
each learns and forgets

  npx anchorgrad study              the full study, seed 0: a few minutes
  npx anchorgrad study --smoke      the small study: seconds
  npx anchorgrad study --seeds 3    seeds 0, 1 and 2: means and ranges
  npx anchorgrad study --resume     goes on with the last run that did not end
  npx anchorgrad study --target mini-medcalc
                                    a benchmark in miniature: some minutes

Options
${describeKnobs(knobs)}`;

/** @throws UsageError for a skill that cannot be kept beside the target */
function refuseStranger(name: string | undefined): void {
  if (name !== undefined)
    throw new UsageError(`--priors: expected ${skills.expected}, got ${name || "nothing"}`);
}

/**
 * Reads the command line.
 * @throws UsageError that names the option and what it expects
 */
export function parseOptions(args: readonly string[]): Options {
  if (args.some((arg) => /^--data(=|$)/.test(arg)))
    throw new UsageError(
      "--data: expected none, as the study draws its own; anchorgrad finetune --data learns yours",
    );
  const options = readKnobs(args, knobs);
  const { smoke, resume, target, priors, seeds } = options;
  if (resume && [smoke, seeds, target, priors].some((given) => given !== undefined))
    throw new UsageError(
      "--resume: expected no --smoke, --target, --priors or --seeds beside it; the run says which they are",
    );
  if (smoke && target !== undefined)
    throw new UsageError("--target: expected no --smoke beside it, got both");
  if (priors !== undefined && target === undefined)
    throw new UsageError("--priors: expected --target beside it, got none");
  refuseStranger(priors?.find((name) => name === target));
  return options;
}
