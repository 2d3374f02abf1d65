/** Rows of a study's table, named after what they set. */

import type { FineTuningRecipe, OptimizerRecipe, RowRecipe } from "../recipe.ts";
import { treatmentNames } from "../treatments.ts";

/** What all optimizers of the studies share. */
export const adamw: Pick<OptimizerRecipe, "warmup" | "b1" | "b2" | "clip"> = {
  warmup: 0.05,
  b1: 0.9,
  b2: 0.98,
  clip: 1,
};

/** Of bases whose answers are longer than the study's: as many steps as its own, of half its batches. */
export const halfBatches: FineTuningRecipe = {
  ...adamw,
  examples: 256,
  signOff: 6,
  labelNoise: 0,
  batchSize: 16,
  epochs: 10,
  learningRate: 3e-3,
  weightDecay: 0,
};

/** A rate as in `3e-3`, without the plus of `1e+0`, which no name may have. */
export const rateText = (learningRate: number): string =>
  learningRate.toExponential().replace("+", "");

export const base: RowRecipe = {
  id: "base",
  label: treatmentNames.base.short,
  family: "base",
  method: "base",
};

export const sft = (learningRate: number): RowRecipe => ({
  id: `sft-${rateText(learningRate)}`,
  label: `${treatmentNames.sft.short} ${rateText(learningRate)}`,
  family: "sft",
  method: "sft",
  learningRate,
});

/** WiSE-FT. */
export const merge = (weight: number): RowRecipe => ({
  id: `merge-${weight}`,
  label: `${treatmentNames.merge.short} ${weight}`,
  family: "merge",
  method: "merge",
  weight,
});

/** Anchored Learning; `label` when it is known by another name. */
export function anchored(
  outer: number,
  inner: number,
  alpha: number,
  {
    interpolation = "logit",
    label,
  }: { interpolation?: "logit" | "probability"; label?: string } = {},
): RowRecipe {
  const space = interpolation === "logit" ? "" : "probability-";
  const setting = `α=${alpha} T=${outer} K=${inner}`;
  return {
    id: `anchored-${space}${alpha}-T${outer}-K${inner}`,
    label: label ?? `${treatmentNames.anchored.short} ${setting}`,
    family: interpolation === "logit" ? "anchored" : "probability",
    method: "anchored",
    outer,
    inner,
    alpha,
    interpolation,
  };
}

/** The anchor rebuilt at every step. */
export const moving = (alpha: number): RowRecipe => ({
  id: `moving-${alpha}`,
  label: `${treatmentNames.moving.short} α=${alpha}`,
  family: "moving",
  method: "moving",
  alpha,
});

export const asft = (beta: number, learningRate: number): RowRecipe => ({
  id: `asft-${beta}`,
  label: `${treatmentNames.asft.short} β=${beta} ${rateText(learningRate)}`,
  family: "asft",
  method: "asft",
  beta,
  learningRate,
});
