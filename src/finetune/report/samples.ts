import { escapeHtml } from "../../report/escape.ts";
import { count } from "../../report/format.ts";
import { dot, folded } from "./html.ts";
import type { SampleLine } from "./lines.ts";
import { type FineTuned, stageColor, stageName, stagesOf } from "./run.ts";
import { differences, type Part } from "./words.ts";

/** The answers of all stages to one prompt. */
export interface Answered {
  readonly set: SampleLine["set"];
  readonly index: number;
  readonly prompt: string;
  readonly wanted: string | undefined;
  /** By stage, those that there are. */
  readonly answers: ReadonlyMap<string, string>;
}

/** A set's prompts: those first whose answers changed, the method's before SFT's. */
function answeredOf(run: FineTuned, set: SampleLine["set"]): readonly Answered[] {
  const prompts = new Map<number, Answered & { readonly answers: Map<string, string> }>();
  for (const { stage, index, prompt, answer, wanted, ...sample } of run.samples) {
    if (sample.set !== set) continue;
    const found = prompts.get(index) ?? { set, index, prompt, wanted, answers: new Map() };
    found.answers.set(stage, answer);
    prompts.set(index, { ...found, wanted: found.wanted ?? wanted });
  }
  const rank = (prompt: Answered): number =>
    (run.method !== undefined && hasChanged(prompt, run.method) ? 2 : 0) +
    (hasChanged(prompt, "sft") ? 1 : 0);
  return [...prompts.values()].toSorted((a, b) => rank(b) - rank(a) || a.index - b.index);
}

/** Whether a stage answers otherwise than the base; false where either is not known. */
function hasChanged({ answers }: Answered, stage: string): boolean {
  const [base, own] = [answers.get("base"), answers.get(stage)];
  return base !== undefined && own !== undefined && base.trim() !== own.trim();
}

/** So many prompts stand open, and so many in all. */
const OPEN = 6;
const MOST = 100;
/** Characters of a text. */
const LONGEST = 2000;

const cut = (text: string): string =>
  text.length > LONGEST
    ? `${text.slice(0, LONGEST)} … (${count(text.length - LONGEST)} characters more)`
    : text;

/** A text of strangers: its own direction, its own lines. */
const said = (inside: string): string => `<p class="said" dir="auto">${inside}</p>`;

/** A long piece that is missing is only told of. */
const LEFT_OUT = 60;

function partHtml({ kind, text }: Part): string {
  if (kind === "same") return escapeHtml(text);
  if (kind === "added") return `<mark>${escapeHtml(text)}</mark>`;
  const words = text.trim().split(/\s+/).length;
  return text.length > LEFT_OUT
    ? `<small class="muted"> [${words} words left out]</small>`
    : `<del>${escapeHtml(text)}</del>`;
}

/** An answer, compared with another text where there is one. */
function answerHtml(answer: string, other: string | undefined): string {
  if (answer.trim() === "") return said('<small class="muted">nothing</small>');
  if (other === undefined) return said(escapeHtml(cut(answer)));
  return said(differences(cut(answer), cut(other)).map(partHtml).join(""));
}

/** Beside a stage's name: what its answer is. */
function note(prompt: Answered, stage: string): string {
  const own = prompt.answers.get(stage);
  if (own === undefined) return "no answer";
  if (prompt.wanted !== undefined && own.trim() === prompt.wanted.trim()) return "as wanted";
  if (stage === "base" || !prompt.answers.has("base")) return "";
  return hasChanged(prompt, stage) ? "changed" : "as the base";
}

/** A prompt with its answers next to each other. */
function card(prompt: Answered, stages: readonly string[]): string {
  const answers = stages.map((stage) => {
    const own = prompt.answers.get(stage);
    // Retained answers shall be the base's, others what is wanted.
    const base = stage === "base" ? undefined : prompt.answers.get("base");
    const other = prompt.set === "retain" ? base : (prompt.wanted ?? base);
    const told = note(prompt, stage);
    return `<div><h4>${dot(stageColor(stage))}${escapeHtml(stageName(stage))}${told === "" ? "" : ` <span class="muted">${told}</span>`}</h4>${own === undefined ? "" : answerHtml(own, stage === "base" && prompt.set !== "retain" ? undefined : other)}</div>`;
  });
  const wanted =
    prompt.wanted === undefined
      ? ""
      : `<div class="wanted"><h4>Wanted</h4>${said(escapeHtml(cut(prompt.wanted)))}</div>`;
  return `<article class="sample"><div class="prompt"><h3>Prompt ${prompt.index + 1}</h3>${said(escapeHtml(cut(prompt.prompt)))}</div>${wanted}<div class="answers">${answers.join("")}</div></article>`;
}

/** The answers to a set's prompts; empty where there are none. */
export function sampleCards(run: FineTuned, set: SampleLine["set"]): string {
  const prompts = answeredOf(run, set);
  const stages = stagesOf(run).filter((stage) => prompts.some(({ answers }) => answers.has(stage)));
  const cards = prompts.slice(0, MOST).map((prompt) => card(prompt, stages));
  const rest = cards.slice(OPEN);
  const more =
    prompts.length > MOST ? `<p class="muted">The first ${MOST} of ${prompts.length}.</p>` : "";
  return `${cards.slice(0, OPEN).join("\n")}${rest.length > 0 ? folded(`${rest.length} more`, rest.join("\n") + more) : ""}`;
}

/** How many retained answers changed, in words; empty where none were looked at. */
export function changedWords(run: FineTuned): string {
  const prompts = answeredOf(run, "retain");
  const of = (stage: string): string[] => {
    const known = prompts.filter(({ answers }) => answers.has("base") && answers.has(stage));
    const changed = known.filter((prompt) => hasChanged(prompt, stage)).length;
    return known.length > 0 ? [`${stageName(stage)} ${changed} of ${known.length}`] : [];
  };
  const told = stagesOf(run)
    .filter((stage) => stage !== "base")
    .flatMap(of);
  return told.length > 0 ? `Changed of those shown: ${told.join(", ")}.` : "";
}
