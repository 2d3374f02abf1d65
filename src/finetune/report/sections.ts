import { escapeHtml } from "../../report/escape.ts";
import { bytes, count, nats, percent } from "../../report/format.ts";
import { table } from "../../report/table.ts";
import type { SetName } from "../train/events.ts";
import { boundCaption, boundFigure, boundTable } from "./bounds.ts";
import { lookFigures, lossFigures, stepFigures } from "./curves.ts";
import { figures, folded, legend, line } from "./html.ts";
import type { LookLine, PlanLine } from "./lines.ts";
import { retained } from "./retention.ts";
import { type FineTuned, stageColor, stageName, stagesOf } from "./run.ts";
import { changedWords, sampleCards } from "./samples.ts";
import {
  advice,
  keptSentence,
  learnedSentence,
  type Outcome,
  outcomeOf,
  summaryOf,
  taskPrompts,
} from "./verdict.ts";

/** A heading and what stands under it; nothing where there is nothing. @param text a text */
const section = (title: string, text: string, inside: string): string =>
  inside === ""
    ? ""
    : `<h2>${escapeHtml(title)}</h2>\n${text === "" ? "" : `<p class="muted">${escapeHtml(text)}</p>`}\n${inside}`;

/** What the run came to, in words that follow from its numbers. */
function verdict(run: FineTuned): string {
  const summary = summaryOf(run);
  const lead = summary === "unknown" ? [] : [`${summary[0]?.toUpperCase()}${summary.slice(1)}.`];
  const said = [learnedSentence(run), keptSentence(run), advice[summary]].filter((s) => s !== "");
  return `<div class="verdict">${lead.map((words) => `<p class="lead"><strong>${escapeHtml(words)}</strong></p>`).join("")}
${said.map((sentence) => `<p>${escapeHtml(sentence)}</p>`).join("\n")}
<p class="muted">One run, one seed: differences of a few per cent may be chance.</p></div>`;
}

const share = (x: number | undefined): string => (x === undefined ? "–" : percent(x));
const number = (x: number | undefined): string =>
  x === undefined || !Number.isFinite(x) ? "–" : nats(x);

/** Base, SFT and the method beside each other. */
function beforeAfter(run: FineTuned): string {
  const [task, retained] = [outcomeOf(run, "eval"), outcomeOf(run, "retain")];
  const has = (outcome: Outcome): boolean => Object.values(outcome).some((look) => look);
  const sets: { readonly of: Outcome; readonly name: string; readonly set: LookLine["set"] }[] = [
    ...(has(task) ? [{ of: task, name: "task", set: "eval" as const }] : []),
    ...(has(retained) ? [{ of: retained, name: "retained", set: "retain" as const }] : []),
  ];
  const looks = sets.flatMap(({ of }) => Object.values(of) as (LookLine | undefined)[]);
  const [exact, changed] = (["exact", "changed"] as const).map((name) =>
    looks.some((look) => look?.[name] !== undefined),
  );
  const columns = sets.flatMap(({ name, set }) => [
    ...[`${name}: log-loss`, "perplexity"],
    ...(exact ? ["exact, %"] : []),
    "KL(base‖θ)",
    ...(set === "retain" && changed ? ["changed, %"] : []),
  ]);
  const rows = stagesOf(run).flatMap((stage) => {
    const key = stage === "base" || stage === "sft" ? stage : "method";
    if (!sets.some(({ of }) => of[key])) return [];
    const cells = sets.flatMap(({ of, set }) => {
      const look = of[key];
      return [
        ...[number(look?.logLoss), number(look?.perplexity)],
        ...(exact ? [share(look?.exact)] : []),
        number(look?.kl),
        ...(set === "retain" && changed ? [share(look?.changed)] : []),
      ];
    });
    const kind = key === "method" ? "headline" : undefined;
    return [line([stageName(stage), ...cells], kind, stageColor(stage))];
  });
  return rows.length === 0 ? "" : table(["", ...columns], rows);
}

const key = (run: FineTuned): string =>
  legend(stagesOf(run).map((stage) => ({ name: stageName(stage), color: stageColor(stage) })));

function curves(run: FineTuned): string {
  const losses = lossFigures(run);
  const steps = stepFigures(run);
  return losses.length === 0
    ? ""
    : figures(losses) +
        (steps.length > 0 ? folded("Gradient norm and learning rate", figures(steps)) : "");
}

function looked(run: FineTuned, set: LookLine["set"]): string {
  const drawn = lookFigures(run, set);
  return drawn.length === 0 ? "" : key(run) + figures(drawn);
}

function certificates({ certificates: steps }: FineTuned): string {
  return steps.length === 0
    ? ""
    : `<figure><div class="figure" tabindex="0">${boundFigure(steps)}</div><figcaption>${escapeHtml(boundCaption(steps))}</figcaption></figure>\n${boundTable(steps)}`;
}

