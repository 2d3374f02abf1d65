import { promptsNeeded } from "../../anchored/certificates/retention.ts";
import { alphaFor } from "../../experiment/look/diagnosis.ts";
import {
  type CheckpointDiagnosis,
  effectOf,
  kindShares,
  type Suggestion,
  suggestWeight,
  type TokenKind,
  type TokenSet,
  tokenKinds,
  type WeightEffect,
  wantedOf,
  weightCertified,
  weightWithin,
} from "../../finetune/diagnose.ts";
import { count, nats, percent } from "../../report/format.ts";
import { at } from "../../tensor/shapes.ts";

const share = (x: number | undefined): string => (x === undefined ? "–" : `${percent(x, 1)} %`);
const weightText = (weight: number): string => weight.toFixed(weight < 0.995 ? 2 : 0);

const line = (cells: readonly string[], widths: readonly number[]): string =>
  cells
    .map((cell, i) => (i === 0 ? cell.padEnd(at(widths, i)) : cell.padStart(at(widths, i))))
    .join("")
    .trimEnd();

const about: Readonly<Record<TokenKind, string>> = {
  known: "the base's likeliest token already",
  latent: "less likely, within reach of a small weight",
  rare: "below 1 %, and learnt: wants a large weight",
  alien: "below 1 %, and not what p_sft says either",
};

/** What the tokens of both files are to the base. */
function kinds({ data, retain }: CheckpointDiagnosis): string[] {
  const [mine, prior] = [kindShares(data), kindShares(retain)];
  const widths = [9, 10, 10];
  return [
    line(["", "data", "retain"], widths),
    ...tokenKinds.map(
      (kind) => `${line([kind, share(mine[kind]), share(prior[kind])], widths)}  ${about[kind]}`,
    ),
    line(["tokens", count(data.tokens), count(retain.tokens)], widths),
    line(["loss", nats(data.baseLoss), nats(retain.baseLoss)], widths) +
      "  of the base, nats a token",
    `${line(["", nats(data.sftLoss), nats(retain.sftLoss)], widths)}  of p_sft`,
  ];
}

/** Weights that are looked at beside the suggested one; 0.97 is the paper's T = 5, α = 0.5. */
const WEIGHTS: readonly number[] = [0.1, 0.25, 0.44, 0.6, 0.75, 0.97, 1];

const WIDTHS = [8, 10, 10, 10, 10, 10, 10, 9];

const effectLine = (effect: WeightEffect, mark = ""): string =>
  line(
    [
      `${weightText(effect.weight)}${mark}`,
      ...[effect.latent, effect.rare, effect.strayed, effect.flipped, effect.answersFlipped].map(
        share,
      ),
      ...[nats(effect.retainKl), nats(effect.dataKl)],
    ],
    WIDTHS,
  );

function effects(diagnosis: CheckpointDiagnosis, { effect }: Suggestion): string[] {
  const own = effect ? [{ effect, mark: " ◂" }] : [];
  const rows = [
    ...WEIGHTS.map((weight) => ({ effect: effectOf(diagnosis, weight), mark: "" })),
    ...own,
  ];
  return [
    line(["", "adopted", "adopted", "strayed", "retained", "retained", "KL,", "KL,"], WIDTHS),
    line(["a_T", "latent", "rare", "on data", "tokens", "answers", "retain", "data"], WIDTHS),
    ...rows
      .toSorted((a, b) => a.effect.weight - b.effect.weight)
      .map(({ effect, mark }) => effectLine(effect, mark)),
  ];
}

/** Nats a token. */
const BUDGETS: readonly number[] = [0.01, 0.03, 0.1, 0.3];

function budgets({ data, retain }: CheckpointDiagnosis): string[] {
  const of = (set: TokenSet): string[] =>
    BUDGETS.map((budget) => weightText(weightWithin(set, budget)));
  const widths = [14, 8, 8, 8, 8];
  return [
    line(["nats a token", ...BUDGETS.map(String)], widths),
    line(["on retain", ...of(retain)], widths),
    line(["on data", ...of(data)], widths),
  ];
}

