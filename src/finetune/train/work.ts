import { hasOwnGradient } from "../../anchored/objectives/kinds.ts";
import { objectives } from "../../anchored/objectives/methods.ts";
import { isAnchored } from "../../anchored/objectives/objective.ts";
import { EMBEDDING, HEAD } from "../../nn/config.ts";
import { sizeOf } from "../../tensor/shapes.ts";
import { type Example, lengthOf } from "../../train/examples.ts";
import type { LookSet } from "../check.ts";
import type { FinetuneRecipe } from "../recipe.ts";
import type { Work } from "../speed.ts";
import type { Prepared } from "./prepared.ts";
import { LOOKS } from "./stages.ts";
import { needsSft, shareOf } from "./training.ts";

const positionsOf = (examples: readonly Example[]): number =>
  examples.reduce((sum, example) => sum + lengthOf(example), 0);

/**
 * Passes over the data: of SFT, of the method behind it, and those that its anchors and
 * certificates take.
 */
function passesOf(recipe: FinetuneRecipe, examples: number) {
  const { method, outer, inner, epochs, maxSteps } = recipe;
  const counted = maxSteps && maxSteps / Math.ceil(examples / recipe.batch);
  const sft = needsSft(method) ? (counted ?? epochs) : 0;
  if (method === "sft" || method === "merge") return { sft, trained: 0, seen: 0 };
  const { target } = objectives[method];
  // Start, snapshot, reference and the student; the anchor is made of two of them.
  if (isAnchored(target)) {
    const certified = Math.min(1, recipe.certified / examples);
    return { sft, trained: outer * (counted ?? inner), seen: outer * (2 + 4 * certified) };
  }
  const trained = counted ?? epochs;
  return { sft, trained, seen: target === "none" ? 0 : target === "snapshot" ? trained : 1 };
}

/** What a run computes, stages and looks together. */
export function workOf(prepared: Prepared): Work {
  const { recipe, data, loaded, trainable } = prepared;
  const { examples } = data.train;
  const positions = positionsOf(examples);
  const passes = passesOf(recipe, examples.length);
  const replayed = 1 / (1 - shareOf(recipe));
  // Sharpness-aware steps take two gradients, projected ones too.
  const gradients = recipe.sam > 0 ? 2 : 1;
  const ofMethod = hasOwnGradient(recipe.method) ? 2 : gradients;
  const trained = positions * (gradients * passes.sft + ofMethod * replayed * passes.trained);
  const recomputed = recipe.targets === "recompute" ? 2 * positions * passes.trained : 0;
  // A forward pass more for each gradient.
  const again = prepared.memory.isRecomputed ? trained : 0;
  const stages =
    (passes.sft > 0 ? 1 : 0) + (passes.trained > 0 || recipe.method === "merge" ? 1 : 0);
  const looks = 1 + stages * (recipe.lookEvery === 0 ? 1 : LOOKS);
  const answered = (set: LookSet): number => (1 + stages) * set.prompts.length * recipe.newTokens;
  const looked = data.sets.reduce(
    (sum, set) => sum + 2 * looks * positionsOf(set.examples) + answered(set),
    0,
  );
  const { shapes, config } = loaded.base;
  const looksUp = HEAD in shapes ? sizeOf(shapes[EMBEDDING] ?? []) : 0;
  const { plan = [], audit = [] } = data.retained ?? {};
  const asked = plan.length + audit.length;
  // Answers; thresholds and slack of both models; audits.
  const ofKept =
    1 + (2 * plan.length * (1 + recipe.outer) + audit.length * recipe.outer) / (asked || 1);
  const kept = asked * recipe.newTokens * ofKept;
  return {
    ...{ parameters: prepared.parameters - looksUp, trainable, config, trained },
    length: positions / examples.length,
    seen: positions * passes.seen + recomputed + again + looked + kept,
  };
}
