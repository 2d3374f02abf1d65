import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { speedOf } from "../../finetune/speed.ts";
import {
  expectPlace,
  type PretrainEvent,
  type PretrainSettings,
  runPretrain,
  unfinishedOf,
  workOf,
} from "../../pretrain/run.ts";
import { CONTEXT, type SizeName, sizeNames, sizes, VOCABULARY } from "../../pretrain/sizes.ts";
import { type Corpus, folderTexts, packageTexts } from "../../pretrain/texts/corpus.ts";
import { fromMirror } from "../../pretrain/texts/mirror.ts";
import { textPackages } from "../../pretrain/texts/packages.ts";
import { TOLD } from "../../pretrain/train.ts";
import { visible } from "../../report/escape.ts";
import { count, duration, percent } from "../../report/format.ts";
import { type Display, display } from "../finetune/display.ts";
import { engineKnobs, openEngine } from "../model/open.ts";
import { claim } from "../terminal/claim.ts";
import type { Command, Terminal } from "../terminal/command.ts";
import {
  describeKnobs,
  flag,
  type Knob,
  number,
  oneOf,
  only,
  readKnobs,
  share,
  text,
  type Values,
  whole,
} from "../terminal/knobs.ts";
import { expectBelowAFolder } from "../terminal/place.ts";
import { UsageError } from "../terminal/usage.ts";
import { ownVersions } from "../terminal/version.ts";

const mirror: Knob<string> = {
  value: "<url>",
  about: "fetches them from this Debian mirror in place of apt-get:\nhttps://deb.debian.org/debian",
  expected: "an http or https address",
  read: (given, option) => {
    const url = URL.canParse(given) ? new URL(given) : undefined;
    if (!url || !/^https?:$/.test(url.protocol)) return undefined;
    // The model card tells the command.
    if (url.username !== "" || url.password !== "")
      throw new UsageError(`${option}: expected an address without a name and a password, got one`);
    return given;
  },
};

const own = {
  size: oneOf("how many parameters (default: 0.9m)", sizeNames),
  out: text("<folder>", "where to (default: models/base-<size>)"),
  text: text("<folder>", "your own texts in place of Debian's:\n.txt, .md, .rst, .html, .pod"),
  packages: text("<folder>", "where .deb files are kept (default: .cache/text)"),
  mirror,
  overwrite: flag("replaces a base that is there"),
  dryRun: flag("says what it would take, and trains nothing"),
};
const shaped = {
  steps: whole("batches to train on (default: by the size)", 1, 2 ** 24),
  batch: whole("rows of a batch (default: by the size)", 1, 4096),
  length: whole("tokens of a row, the model's context (default: 512)", 128, 8192),
  vocabulary: whole("tokens of the vocabulary (default: 2048)", 300, 65_535),
  learningRate: number("at its peak (default: by the size)", 0),
  latent: share("how often targets are answered step by step (default: 0.25)"),
  questions: whole("asked of each kind at the end (default: 100)", 1, 10_000),
  seed: whole("of all that is random (default: 0)", 0, 2 ** 32 - 1),
};
const knobs = { ...own, ...shaped, ...engineKnobs };

const usage = `anchorgrad pretrain [options]: makes a small base to fine-tune, without any Hub

  npx anchorgrad pretrain --size 0.9m --out models/base-0.9m
  npx anchorgrad data skills --skill chain --count 512 --out target.jsonl
  npx anchorgrad finetune --model models/base-0.9m --data target.jsonl

Trains a tokenizer and a Llama: half on running text, 40 % on twelve small skills, 10 % on two
targets whose worked style is latent in it. The folder is one as Hugging Face has them, with a model
card. Texts are those of Debian packages, fetched with apt-get or from a mirror: ${textPackages.map(({ name }) => name).join(", ")}.
Large ones are read from 11m on. Stopped in any way, the same command goes on, to the same bits.

Options
${describeKnobs(own)}
Training
${describeKnobs(shaped)}
Engine
${describeKnobs(engineKnobs)}`;

type Given = Values<typeof knobs>;

function settingsOf(given: Given): PretrainSettings {
  const name: SizeName = given.size ?? "0.9m";
  const { tokens, batch: usual, ...size } = sizes[name];
  const { batch = usual, length = CONTEXT } = given;
  return {
    ...{ name: `base-${name}`, ...size, learningRate: given.learningRate ?? size.learningRate },
    ...{ steps: given.steps ?? Math.ceil(tokens / (batch * length)), batchSize: batch, length },
    ...{ vocabulary: given.vocabulary ?? VOCABULARY, latent: given.latent ?? 0.25 },
    ...{ seed: given.seed ?? 0, questions: given.questions ?? 100 },
  };
}

