import { promptsNeeded, type Risk } from "../../anchored/certificates/retention.ts";

/** How sure the page can be asked to be that known answers stay, by what links call it. */
export type Surety = "none" | "tenth" | "twentieth" | "fiftieth";

/** What each one asks for, with the usual confidence; undefined where α stays as it is set. */
export const sureties: {
  readonly [S in Surety]: { readonly words: string; readonly risk?: Risk };
} = {
  none: { words: "No promise: α stays as it is set" },
  tenth: { words: "At most 1 in 10 lost, 95 % sure", risk: { risk: 0.1 } },
  twentieth: { words: "At most 1 in 20 lost, 95 % sure", risk: { risk: 0.05 } },
  fiftieth: { words: "At most 1 in 50 lost, 95 % sure", risk: { risk: 0.02 } },
};

export const suretyNames: readonly Surety[] = Object.keys(sureties) as Surety[];

/** What a choice of them says. */
export const SURETY_LABEL = "How sure must it be that known answers stay?";
export const suretyChoices: Readonly<Record<string, string>> = Object.fromEntries(
  suretyNames.map((name) => [name, sureties[name].words]),
);

/** Different prompts that it takes: as many to find α by as to check the student on. */
export const promptsFor = (risk: Risk): number => 2 * promptsNeeded(risk);

/** What is going to happen, before it is known what comes of it. */
export const SURETY_ABOUT =
  "α is found, not set: before the training, the largest one whose exact anchor keeps that many of the base's own answers to prior questions, by a bound that holds for questions like them. If even a little loses too many, none is certified: the promise is then kept by learning nothing. What was found, and how many answers the student itself lost, is said beside its steps.";
