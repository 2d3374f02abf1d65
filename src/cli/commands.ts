import type { Command } from "./terminal/command.ts";
import { nearest } from "./terminal/suggest.ts";
import { UsageError } from "./terminal/usage.ts";

/** A command's name and what it does; its module is loaded when it is called. */
export interface CommandRow {
  readonly name: string;
  /** One line. */
  readonly about: string;
  load(): Promise<Command>;
}

/** All commands, in the order and the groups in which the overview shows them. */
const groups: Readonly<Record<string, readonly CommandRow[]>> = {
  "Your model": [
    {
      name: "chat",
      about: "talk with a model, word by word",
      load: () => import("./chat/chat.ts").then(({ chat }) => chat),
    },
    {
      name: "finetune",
      about: "fine-tune a checkpoint; what it learns and forgets, measured",
      load: () => import("./finetune/finetune.ts").then(({ finetune }) => finetune),
    },
    {
      name: "diagnose",
      about: "which method fits your data, before any is tried",
      load: () => import("./diagnose/diagnose.ts").then(({ diagnose }) => diagnose),
    },
    {
      name: "evaluate",
      about: "log-loss, KL to another model, exact match, benchmarks",
      load: () => import("./evaluate/evaluate.ts").then(({ evaluate }) => evaluate),
    },
    {
      name: "generate",
      about: "answer a file of prompts",
      load: () => import("./generate/generate.ts").then(({ generate }) => generate),
    },
    {
      name: "export",
      about: "merge an adapter; write for transformers or llama.cpp",
      load: () => import("./export/export.ts").then(({ exportModel }) => exportModel),
    },
    {
      name: "pull",
      about: "fetch a model from the Hub into huggingface_hub's cache",
      load: () => import("./pull/pull.ts").then(({ pull }) => pull),
    },
    {
      name: "pretrain",
      about: "make a small base of your own, where there is no Hub",
      load: () => import("./pretrain/pretrain.ts").then(({ pretrain }) => pretrain),
    },
  ],
  "The study": [
    {
      name: "study",
      about: "what each way of fine-tuning learns and forgets, in minutes",
      load: () => import("./study/study.ts").then(({ study }) => study),
    },
    {
      name: "sweep",
      about: "methods × settings × seeds in parallel; goes on after any end",
      load: () => import("./sweep/sweep.ts").then(({ sweep }) => sweep),
    },
    {
      name: "worker",
      about: "run rows of sweeps that other machines began",
      load: () => import("./worker/worker.ts").then(({ worker }) => worker),
    },
    {
      name: "watch",
      about: "a live page of a sweep, for this machine alone",
      load: () => import("./watch/watch.ts").then(({ watch }) => watch),
    },
    {
      name: "report",
      about: "a page about runs: figures, tables, CSV, Markdown",
      load: () => import("./report.ts").then(({ report }) => report),
    },
    {
      name: "vectors",
      about: "each loss in numbers, for other programs to check theirs",
      load: () => import("./vectors/vectors.ts").then(({ vectors }) => vectors),
    },
  ],
  Benchmarks: [
    {
      name: "data",
      about: "write a benchmark's rows, to train or to evaluate on",
      load: () => import("./data/data.ts").then(({ data }) => data),
    },
    {
      name: "score",
      about: "judge responses as the originals do",
      load: () => import("./score/score.ts").then(({ score }) => score),
    },
    {
      name: "download",
      about: "fetch a benchmark's published file",
      load: () => import("./download/download.ts").then(({ download }) => download),
    },
  ],
};

export const commands: readonly CommandRow[] = Object.values(groups).flat();

/** What `anchorgrad` alone says: what there is. */
export const overview: string = `anchorgrad: fine-tune language models, and see what they forget

${Object.entries(groups)
  .map(
    ([title, rows]) =>
      `${title}\n${rows.map(({ name, about }) => `  ${name.padEnd(10)}${about}\n`).join("")}`,
  )
  .join("\n")}
  npx anchorgrad <command> --help    what a command does, its options
  npx anchorgrad study --smoke       a first look, in seconds
  npx anchorgrad --version
`;

/** What a command line asks for. */
export type Asked =
  | { readonly kind: "overview" }
  | { readonly kind: "version" }
  | { readonly kind: "help"; readonly row: CommandRow }
  | { readonly kind: "run"; readonly row: CommandRow; readonly args: readonly string[] };

const HELP = ["--help", "-h"];
const VERSION = ["--version", "-v"];

/**
 * Reads the command line as far as the command's name.
 * @throws UsageError for a word that is no command
 */
export function askedOf([word, ...args]: readonly string[]): Asked {
  if (word === undefined || HELP.includes(word)) return { kind: "overview" };
  if (VERSION.includes(word)) return { kind: "version" };
  if (word === "help") {
    const [name] = args;
    return name === undefined ? { kind: "overview" } : { kind: "help", row: commandNamed(name) };
  }
  const row = commandNamed(word);
  if (args.some((arg) => HELP.includes(arg))) return { kind: "help", row };
  if (args.some((arg) => VERSION.includes(arg))) return { kind: "version" };
  return { kind: "run", row, args };
}

/** The command that an option without one is most likely meant for. */
const ownerOf = (option: string): string =>
  /^--(data|model|method)(=|$)/.test(option) ? "finetune" : "study";

function commandNamed(word: string): CommandRow {
  const found = commands.find(({ name }) => name === word);
  if (found) return found;
  if (word.startsWith("-"))
    throw new UsageError(
      `expected a command before ${word}, such as ${ownerOf(word)} ${word}; npx anchorgrad shows them all`,
    );
  const near = nearest(
    word,
    commands.map(({ name }) => name),
  );
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  throw new UsageError(
    `expected a command, got ${word || "nothing"}${hint || "; npx anchorgrad shows them all"}`,
  );
}
