import { objectives } from "../../anchored/objectives/methods.ts";
import { isAnchored } from "../../anchored/objectives/objective.ts";
import { EMBEDDING, HEAD } from "../../nn/config.ts";
import { sizeOf } from "../../tensor/shapes.ts";
import { type Example, lengthOf } from "../../train/batches.ts";
import type { LookSet } from "../check.ts";
import type { FinetuneRecipe } from "../recipe.ts";
import type { Work } from "../speed.ts";
import type { Prepared } from "./prepared.ts";
import { LOOKS } from "./stages.ts";
import { needsSft, shareOf } from "./training.ts";

const positionsOf = (examples: readonly Example[]): number =>
  examples.reduce((sum, example) => sum + lengthOf(example), 0);

/** Epochs of a method behind SFT, and passes over the data that its anchors and certificates take. */
function passesOf({ method, outer, inner, epochs }: FinetuneRecipe, certified: number) {
  if (method === "sft" || method === "merge") return { trained: 0, seen: 0 };
  const { target } = objectives[method];
  // Start, snapshot, reference and the student; the anchor is made of two of them.
  if (isAnchored(target)) return { trained: outer * inner, seen: outer * (2 + 4 * certified) };
  return { trained: epochs, seen: target === "none" ? 0 : target === "snapshot" ? epochs : 1 };
}

/** What a run computes, stages and looks together. */
export function workOf(prepared: Prepared): Work {
  const { recipe, data, loaded, trainable } = prepared;
  const { examples } = data.train;
  const positions = positionsOf(examples);
  const sft = needsSft(recipe.method);
  const method = passesOf(recipe, Math.min(1, recipe.certified / examples.length));
  const replayed = 1 / (1 - shareOf(recipe));
  // Sharpness-aware steps take two gradients.
  const gradients = recipe.sam > 0 ? 2 : 1;
  const trained = gradients * positions * ((sft ? recipe.epochs : 0) + replayed * method.trained);
  const recomputed = recipe.targets === "recompute" ? 2 * positions * method.trained : 0;
  // A forward pass more for each gradient.
  const again = prepared.memory.isRecomputed ? trained : 0;
  const stages = (sft ? 1 : 0) + (method.trained > 0 || recipe.method === "merge" ? 1 : 0);
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
  const passes =
    1 + (2 * plan.length * (1 + recipe.outer) + audit.length * recipe.outer) / (asked || 1);
  const kept = asked * recipe.newTokens * passes;
  return {
    ...{ parameters: prepared.parameters - looksUp, trainable, config, trained },
    length: positions / examples.length,
    seen: positions * method.seen + recomputed + again + looked + kept,
  };
}
