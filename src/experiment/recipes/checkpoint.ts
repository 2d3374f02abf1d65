import type { StudyBase } from "../checkpoint/studyBase.ts";
import { checkRecipe } from "../checkRecipe.ts";
import type { CheckpointRecipe } from "../recipe.ts";
import { type Condition, conditions } from "./conditions.ts";
import { nineRows, plainRows, type Rates } from "./families.ts";
import { expandGrid, type Json } from "./grid.ts";
import { gridsNamed } from "./namedFamilies.ts";
import { base, halfBatches, rateText, sft } from "./rows.ts";

/** Those of the study with 113 thousand parameters. */
const rates: Rates = [3e-3, 1e-3, 3e-4];

/**
 * The rows that the study with 113 thousand parameters chose (docs/fair.md), of plain fine-tuning,
 * Anchored Learning and whoever came before, beside or behind it. Nothing is chosen anew here: there
 * are no seeds to tune on.
 */
const chosen: Readonly<Record<"latent" | "rare", readonly Json[]>> = {
  // Under C1: a style that the base knows.
  latent: [
    { method: "anchored", alpha: 0.15, outer: 2, inner: 5, learningRate: 3e-4 },
    { method: "asft", beta: 0.3, learningRate: 3e-4 },
    { method: "stm", threshold: 0.1, learningRate: 3e-4 },
    { method: "merge", weight: 0.5, reference: sft(3e-4).id },
    { method: "replay", replayShare: 0.5, learningRate: 3e-4 },
    { method: "l2sp", beta: 0.3, learningRate: 3e-4 },
    paper(3e-4),
  ],
  // Under C2a: an ending that it has never seen.
  rare: [
    { method: "anchored", alpha: 0.15, outer: 2, inner: 5, learningRate: 3e-4 },
    { method: "replay", replayShare: 0.5, learningRate: 1e-3 },
    { method: "l2sp", beta: 0.3, learningRate: 3e-3 },
    {
      ...{ method: "klRegularized", family: "klForward", label: "SFT + forward KL(base‖θ)" },
      ...{ direction: "forward", beta: 0.3, learningRate: 1e-3 },
    },
    { method: "ewc", beta: 0.3, learningRate: 1e-3 },
    { method: "merge", weight: 0.7, reference: sft(3e-3).id },
    paper(1e-3),
  ],
};

function paper(rate: number): Json {
  return {
    ...{ method: "anchored", family: "paper", label: "Paper’s weight" },
    ...{ alpha: 0.5, outer: 5, inner: 2, reference: sft(rate).id, learningRate: rate },
  };
}

/** And plain fine-tuning's: five epochs, at a third of the reference's rate or a tenth. */
const plain = { latent: early(3e-4), rare: early(1e-3) } as const;

function early(rate: number): string {
  return `sft-${rateText(rate)}-5-epochs`;
}

/** Conditions that ask nothing of pre-training: a checkpoint is as it is. */
export const checkpointConditions: readonly string[] = Object.entries(conditions).flatMap(
  ([name, { pretraining, mini }]) =>
    pretraining === undefined && (mini === undefined || mini === "mini-igsm") ? [name] : [],
);

/**
 * The study's question of a checkpoint: what rows keep of its twelve skills that learn one of two targets.
 * All seeds share the base; data and their order are others.
 * @param families names, whose nine settings are run as in the study; by default the rows that the
 *   study with 113 thousand parameters chose
 * @throws RangeError for another condition, or a family that there is not
 */
export function checkpointStudy(
  { checkpoint, suite }: Pick<StudyBase, "checkpoint" | "suite">,
  name: string,
  families?: readonly string[],
): CheckpointRecipe {
  if (!checkpointConditions.includes(name))
    throw new RangeError(
      `checkpointStudy: expected a condition that leaves the base as it is, one of ${checkpointConditions.join(", ")}, got ${name}`,
    );
  const condition = conditions[name] as Condition;
  const [reference] = rates;
  return checkRecipe({
    name: `study-${checkpoint.name}-${name}`,
    ...{ checkpoint, suite, target: condition.mini ?? "chain" },
    fineTuning: { ...halfBatches, ...condition.fineTuning },
    evaluation: {
      ...{ targetPrompts: 200, promptsPerSkill: 64, every: 0 },
      ...{ divergenceTargetPrompts: 32, divergencePromptsPerSkill: 16 },
    },
    rows: [{ ...base }, ...(families ? allOf(families) : chosenFor(condition))],
    reference: sft(reference).id,
    ...(families && { fair: true }),
  }) as CheckpointRecipe;
}

/** Sets of families leave those out that train on the base's own texts, which have no end there. */
function allOf(families: readonly string[]): Json[] {
  const grids = gridsNamed(families, rates).filter(
    ({ shared, family = "" }) => shared?.["replayFrom"] !== "base" || families.includes(family),
  );
  return [...plainRows(rates), ...grids.flatMap(nineRows)];
}

/** The chosen rows, and of plain fine-tuning's those besides that they look at, the reference first. */
function chosenFor({ fineTuning }: Condition): Json[] {
  const kind = fineTuning?.marker === undefined ? "latent" : "rare";
  const rows = chosen[kind].flatMap((row) => expandGrid(row, `${row["family"] ?? row["method"]}`));
  const [hot] = rates;
  const teachers = [sft(hot).id, plain[kind], ...rows.map((row) => row["reference"])];
  return [...plainRows(rates).filter(({ id }) => teachers.includes(id)), ...rows];
}
