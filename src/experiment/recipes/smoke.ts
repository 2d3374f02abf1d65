import type { PretrainedRecipe } from "../recipe.ts";
import { adamw, anchored, asft, base, merge, moving, sft } from "./rows.ts";

/**
 * The study of `npm start -- --smoke`: seconds. Chosen on seeds 100 to 119: with 500 steps of
 * pre-training some bases answer new target questions badly.
 */
export const smokeRecipe: PretrainedRecipe = {
  name: "smoke",
  suite: "smoke",
  model: { contextLength: 24, layers: 1, heads: 2, width: 32, hidden: 88 },
  pretraining: {
    ...adamw,
    steps: 1000,
    batchSize: 32,
    learningRate: 5e-3,
    weightDecay: 0.01,
    targetEvery: 5,
    latent: 0.25,
  },
  fineTuning: {
    ...adamw,
    examples: 128,
    signOff: 3,
    labelNoise: 0,
    batchSize: 16,
    epochs: 10,
    learningRate: 5e-3,
    weightDecay: 0,
  },
  evaluation: {
    targetPrompts: 100,
    promptsPerSkill: 100,
    divergenceTargetPrompts: 50,
    divergencePromptsPerSkill: 25,
    every: 10,
  },
  rows: [
    base,
    sft(5e-3),
    sft(5e-4),
    anchored(5, 2, 0.1),
    anchored(1, 10, 0.25),
    anchored(5, 5, 0.5, { label: "Paper's α=0.5 T=5 K=5" }),
    anchored(1, 10, 1, { label: "Self-distillation, α=1" }),
    moving(0.1),
    anchored(5, 2, 0.1, { interpolation: "probability", label: "Probability α=0.1 T=5" }),
    asft(0.1, 1e-3),
    merge(0.3),
    merge(0.5),
  ],
  reference: "sft-5e-3",
  headline: "anchored-0.1-T5-K2",
};