/** What is counted before the first step. */
function plan(
  { rows, examples, tokens, targets, steps, trainable, memoryBytes }: PlanLine,
  bests: FineTuned["bests"],
): string {
  const facts: readonly (readonly [string, string])[] = [
    ["rows of the data", count(rows)],
    ["examples", count(examples)],
    ["tokens", count(tokens)],
    ["of them learnt", count(targets)],
    ["steps of all stages", count(steps)],
    ...bests.map(({ stage, step, steps }): [string, string] => [
      `${stageName(stage)}: the step that was kept`,
      `${count(step)} of ${count(steps)}`,
    ]),
    ["trained parameters", count(trainable)],
    ["memory, planned", bytes(memoryBytes)],
  ];
  return `<dl class="facts">${facts.map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join("")}</dl>`;
}

/** Places that are named of each reason. */
const PLACES = 20;

/** What is not trained on, by reason. */
function leftOut({ left, rows, truncated, notes }: PlanLine): string {
  const cut = truncated > 0 ? [`${count(truncated)} rows were cut at their end.`] : [];
  const told = [...cut, ...notes].map((note) => `<p>${escapeHtml(note)}</p>`).join("");
  if (left.length === 0) return `<p>Nothing: all ${count(rows)} rows are trained on.</p>${told}`;
  const reasons = new Map<string, string[]>();
  for (const { place, reason } of left)
    reasons.set(reason, [...(reasons.get(reason) ?? []), place]);
  const sorted = [...reasons].toSorted(([, a], [, b]) => b.length - a.length);
  const items = sorted.slice(0, PLACES).map(([reason, places]) => {
    const more = places.length > PLACES ? ` and ${places.length - PLACES} more` : "";
    return `<li><strong>${places.length}</strong> ${escapeHtml(reason)} <span class="muted">${escapeHtml(places.slice(0, PLACES).join(", "))}${more}</span></li>`;
  });
  const others = sorted.slice(PLACES).reduce((sum, [, places]) => sum + places.length, 0);
  return `<p>${count(left.length)} of ${count(rows)} rows:</p><ul class="failures">${items.join("")}${others > 0 ? `<li><strong>${others}</strong> for other reasons</li>` : ""}</ul>${told}`;
}

/** All that stands under the title. */
export function sections(run: FineTuned): string {
  const { plan: planned, recipe, others } = run;
  const unknown = [...others].map(([name, n]) => `${name} (${n})`).join(", ");
  const versions = Object.entries(planned?.versions ?? {}).map(
    ([name, version]) => `${name} ${version}`,
  );
  const samples = (title: string, text: string, set: SetName) =>
    section(title, text, sampleCards(run, set));
  return [
    verdict(run),
    section(
      "Before and after",
      "Last looks, or those at the steps that were kept. Log-loss and KL: nats a token of the given answers. Exact: greedy answers that equal them. Changed: greedy answers that are not the base’s.",
      beforeAfter(run),
    ),
    section(
      "Loss",
      "Of each stage’s own objective: the figures cannot be compared with each other. The line is the mean of neighbouring steps, the band their range; dashed, where another outer step begins.",
      curves(run),
    ),
    section(
      "Forgetting on the retained prompts",
      `${run.method === "replay" ? "Replay trains on rows of this file" : "They are only looked at, never trained on"}. Dashed: the base.`,
      looked(run, "retain"),
    ),
    section(`The task on ${taskPrompts(run)}`, "Dashed: the base.", looked(run, "eval")),
    section(
      "Retained answers: planned, and audited",
      "The base’s own greedy answers to the retained prompts, kept to the letter or lost. One half of the prompts certifies the weight before training; the student is counted on the other. May be lost: as many as still pass. At most: the upper end of Clopper and Pearson’s interval, of a step alone. Slack: the nats a student may add at a token before its choice can change.",
      retained(run),
    ),
    section("Outer steps against their bounds", "", certificates(run)),
    samples(
      "Retained prompts: answers side by side",
      `Greedy answers. Marked: what the base does not say; struck through: what it says there. ${changedWords(run)}`,
      "retain",
    ),
    samples(
      `The task on ${taskPrompts(run)}: answers side by side`,
      "Greedy answers. Marked: what is not in the wanted answer; struck through: what it says there.",
      "eval",
    ),
    planned ? section("Data and cost", "", plan(planned, run.bests)) : "",
    planned ? section("What was left out, and why", "", leftOut(planned)) : "",
    section(
      "Recipe and versions",
      [...versions, ...run.saved.map(({ what, path }) => `${what} in ${path}`)].join(" · "),
      `<pre>${escapeHtml(JSON.stringify(recipe, null, 2))}</pre>`,
    ),
    unknown === ""
      ? ""
      : `<p class="muted">${escapeHtml(`Not shown, lines of metrics.jsonl of other kinds: ${unknown}.`)}</p>`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}
