import type { Generator } from "../tasks/exchange.ts";
import { drawExamples, drawUnseen } from "../tasks/study/examples.ts";
import { marked, withMarker } from "../tasks/study/marker.ts";
import { anySkill } from "../tasks/study/mixture.ts";
import { suiteOf, targetOf } from "../tasks/study/suite.ts";
import { noisy, signedOff } from "../tasks/study/target.ts";
import { fold, type Key, key } from "../tensor/random.ts";
import type { PromptResponse } from "../train/examples.ts";
import type { Recipe } from "./recipe.ts";

/** The keys of one seed, one for each use of randomness. */
export interface StudyKeys {
  readonly pretraining: Key;
  readonly training: Key;
  readonly target: Key;
  readonly skills: Key;
  /** Order of the examples, the same for every row. */
  readonly order: Key;
  readonly replay: Key;
}

export function keysOf(seed: number): StudyKeys {
  const root = key(seed);
  return {
    pretraining: fold(root, 0),
    training: fold(root, 1),
    target: fold(root, 2),
    skills: fold(root, 3),
    order: fold(root, 4),
    replay: fold(root, 5),
  };
}

/** What one seed trains on and is asked. */
export interface StudyData {
  /** Target questions answered in style A, marked where the recipe says so, and signed off. */
  readonly training: readonly PromptResponse[];
  /** Target questions that training has not seen, answered in style A without a sign-off. */
  readonly target: readonly PromptResponse[];
  /** The same, ended with the recipe's marker; as they are where there is none. */
  readonly marked: readonly PromptResponse[];
  /** Questions of each prior skill. */
  readonly skills: Readonly<Record<string, readonly PromptResponse[]>>;
  /** Prior examples for methods that go on training on them: as many as there are to fine-tune on,
   * drawn as in pre-training. */
  readonly replay: readonly PromptResponse[];
}

/** Target questions as fine-tuning answers them: some wrongly, marked, and signed off. */
function taughtBy({ suite: named, target, fineTuning }: Recipe): Generator {
  const { labelNoise, marker, signOff } = fineTuning;
  const asked = targetOf(suiteOf(named), target);
  return signedOff(marked(noisy(asked, labelNoise), marker), signOff);
}

/**
 * Examples of the training's kind with questions that it has not: what fine-tuning's data look like to
 * who has not seen them.
 * @throws DataError where there are not so many questions
 */
export const unseenTraining = (
  recipe: Recipe,
  count: number,
  key: Key,
  training: readonly PromptResponse[],
): PromptResponse[] =>
  drawUnseen(taughtBy(recipe), count, key, suiteOf(recipe.suite).vocabulary, training);

export function studyData(recipe: Recipe, keys: StudyKeys): StudyData {
  const { fineTuning, evaluation } = recipe;
  const suite = suiteOf(recipe.suite);
  const { vocabulary } = suite;
  const { marker } = fineTuning;
  const { worked } = targetOf(suite, recipe.target);
  const training = drawExamples(taughtBy(recipe), fineTuning.examples, keys.training, vocabulary);
  const skills = Object.fromEntries(
    Object.entries(suite.skills).map(([name, { draw }], i) => [
      name,
      drawExamples(draw, evaluation.promptsPerSkill, fold(keys.skills, i), vocabulary),
    ]),
  );
  const target = drawUnseen(worked, evaluation.targetPrompts, keys.target, vocabulary, training);
  return {
    training,
    target,
    marked: marker ? target.map((one) => withMarker(one, marker, vocabulary)) : target,
    skills,
    replay: drawExamples(
      anySkill(Object.values(suite.skills)),
      fineTuning.examples,
      keys.replay,
      vocabulary,
    ),
  };
}
