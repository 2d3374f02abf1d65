import type { Engine } from "../../engines/engine.ts";
import { keysOf, type StudyData, studyData } from "../../experiment/data.ts";
import { modelOf } from "../../experiment/model.ts";
import type { Recipe } from "../../experiment/recipe.ts";
import type { Params } from "../../nn/config.ts";
import { generate } from "../../nn/generate/generate.ts";
import { suiteOf } from "../../tasks/study/suite.ts";
import { at } from "../../tensor/shapes.ts";
import type { PromptResponse } from "../../train/examples.ts";
import type { Sample } from "./protocol.ts";

/** Questions that every row is asked aloud: two of the target and one of each skill. */
export function sampleQuestions(
  recipe: Recipe,
  seed: number,
): readonly { readonly skill: string; readonly example: PromptResponse }[] {
  const { target, skills }: StudyData = studyData(recipe, keysOf(seed));
  return [
    ...target.slice(0, 2).map((example) => ({ skill: "target", example })),
    ...Object.entries(skills).flatMap(([skill, examples]) =>
      examples.slice(0, 1).map((example) => ({ skill, example })),
    ),
  ];
}

/** What a model says to each question, token after token, the likeliest each time. */
export async function answer(
  engine: Engine,
  recipe: Recipe,
  params: Params,
  questions: ReturnType<typeof sampleQuestions>,
): Promise<Sample[]> {
  const model = modelOf(recipe);
  const { asked, decode, eos } = suiteOf(recipe.suite).vocabulary;
  const prompts = questions.map(({ example }) => example.prompt);
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const answers = await generate(engine, {
    ...{ model, params, prompts, stopToken: eos },
    maxNewTokens: model.config.contextLength - longest,
  });
  return questions.map(({ skill, example }, i) => ({
    skill,
    prompt: asked(example.prompt),
    expected: decode(example.response.slice(0, -1)),
    said: decode(at(answers, i)),
  }));
}
