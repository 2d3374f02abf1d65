import type { MiniName } from "../../tasks/study/minis.ts";
import type { FineTuningRecipe, PretrainingRecipe } from "../recipe.ts";
import { miniTargets } from "./minis.ts";

/** What a study is run under: what differs from the study's own pre-training and fine-tuning. */
export interface Condition {
  /** What is taught, in a line. */
  readonly about: string;
  readonly pretraining?: Partial<PretrainingRecipe>;
  readonly fineTuning?: Partial<FineTuningRecipe>;
  /** A mini of the paper's benchmarks as the target, on its own base. */
  readonly mini?: MiniName;
  /** Which families are run where nobody names others. */
  readonly families: "all" | "short";
}

/** Families of the conditions that are about one question: the main rows, and those they meet. */
export const shortList: readonly string[] = [
  ...["sft", "replay", "dft", "asft", "stm", "merge", "anchored", "anchoredGentle"],
  ...["probability", "rehearsal", "anchoredRehearsal"],
];

/** Symbols of no skill. */
const constant: readonly string[] = ["^", "."];

const latentShares: readonly number[] = [0, 0.02, 0.05, 0.1, 0.25];
const seenShares: readonly number[] = [0.01, 0.05];

/** By name, in the order in which they are worth their hours. */
export const conditions: Readonly<Record<string, Condition>> = {
  C1: {
    about: "a latent style is wanted; six random letters after it are not",
    families: "all",
  },
  C2a: {
    about: "wanted and rare: the answer is to end with two symbols that the base never uses",
    ...{ fineTuning: { signOff: 0, marker: constant }, families: "all" },
  },
  C2b: {
    about: "wanted and rare: the answer is to end with a letter that codes its result",
    ...{ fineTuning: { signOff: 0, marker: "result" }, families: "all" },
  },
  C3: {
    about: "30 % of the answers are wrong",
    ...{ fineTuning: { signOff: 0, labelNoise: 0.3 }, families: "short" },
  },
  ...Object.fromEntries(
    latentShares.map((latent) => [
      `C4-${latent}`,
      {
        about: `as C1, but the base answers ${100 * latent} % of the target's questions in the style`,
        ...{ pretraining: { latent }, families: "short" as const },
      },
    ]),
  ),
  ...Object.fromEntries(
    miniTargets.map((mini) => [
      `C5-${mini}`,
      { about: `the target is ${mini}, on its own base`, mini, families: "short" as const },
    ]),
  ),
  ...Object.fromEntries(
    seenShares.map((markerSeen) => [
      `C2a-${markerSeen}`,
      {
        about: `as C2a, but ${100 * markerSeen} % of the base's answers in the style end so`,
        pretraining: { markerSeen },
        fineTuning: { signOff: 0, marker: constant },
        families: "short" as const,
      },
    ]),
  ),
  C0: {
    about: "a latent style is wanted, and nothing alien comes with it",
    ...{ fineTuning: { signOff: 0 }, families: "short" },
  },
};