/** Shares of retained answers that may be lost. */
const RISKS: readonly number[] = [0.01, 0.05, 0.2];

/** Which weights are certified to keep the base's choices along retained answers. */
function certified(diagnosis: CheckpointDiagnosis): string[] {
  const of = (risk: number): string => {
    const weight = weightCertified(diagnosis, { risk });
    if (weight === undefined) return `needs ${promptsNeeded({ risk })}`;
    return weightText(Math.floor(100 * weight) / 100); // never above what is certified
  };
  const widths = [14, 12, 12, 12];
  return [
    `The largest weight that ${count(diagnosis.retain.examples)} retained answers certify with 95 % confidence: of answers drawn like them no more than such a share has a token at which the anchor's choice is not the base's`,
    "",
    line(["share", ...RISKS.map((risk) => `${percent(risk, 0)} %`)], widths),
    line(["weight", ...RISKS.map(of)], widths),
  ];
}

/** Numbers of outer steps for which the suggestion is said. */
const STEPS: readonly number[] = [1, 2, 5];

const settings = (weight: number): string =>
  weight >= 1
    ? "α = 1: SFT itself"
    : STEPS.map((T) => `T = ${T}: α = ${Number(alphaFor(weight, T).toPrecision(2))}`).join(", ");

/** What the numbers say, for whoever has to choose. */
function advice(diagnosis: CheckpointDiagnosis, suggestion: Suggestion): string[] {
  const { situation, effect, whole } = suggestion;
  if (!effect || situation === "nothing learnt")
    return [
      "p_sft prefers no token of the data that the base does not: it has learnt nothing yet that an anchor could take over. Train SFT longer, or at a higher rate.",
    ];
  const found = `a_T = ${weightText(effect.weight)} takes over ${share(effect.adopted)} of what p_sft has learnt; ${share(effect.flipped)} of the retained tokens change (p_sft: ${share(whole.flipped)}), at ${nats(effect.retainKl)} nats a token of KL (p_sft: ${nats(whole.retainKl)}). ${settings(effect.weight)}.`;
  if (situation === "nothing to save")
    return [found, "But p_sft itself hardly changes what is to be kept: plain SFT is enough here."];
  if (situation === "gap")
    return [found, "At that weight most of what is to be kept stays: anchoring fits these data."];
  const { adopted } = diagnosis.data;
  const rare = adopted.rare.length / wantedOf(diagnosis.data).length;
  return [
    found,
    `That is much of what p_sft does to them: ${percent(rare, 0)} % of what is wanted is rare in the base, and comes at weights that bring the rest along. An anchor saves little here; try SFT at a smaller rate, a divergence from the base, or a replay of old data.`,
  ];
}

/** A checkpoint's diagnosis for the terminal, in 80 columns. @param adopt share of what is wanted */
export function renderCheckpoint(diagnosis: CheckpointDiagnosis, adopt?: number): string {
  const suggestion = suggestWeight(diagnosis, adopt);
  return [
    "What the answers' tokens are to the base",
    "",
    ...kinds(diagnosis),
    "",
    "What an anchor of total weight a_T of p_sft does, before any training: what p_sft has learnt that it adopts, where it strays from the base without being right, retained tokens and answers whose likeliest token changes, KL(base‖anchor) in nats a token",
    "",
    ...effects(diagnosis, suggestion),
    "",
    "The largest weight within a KL budget",
    "",
    ...budgets(diagnosis),
    "",
    ...certified(diagnosis),
    "",
    ...advice(diagnosis, suggestion),
    "",
    "This is of the anchor, at these texts; what a student does after training is to be measured.",
  ]
    .flatMap(wrapped)
    .join("\n");
}

const WIDTH = 80;

/** Sentences that numbers have made too long, on several lines. */
function wrapped(text: string): string[] {
  if (text.length <= WIDTH) return [text];
  const end = text.lastIndexOf(" ", WIDTH);
  return end <= 0 ? [text] : [text.slice(0, end), ...wrapped(text.slice(end + 1))];
}
