import { nats, percent } from "../../report/format.ts";
import type { LookLine } from "./lines.ts";
import { type FineTuned, stageName } from "./run.ts";

/** What base, SFT and the method came to at one set of prompts; undefined for what is not known. */
export interface Outcome {
  readonly base: LookLine | undefined;
  readonly sft: LookLine | undefined;
  readonly method: LookLine | undefined;
}

/** The last look of each stage. */
export function outcomeOf(run: FineTuned, set: LookLine["set"]): Outcome {
  const last = (stage: string | undefined) => {
    const kept = run.bests.find((best) => best.stage === stage)?.step;
    const isLast = ({ step }: LookLine): boolean => kept === undefined || step === kept;
    return run.looks.findLast((look) => look.set === set && look.stage === stage && isLast(look));
  };
  return {
    base: last("base"),
    sft: last("sft"),
    method: run.method === undefined ? undefined : last(run.method),
  };
}

/** How much of the task a stage took up. */
export interface Learned {
  /** What it is measured by. */
  readonly by: "exact" | "logLoss";
  readonly base: number;
  readonly sft: number;
  readonly method: number | undefined;
  /** Of SFT's gain: (method − base) / (sft − base); undefined where SFT gained nothing. */
  readonly share: number | undefined;
}

/** Below it nothing was gained: a hundredth of a nat a token, or of the answers. */
const NOTHING = 0.01;

/** By exact match where it was looked at and says anything, else by the answers' log-loss. */
export function learnedOf({ base, sft, method }: Outcome): Learned | undefined {
  if (!base || !sft) return undefined;
  const exacts = [base.exact, sft.exact, ...(method ? [method.exact] : [])];
  const byExact = exacts.every((x) => x !== undefined) && exacts.some((x) => x > 0);
  const by = byExact ? "exact" : "logLoss";
  const value = (look: LookLine): number => look[by] ?? Number.NaN;
  const better = (look: LookLine): number =>
    by === "exact" ? value(look) - value(base) : value(base) - value(look);
  const gain = better(sft);
  return {
    by,
    base: value(base),
    sft: value(sft),
    method: method && value(method),
    share: method && gain >= NOTHING ? better(method) / gain : undefined,
  };
}

/** What a look's figure is called in a sentence. */
const figureOf = ({ by }: Learned, value: number): string =>
  by === "exact" ? `${percent(value)} % exact` : `${nats(value)} nats a token`;

/** Whose answers the task is looked at by. */
export const taskPrompts = ({ plan }: FineTuned): string =>
  plan?.evalIsData ? "prompts that were trained on" : "held-out prompts";

/** What was learned, in one sentence. */
export function learnedSentence(run: FineTuned): string {
  const learned = learnedOf(outcomeOf(run, "eval"));
  if (!learned)
    return "How much was learned is not known: no look at held-out answers (--eval) before and after.";
  const { base, sft, method, share } = learned;
  const prompts = taskPrompts(run);
  if (![base, sft, method ?? 0].every(Number.isFinite))
    return "How much was learned is not known: a look at held-out answers gave no number.";
  const own = run.method === undefined ? "" : stageName(run.method);
  const from = figureOf(learned, base);
  if (method === undefined) {
    const better = (learned.by === "exact" ? sft - base : base - sft) >= NOTHING;
    return `On ${prompts} SFT ${better ? "went" : "did not get better: it went"} from ${from} to ${figureOf(learned, sft)}.`;
  }
  const figures = `from ${from} to ${figureOf(learned, method)}, SFT to ${figureOf(learned, sft)}`;
  if (share === undefined)
    return `SFT itself gained nothing on ${prompts}, so that there was nothing to take up: ${own} went ${figures}.`;
  if (!(share > 0)) return `${own} did not learn the task: on ${prompts} it went ${figures}.`;
  const words =
    share >= 0.9
      ? "learned the task"
      : share >= 0.5
        ? "learned part of the task"
        : "learned little of the task";
  return `${own} ${words}, ${percent(share, 0)} % of SFT’s gain on ${prompts}: ${figures}.`;
}

/** Nats a token: where SFT moved less there was little to save. */
const LITTLE = 0.02;

