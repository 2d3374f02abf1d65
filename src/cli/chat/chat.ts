import { openConversation } from "../../finetune/conversation.ts";
import { expectReader } from "../../finetune/reader.ts";
import { spoken } from "../../report/escape.ts";
import { count } from "../../report/format.ts";
import {
  describeModel,
  engineKnobs,
  modelKnobs,
  openEngine,
  openModel,
  weightsKnobs,
} from "../model/open.ts";
import { describeSampling, samplingKnobs, samplingOf } from "../model/sampling.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import { describeKnobs, flag, readKnobs, text } from "../terminal/knobs.ts";
import { type Lines, openLines } from "./lines.ts";

const own = {
  system: text("<text>", "what the model is told before the conversation"),
  raw: flag("goes on with texts as they are, without the model's chat template"),
};
const knobs = { ...modelKnobs, ...weightsKnobs, ...own, ...samplingKnobs, ...engineKnobs };

const COMMANDS = `  /reset            forgets the conversation
  /system <text>    begins anew with this system message; without a text, with none
  /exit             ends; so does the end of the input
  Ctrl-C            stops the answer, or ends
`;

const usage = `anchorgrad chat --model <model> [options]: talks with a model

  npx anchorgrad chat --model HuggingFaceTB/SmolLM2-135M-Instruct
  npx anchorgrad chat --model base --adapter runs/mine/adapter
  echo "Once upon a time" | npx anchorgrad chat --model stories --greedy

A model without a chat template goes on with each line as it stands. Draws are those of the
checkpoint's generation_config.json unless options say otherwise.

${COMMANDS}
Model
${describeKnobs({ ...modelKnobs, ...weightsKnobs, ...own })}
Draws
${describeKnobs(samplingKnobs)}
Engine
${describeKnobs(engineKnobs)}`;

/** Tokens of an answer where neither the command line nor the checkpoint says. */
const MAX_TOKENS = 512;

async function run(args: readonly string[], terminal: Terminal): Promise<boolean> {
  const given = readKnobs(args, knobs);
  await using engine = await openEngine(given);
  const loaded = await openModel(given, terminal, engine);
  if (!loaded) return false;
  const model = expectReader(loaded);
  const sampling = samplingOf(given, model.generation);
  const maxTokens = given.maxTokens ?? model.generation.maxNewTokens ?? MAX_TOKENS;
  const { err } = terminal;
  err.write(`${describeModel(model)}\n`);
  err.write(`${describeSampling(sampling)}, at most ${count(maxTokens)} tokens an answer\n`);
  if (model.chat && !given.raw) err.write(COMMANDS);
  else err.write("each line is a text that the model goes on with\n");
  const conversation = openConversation(engine, model, {
    ...{ sampling, maxTokens, seed: given.seed ?? 0, system: given.system },
    ...{ raw: given.raw ?? false, promptLookup: given.promptLookup, stops: given.stop },
  });
  const lines = openLines(terminal);
  try {
    return await talk(conversation, lines, terminal);
  } finally {
    lines.close();
  }
}

async function talk(
  conversation: ReturnType<typeof openConversation>,
  lines: Lines,
  { out, err, signal }: Terminal,
): Promise<boolean> {
  for (;;) {
    const line = await lines.next("> ");
    if (signal.aborted) return false;
    if (line === undefined) return true;
    const [, word, rest] = /^\s*\/(\w+)(?:\s+(.*?))?\s*$/.exec(line) ?? [];
    if (word === "exit" || word === "quit" || word === "bye") return true;
    if (word === "reset") {
      conversation.reset();
      err.write("the conversation is forgotten\n");
    } else if (word === "system") {
      conversation.reset(rest ?? "");
      err.write(rest ? `system: ${rest}\n` : "no system message\n");
    } else if (word === "help") err.write(COMMANDS);
    else if (line.trim() !== "" && !(await answer(conversation, line, lines, { out, err, signal })))
      return false;
  }
}

/** @returns false when the whole command is to end */
async function answer(
  conversation: ReturnType<typeof openConversation>,
  line: string,
  lines: Lines,
  { out, err, signal }: Pick<Terminal, "out" | "err" | "signal">,
): Promise<boolean> {
  const stop = new AbortController();
  const forget = lines.onInterrupt(() => stop.abort());
  try {
    const either = AbortSignal.any([signal, stop.signal]);
    // A file gets the text as it is, a terminal would obey what is in it.
    const hear = (piece: string): unknown => out.write(out.isTTY ? spoken(piece) : piece);
    const { end } = await conversation.say(line, hear, either);
    out.write("\n");
    if (end === "full") err.write("the context is full: /reset begins anew\n");
    else if (end === "length") err.write("(stopped at --max-tokens)\n");
    else if (end === "stopped") err.write("(stopped)\n");
  } finally {
    forget();
  }
  return !signal.aborted;
}

export const chat: Command = {
  usage,
  run,
};
