import { parseArgs } from "node:util";
import type { Backend } from "../../engines/create.ts";
import { isMini, type MiniName, miniNames } from "../../tasks/study/minis.ts";
import { isPrior, priorNames } from "../../tasks/study/suite.ts";

export const backends: readonly Backend[] = [
  ...(["auto", "reference", "wasm", "webgpu", "webgl2"] as const),
  ...(["webgl", "headlessgl", "webasm", "cpu"] as const),
];

/** What the command line asks for. */
export interface Options {
  readonly smoke: boolean;
  /** A mini to fine-tune for, in place of the full study's target. */
  readonly target: MiniName | undefined;
  /** What the base of a mini's study is to keep. */
  readonly priors: readonly string[] | undefined;
  readonly seeds: readonly number[] | undefined;
  readonly resume: boolean;
  readonly name: string | undefined;
  readonly backend: Backend | undefined;
  readonly threads: number | undefined;
  readonly help: boolean;
  readonly version: boolean;
}

/** A command line that cannot be followed; the message says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const usage: string = `anchorgrad: what Anchored Learning keeps that plain fine-tuning forgets

  npm start                     the full study, seed 0: a few minutes
  npm start -- --smoke          the small study: seconds
  npm start -- --target mini-medcalc   a benchmark in miniature: some minutes
  npm start -- --seeds 3        seeds 0, 1 and 2: means and ranges
  npm start -- --resume         goes on with the last run that did not finish

Options
  --smoke              the small study
  --target <mini>      fine-tunes for ${miniNames.join(", ")}
  --priors <a,b,…>     what the model is to keep then: ${priorNames.slice(0, 7).join(", ")},
                       ${priorNames.slice(7).join(", ")}
  --seeds <n | list>   how many seeds (3: 0, 1, 2), or which ones (7,8,9 or 7,)
  --name <name>        the run's folder under runs/ (default: recipe and time)
  --resume             goes on with a run: the one named, or the last unfinished one
  --backend <name>     ${backends.slice(0, 5).join(", ")},
                       ${backends.slice(5).join(", ")} (default: auto)
  --threads <n>        threads of the wasm backend (default: as many as cores)
  --version            the version of anchorgrad
  --help               this text
`;

/**
 * Reads the command line.
 * @throws UsageError that names the option and what it expects
 */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parse(args);
  const { smoke = false, resume = false, help = false, version = false } = values;
  const { target, priors, seeds, name, backend, threads } = values;
  if (resume && (smoke || [seeds, target, priors].some((given) => given !== undefined)))
    throw new UsageError(
      "--resume: expected no --smoke, --target, --priors or --seeds beside it; the run says which they are",
    );
  if (smoke && target !== undefined)
    throw new UsageError("--target: expected no --smoke beside it, got both");
  if (priors !== undefined && target === undefined)
    throw new UsageError("--priors: expected --target beside it, got none");
  return {
    smoke,
    target: target === undefined ? undefined : parseTarget(target),
    priors: priors === undefined ? undefined : parsePriors(priors, target),
    resume,
    help,
    version,
    seeds: seeds === undefined ? undefined : parseSeeds(seeds),
    name: name === undefined ? undefined : parseName(name),
    backend: backend === undefined ? undefined : parseBackend(backend),
    threads: threads === undefined ? undefined : parseThreads(threads),
  };
}

const declared = {
  smoke: { type: "boolean" },
  target: { type: "string" },
  priors: { type: "string" },
  seeds: { type: "string" },
  resume: { type: "boolean" },
  name: { type: "string" },
  backend: { type: "string" },
  threads: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof declared }>>["values"];

function parse(args: readonly string[]): { values: Values } {
  try {
    return parseArgs({ args: [...args], options: declared, strict: true });
  } catch (error) {
    const message = (error as Error).message.split(". ")[0] as string;
    throw new UsageError(`${message}; see --help`);
  }
}

function parseTarget(text: string): MiniName {
  if (!isMini(text))
    throw new UsageError(`--target: expected one of ${miniNames.join(", ")}, got ${text}`);
  return text;
}

function parsePriors(text: string, target: string | undefined): string[] {
  const names = text.split(",");
  const stranger = names.find((name) => !isPrior(name) || name === target);
  if (stranger !== undefined)
    throw new UsageError(
      `--priors: expected skills of ${priorNames.join(", ")} beside the target, got ${stranger || "nothing"}`,
    );
  if (new Set(names).size < names.length)
    throw new UsageError(`--priors: expected different skills, got ${text}`);
  return names;
}

const isCount = (text: string): boolean => /^\d{1,9}$/.test(text);

/** @throws UsageError that names the option */
export function parseSeeds(text: string, option = "--seeds"): number[] {
  const parts = text.replace(/,$/, "").split(",");
  if (!parts.every(isCount))
    throw new UsageError(`${option}: expected a count (3) or a list (7,8,9 or 7,), got ${text}`);
  const numbers = parts.map(Number);
  if (text.includes(",")) {
    if (new Set(numbers).size < numbers.length)
      throw new UsageError(`${option}: expected different seeds, got ${text}`);
    return numbers;
  }
  const [count] = numbers as [number];
  if (count < 1 || count > 1000)
    throw new UsageError(`${option}: expected between 1 and 1000 seeds, got ${text}`);
  return Array.from({ length: count }, (_, i) => i);
}

function parseName(text: string): string {
  if (!/^[\w][\w.-]*$/.test(text))
    throw new UsageError(`--name: expected letters, digits, dots, - and _, got ${text}`);
  return text;
}

function parseBackend(text: string): Backend {
  const known = backends.find((name) => name === text);
  if (!known)
    throw new UsageError(`--backend: expected one of ${backends.join(", ")}, got ${text}`);
  return known;
}

function parseThreads(text: string): number {
  if (!isCount(text) || Number(text) < 1)
    throw new UsageError(`--threads: expected a count of at least 1, got ${text}`);
  return Number(text);
}
