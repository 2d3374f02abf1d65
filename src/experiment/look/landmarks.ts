import type { Params } from "../../nn/config.ts";
import type { StudyData } from "../data.ts";
import type { Recipe } from "../recipe.ts";
import type { LogProbRows } from "./closeness.ts";
import type { Evaluator, Observation } from "./evaluate.ts";
import { farthestToken, type Watched, watchedTokens } from "./tokenViews.ts";

/** A model that was looked at: the base, p_sft, a snapshot, an anchor. */
export interface Known {
  readonly observed: Observation;
  /** All response tokens of the watched examples. */
  readonly watched: LogProbRows;
}

/** What all rows of a seed are compared with. */
export interface Landmarks {
  readonly base: Known;
  /** p_sft, once there is one. */
  readonly reference: Known | undefined;
  readonly watched: readonly Watched[];
}

/** Looks at a model wherever models are compared. */
export async function know(
  evaluator: Evaluator,
  params: Params,
  data: StudyData,
  watched: readonly Watched[],
): Promise<Known> {
  const examples = watched.map(({ example }) => example);
  return {
    observed: await evaluator.observe(params, data),
    watched: await evaluator.read(params, examples),
  };
}

/** Looks at the models that a seed's rows are compared with. */
export async function landmarksOf(
  evaluator: Evaluator,
  { fineTuning, evaluation }: Recipe,
  data: StudyData,
  base: Params,
  reference: Params | undefined,
): Promise<Landmarks> {
  const asked = Object.values(data.skills)[0]?.slice(0, evaluation.divergencePromptsPerSkill) ?? [];
  const [here, there] = [base, reference].map(
    (params) => params && evaluator.read(params, asked),
  ) as [Promise<LogProbRows>, Promise<LogProbRows> | undefined];
  const farthest = there && farthestToken(asked, await here, await there);
  const watched = watchedTokens(data, fineTuning.signOff, farthest);
  return {
    base: await know(evaluator, base, data, watched),
    reference: reference && (await know(evaluator, reference, data, watched)),
    watched,
  };
}
