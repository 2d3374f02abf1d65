import { responseReader } from "../../anchored/targets/responseRows.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { examiner } from "../../tasks/study/examine.ts";
import { exactMatch, prefixMatch, signOffRate } from "../../tasks/study/match.ts";
import type { Skill } from "../../tasks/study/skill.ts";
import { suiteOf, targetOf } from "../../tasks/study/suite.ts";
import { add, sqrt, square, sub, sum } from "../../tensor/ops.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { PromptResponse } from "../../train/batches.ts";
import type { StudyData } from "../data.ts";
import type { Scores } from "../measurements.ts";
import type { Recipe } from "../recipe.ts";
import {
  type Compared,
  closeness,
  type LogProbRows,
  likeliest,
  logProbRows,
  meanLoss,
  rowOf,
  tokensOf,
} from "./closeness.ts";

/** What a model says at the responses on which models are compared: the first of each kind. */
export interface Observation {
  readonly target: LogProbRows;
  /** One for each prior skill. */
  readonly skills: readonly LogProbRows[];
}

/** Evaluations whose programs are traced once for all rows and seeds. */
export interface Evaluator {
  /** What a model says at every response token of some examples. */
  read(params: Params, examples: readonly PromptResponse[]): Promise<LogProbRows>;
  /** Looks at a model's distributions. @param params on the host or resident, not consumed */
  observe(params: Params, data: StudyData): Promise<Observation>;
  /** Scores of a model on the prompts at which it was observed, of which only the drawn responses
   * count as right, even where a verifier judges the answers of `evaluate`. */
  probe(
    params: Params,
    observed: Observation,
    others: Compared<Observation>,
    about: About,
  ): Promise<Scores>;
  /** The same, but all prompts are asked, and judged as the suite says. */
  evaluate(params: Params, others: Compared<Observation>, about: About): Promise<Scores>;
}

/** What a model is asked, and the weights that it is far from or near to. */
export interface About {
  readonly data: StudyData;
  readonly base: Params;
}

export function evaluator(engine: Engine, model: Transformer, recipe: Recipe): Evaluator {
  const suite = suiteOf(recipe.suite);
  const goal = targetOf(suite, recipe.target);
  const ask = examiner({ engine, model, vocabulary: suite.vocabulary });
  const { divergenceTargetPrompts, divergencePromptsPerSkill } = recipe.evaluation;
  const forward = responseReader(
    engine,
    model,
    Math.max(divergenceTargetPrompts, divergencePromptsPerSkill),
  );
  const distanceBetween = engine.compile((params: Params, base: Params): Tensor => {
    const squares = Object.entries(params).map(([name, x]) =>
      sum(square(sub(x, base[name] as Tensor))),
    );
    return sqrt(squares.reduce((a, b) => add(a, b)));
  });
  const observedTarget = ({ target }: StudyData) => target.slice(0, divergenceTargetPrompts);
  const observedSkills = ({ skills }: StudyData) =>
    Object.entries(skills).map(
      ([name, examples]) => [name, examples.slice(0, divergencePromptsPerSkill)] as const,
    );

  async function distanceOf(params: Params, base: Params): Promise<number> {
    const distance = await distanceBetween(params, base);
    const [value] = await engine.read(distance);
    engine.release(distance);
    return value as number;
  }

  const read = async (params: Params, examples: readonly PromptResponse[]): Promise<LogProbRows> =>
    logProbRows(await forward(params, examples));

  async function observe(params: Params, data: StudyData): Promise<Observation> {
    const target = await read(params, observedTarget(data));
    const skills: LogProbRows[] = [];
    for (const [, examples] of observedSkills(data)) skills.push(await read(params, examples));
    return { target, skills };
  }

  async function probe(
    params: Params,
    observed: Observation,
    others: Compared<Observation>,
    { data, base }: About,
  ): Promise<Scores> {
    const asked = observedTarget(data);
    const said = saidIn(observed.target);
    const prior = observedSkills(data).map(
      ([name, examples], i) =>
        [name, exactMatch(examples, saidIn(at(observed.skills, i)))] as const,
    );
    const ends = new Set(observed.target.starts.slice(1).map((end) => end - 1));
    return {
      target: prefixMatch(asked, said),
      targetLoss: meanLoss(
        observed.target,
        asked.flatMap(({ response }) => response),
        (token) => !ends.has(token),
      ),
      prior: Object.fromEntries(prior),
      signOff: signOffRate(said),
      ...closeness(
        observed.skills,
        each(others, ({ skills }) => skills),
      ),
      onTarget: closeness(
        [observed.target],
        each(others, ({ target }) => [target]),
      ),
      distance: await distanceOf(params, base),
    };
  }

  return {
    read,
    observe,
    probe,
    async evaluate(params, others, about) {
      const { data } = about;
      const some = await probe(params, await observe(params, data), others, about);
      const { right, signedOff } = await ask.target(params, goal, data.target);
      const prior: Record<string, number> = {};
      for (const [skill, examples] of Object.entries(data.skills))
        prior[skill] = await ask.skill(params, suite.skills[skill] as Skill, examples);
      return { ...some, target: right, prior, signOff: signedOff };
    },
  };
}

/** The likeliest token at each position of each response. */
function saidIn(rows: LogProbRows): number[][] {
  const { starts } = rows;
  const all = Array.from({ length: tokensOf(rows) }, (_, i) => likeliest(rowOf(rows, i), 1)).flat();
  return starts.slice(1).map((end, i) => all.slice(starts[i], end));
}

/** The same part of everything that is compared with. */
function each<From, To>(
  { base, reference, anchor }: Compared<From>,
  part: (observed: From) => To,
): Compared<To> {
  return {
    base: part(base),
    reference: reference && part(reference),
    anchor: anchor && part(anchor),
  };
}