async function textsOf(given: Given, { folder, err, signal }: Terminal): Promise<Corpus> {
  if (given.text !== undefined) {
    if (given.packages !== undefined)
      throw new UsageError("--packages: expected none beside --text, got a folder");
    if (given.mirror !== undefined)
      throw new UsageError("--mirror: expected none beside --text, got a mirror");
    return folderTexts(resolve(folder, given.text));
  }
  return packageTexts({
    folder: resolve(folder, given.packages ?? join(".cache", "text")),
    large: given.size === "11m" || given.size === "30m",
    signal,
    ...(given.mirror !== undefined && {
      fetchInto: fromMirror(given.mirror, { fetch: globalThis.fetch, signal }),
    }),
    onSource: ({ name, version, licence, characters }) => {
      const size = `${(characters / 1e6).toFixed(1)} million characters`;
      err.write(`${visible(`${name} ${version}`)}: ${size}, ${licence}\n`);
    },
  });
}

/** The options that were given, for the model card. */
const commandOf = (args: readonly string[]): string =>
  [
    "npx anchorgrad pretrain",
    ...args.map((arg) =>
      /^[\w./=-]+$/.test(arg) ? arg : `'${visible(arg).replaceAll("'", "'\\''")}'`,
    ),
  ].join(" ");

async function run(args: readonly string[], terminal: Terminal): Promise<boolean> {
  const given = readKnobs(args, knobs);
  const { folder, err, signal, out: result } = terminal;
  const settings = settingsOf(given);
  const out = resolve(folder, given.out ?? join("models", settings.name));
  await expectBelowAFolder(join(out, "config.json"));
  await expectPlace(out, given.overwrite ?? false);
  await using engine = await openEngine(only(given, engineKnobs));
  const claimed = given.dryRun ? undefined : await claim(unfinishedOf(out));
  const show = display(err);
  let speed: Promise<number> | undefined;
  const secondsOf: SecondsOf = async (operations) => {
    speed ??= speedOf(engine, settings.width);
    return operations / (await speed);
  };
  let finished = false;
  try {
    const events = runPretrain({
      ...{ settings, out, engine, signal, overwrite: given.overwrite ?? false },
      corpus: async () => {
        err.write(await foretold(settings, secondsOf, out, given.text));
        return textsOf(given, terminal);
      },
      texts: given.text === undefined ? "Debian's packages" : resolve(folder, given.text),
      dryRun: given.dryRun ?? false,
      ...{ command: commandOf(args), versions: await ownVersions() },
    });
    for await (const event of events) {
      if (event.kind !== "step") await claimed?.check();
      if (event.kind === "plan") {
        result.write(await planText(event, settings, secondsOf));
      } else if (event.kind === "stopped") {
        err.write("stopped; the same command goes on\n");
        return false;
      } else tell(event, settings, show, result.write.bind(result));
    }
    finished = true;
    return true;
  } finally {
    show.end();
    await claimed?.release();
    if (finished && claimed) await rm(unfinishedOf(out), { recursive: true, force: true });
  }
}

/** How long so many operations take here. */
type SecondsOf = (operations: number) => Promise<number>;

/** What is going to happen, while one may still think better of it: texts come first, for minutes. */
async function foretold(
  settings: PretrainSettings,
  secondsOf: SecondsOf,
  out: string,
  texts = "Debian's packages, which are fetched first",
): Promise<string> {
  const { parameters, tokens, operations } = workOf(settings);
  const time = duration(await secondsOf(operations));
  return `${settings.name}: some ${count(parameters)} parameters, ${count(tokens)} tokens, ${time} or more here
${visible(`text of ${texts}; to be written to ${out}`)}
`;
}

async function planText(
  plan: Extract<PretrainEvent, { kind: "plan" }>,
  { name, batchSize, length }: PretrainSettings,
  secondsOf: SecondsOf,
): Promise<string> {
  const { parameters, vocabSize, textTokens, tokens, steps, operations } = plan;
  const time = duration(await secondsOf(operations));
  return `${name}: ${count(parameters)} parameters, ${count(vocabSize)} tokens of vocabulary, ${count(textTokens)} tokens of text
${count(steps)} steps of ${batchSize} × ${length}, ${count(tokens)} tokens: ${operations.toExponential(1)} operations, ${time} or more here
`;
}

function tell(
  event: Exclude<PretrainEvent, { kind: "plan" | "stopped" }>,
  { steps, batchSize, length }: PretrainSettings,
  show: Display,
  write: (text: string) => void,
): void {
  if (event.kind === "step") {
    const { step, loss, isAgain } = event;
    // What took no time now says nothing of the time that is left.
    if (isAgain) return;
    const tokens = TOLD * batchSize * length;
    show.step({ stage: "pretrain", step, steps, loss, tokens });
  } else if (event.kind === "examined") {
    show.end();
    const { bitsPerByte, skills, targets } = event;
    write(`\nheld-out text  ${bitsPerByte.toFixed(3)} bits a byte\n`);
    for (const [name, right] of Object.entries(skills))
      write(`${name.padEnd(15)}${percent(right, 0)} % right\n`);
    for (const [name, { worked, direct }] of Object.entries(targets))
      write(`${name.padEnd(15)}${percent(worked, 0)} % worked, ${percent(direct, 0)} % direct\n`);
  } else write(`written to ${event.folder}\n`);
}

/** Making a base. */
export const pretrain: Command = { usage, run };
