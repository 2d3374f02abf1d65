import { promptsNeeded } from "../../anchored/certificates/retention.ts";
import {
  type CheckpointDiagnosis,
  effectOf,
  kindShares,
  type TokenKind,
  type TokenSet,
  tokenKinds,
  type WeightEffect,
  weightCertified,
  weightWithin,
} from "../../finetune/diagnose.ts";
import type { Features } from "../../finetune/diagnosis/features.ts";
import { count, nats, percent } from "../../report/format.ts";
import {
  alphasText,
  line,
  share,
  thresholdsLine,
  triesLines,
  weightText,
  wrapped,
} from "./featuresText.ts";

const about: Readonly<Record<TokenKind, string>> = {
  known: "the base's likeliest token already",
  latent: "less likely, within reach of a small weight",
  rare: "below 1 %, and p_sft is sure of it: systematic",
  alien: "below 1 %, and p_sft is not sure either",
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

function effects(diagnosis: CheckpointDiagnosis, { weight }: Features): string[] {
  const own = weight === undefined ? [] : [{ effect: effectOf(diagnosis, weight), mark: " ◂" }];
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
  weight >= 1 ? "α = 1: SFT itself" : alphasText(weight, STEPS);

/** What is recommended by them. */
export interface Recommended {
  readonly features: Features;
  readonly why: readonly [string, string];
  /** A shell's. */
  readonly command: string;
}

/** A checkpoint's diagnosis for the terminal, in 80 columns. */
export function renderCheckpoint(
  diagnosis: CheckpointDiagnosis,
  { features, why, command }: Recommended,
): string {
  const { retained } = features;
  return [
    "What the answers' tokens are to the base",
    "",
    ...kinds(diagnosis),
    "",
    `SFT, and what it does to ${retained === "rows" ? "what is to be kept" : "texts that the base wrote, in place of what is to be kept"}`,
    "",
    ...triesLines(features),
    "",
    "What an anchor of total weight a_T of p_sft does, before any training: what p_sft has learnt that it adopts, where it strays from the base without being right, retained tokens and answers whose likeliest token changes, KL(base‖anchor) in nats a token",
    "",
    ...effects(diagnosis, features),
    ...(features.weight === undefined
      ? []
      : ["", `◂ ${thresholdsLine(features)} ${settings(features.weight)}.`]),
    "",
    "The largest weight within a KL budget",
    "",
    ...budgets(diagnosis),
    "",
    ...certified(diagnosis),
    "",
    "All this is of the anchor, at these texts; what a student does after training is to be measured.",
    "",
    "Recommended",
    "",
    ...command.split("\n"),
    "",
    ...why,
  ]
    .flatMap(wrapped)
    .join("\n");
}
