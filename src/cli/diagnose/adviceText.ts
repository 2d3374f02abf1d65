import type { SeedAdvice } from "../../experiment/look/advice.ts";
import { tokenKinds } from "../../finetune/diagnose.ts";
import { share, thresholdsLine, triesLines, wrapped } from "./featuresText.ts";
import { whyOf } from "./why.ts";

/** What would be recommended for a study's seed, for the terminal, in 80 columns. */
export function renderAdvice({ features, advice }: SeedAdvice): string {
  const { settings, rate, cost } = advice;
  const set = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return [
    "What base and p_sft recommend, at questions that training has not seen and before any other row is tried",
    "",
    `tokens: ${tokenKinds.map((kind) => `${share(features.shares[kind])} ${kind}`).join(", ")}`,
    "",
    ...triesLines(features),
    "",
    thresholdsLine(features),
    "",
    `Recommended: ${set.join(", ")}, at ${Number(rate.toPrecision(2))} of p_sft's learning rate; ${cost.toFixed(1)} trainings of SFT`,
    ...whyOf(features, advice),
  ]
    .flatMap(wrapped)
    .join("\n");
}
