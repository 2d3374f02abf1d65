import type { Method } from "../../anchored/objectives/methods.ts";
import { treatmentNames } from "../../experiment/treatments.ts";

/** What stands beside ordinary fine-tuning: all methods but that itself, and JSD, which has no slider. */
export type Challenger = Exclude<Method | "merge", "sft" | "jsd">;

const isChallenger = (name: string): name is Challenger =>
  name !== "base" && name !== "sft" && name !== "jsd";

/** In the order in which they are offered. */
export const challengers: readonly Challenger[] = Object.keys(treatmentNames).filter(isChallenger);

/** What the page calls them. */
export const challengerNames: Readonly<Record<string, string>> = Object.fromEntries(
  challengers.map((name) => [name, treatmentNames[name].label]),
);