const lossOf = (look: LookLine, base: LookLine | undefined): string =>
  base && Number.isFinite(look.logLoss - base.logLoss)
    ? `, log-loss ${signed(look.logLoss - base.logLoss)}`
    : "";

const signed = (x: number): string => `${x < 0 ? "−" : "+"}${nats(Math.abs(x))}`;

const changedOf = ({ changed }: LookLine): string =>
  changed === undefined ? "" : `, ${percent(changed, 0)} % of the answers changed`;

/** How far a stage went on the retained prompts. */
const moved = (look: LookLine, base: LookLine | undefined): string =>
  `KL ${Number.isFinite(look.kl) ? nats(look.kl) : "–"} nats a token${lossOf(look, base)}${changedOf(look)}`;

/** What was kept, in one sentence. */
export function keptSentence(run: FineTuned): string {
  const { base, sft, method } = outcomeOf(run, "retain");
  if (!sft && !method) return "What was kept is not known: no look at retained prompts (--retain).";
  if (!method || run.method === undefined)
    return sft ? `On the retained prompts SFT: ${moved(sft, base)}.` : "";
  const own = stageName(run.method);
  if (!sft) return `On the retained prompts ${own}: ${moved(method, base)}.`;
  if (![sft.kl, method.kl].every(Number.isFinite))
    return "What was kept is not known: a look at retained prompts gave no number.";
  const both = `${own}: ${moved(method, base)}. SFT: ${moved(sft, base)}.`;
  if (sft.kl < LITTLE && (sft.changed ?? 0) <= 0.02)
    return `SFT hardly moved the retained prompts either, so that there was little to save. ${both}`;
  const times = sft.kl / method.kl;
  if (times >= 1.25)
    return `On the retained prompts ${own} went ${times >= 100 ? "less than a hundredth" : `1/${times.toFixed(times < 9.95 ? 1 : 0)}`} as far from the base as SFT. ${both}`;
  if (times > 0.8)
    return `On the retained prompts ${own} went as far from the base as SFT: it kept no more. ${both}`;
  return `On the retained prompts ${own} went farther from the base than SFT: it kept less. ${both}`;
}

/** The whole in a few words. */
export type Summary =
  | "unfinished"
  | "learned and kept"
  | "learned, not kept"
  | "kept, not learned"
  | "neither"
  | "nothing to save"
  | "unknown";

export function summaryOf(run: FineTuned): Summary {
  if (!run.finished) return "unfinished";
  const share = learnedOf(outcomeOf(run, "eval"))?.share;
  const { sft, method } = outcomeOf(run, "retain");
  if (share === undefined || !Number.isFinite(share) || !sft || !method) return "unknown";
  if (![sft.kl, method.kl].every(Number.isFinite)) return "unknown";
  const [learned, kept] = [share >= 0.9, method.kl <= sft.kl / 2];
  if (sft.kl < LITTLE && (sft.changed ?? 0) <= 0.02)
    return learned ? "nothing to save" : "kept, not learned";
  if (learned) return kept ? "learned and kept" : "learned, not kept";
  return kept ? "kept, not learned" : "neither";
}

/** What follows from a summary, for whoever wants to go on. */
export const advice: Readonly<Record<Summary, string>> = {
  unfinished: "The run has not come to its end; this is what there is so far.",
  "learned and kept":
    "It learned what SFT learned and stayed at most half as far from the base. A smaller learning rate for SFT may come to the same at less cost: compare before believing.",
  "learned, not kept":
    "It learned, but kept hardly more than SFT. Gentler settings keep more: an anchor of a smaller total weight 1 − (1 − α)ᵀ, or a smaller learning rate.",
  "kept, not learned":
    "It kept what the base does and left out too much of the task. An anchor of a larger total weight 1 − (1 − α)ᵀ takes up more; what is rare in the base may need SFT with a smaller learning rate, or a replay of old data.",
  neither: "It did not learn enough of the task, nor was more kept than by SFT.",
  "nothing to save":
    "It learned, and so did SFT without forgetting: on data like these plain SFT is enough.",
  unknown: "",
};
