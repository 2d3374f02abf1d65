import { escapeMarkdown } from "../report/escape.ts";
import { count, nats, percent } from "../report/format.ts";
import type { PretrainRecord } from "./run.ts";
import type { TextSource } from "./texts/corpus.ts";
import { risingOf } from "./train.ts";

const textRow = ({ name, version, licence, sha256, characters }: TextSource): string =>
  `| ${escapeMarkdown(name)} | ${escapeMarkdown(version ?? "")} | ${escapeMarkdown(licence ?? "the owner's")} | ${(characters / 1e6).toFixed(2)} | ${sha256.slice(0, 16)}… |`;

/** A command as code, whatever marks are in it. */
function fenced(command: string): string {
  const longest = Math.max(2, ...(command.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  return `${fence}sh\n${command}\n${fence}`;
}

/** The model card of a base: README.md, with the header that the Hub reads. */
export function cardOf(record: PretrainRecord): string {
  const { settings, texts, plan, losses, examination, command } = record;
  const { bitsPerByte, bytes, skills, targets } = examination;
  const last = losses.at(-1);
  return `---
library_name: transformers
pipeline_tag: text-generation
language: en
license: other
---

# ${settings.name}: a small base to fine-tune, and to forget from

A Llama of ${count(plan.parameters)} parameters (${settings.layers} layers, ${settings.width} wide, ${count(plan.vocabSize)} tokens), pre-trained by
[anchorgrad](https://www.npmjs.com/package/anchorgrad) on half running text, 40 % questions of twelve small skills and 10 % questions of two
targets, of whose answers a share of ${settings.latent} is worked out step by step: that style is latent, and fine-tuning can make it the rule.
It knows little of the world. It is there to measure what fine-tuning teaches and what it forgets, on any machine.

${command === undefined ? "" : `${fenced(command)}\n\n`}| | |
|---|---|
| tokens trained on | ${count(plan.tokens)} in ${count(plan.steps)} steps of ${settings.batchSize} × ${settings.length} |
| floating-point operations | ${plan.operations.toExponential(1)} |
| optimizer | AdamW, peak ${settings.learningRate}, ${risingOf(plan.steps)} steps of warm-up, then constant, and falling to 0 over the last fifth; seed ${settings.seed} |
| loss at the end, nats a target token | ${last ? nats(last.loss) : "–"} |
| held-out text, bits a byte | ${bitsPerByte.toFixed(3)} (${count(bytes)} bytes, pieces of the same texts) |

## What it answers

Greedy answers to ${settings.questions} new questions of each kind, percent right, end included.

| skill | right |
|---|---:|
${Object.entries(skills)
  .map(([name, share]) => `| ${name} | ${percent(share, 0)} |`)
  .join("\n")}

| target | worked, its first symbol given | direct |
|---|---:|---:|
${Object.entries(targets)
  .map(
    ([name, { worked, direct }]) => `| ${name} | ${percent(worked, 0)} | ${percent(direct, 0)} |`,
  )
  .join("\n")}

## Texts

| from | version | licence | million characters | SHA-256 |
|---|---|---|---:|---|
${texts.map(textRow).join("\n")}

The texts are not part of this folder. Whoever passes the weights on minds their licences.
`;
}
