import { responseReader } from "../../anchored/targets/responseRows.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { examiner, type SkillVerdict } from "../../tasks/study/examine.ts";
import { markerLength } from "../../tasks/study/marker.ts";
import { exactMatch, prefixMatch, signOffRate } from "../../tasks/study/match.ts";
import type { Skill } from "../../tasks/study/skill.ts";
import { suiteOf, targetOf } from "../../tasks/study/suite.ts";
import { add, sqrt, square, sub, sum } from "../../tensor/ops.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { PromptResponse } from "../../train/examples.ts";
import type { StudyData } from "../data.ts";
import type { FinalScores, Judgement, Scores } from "../measurements.ts";
import type { Recipe, RowRecipe } from "../recipe.ts";
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
import {
  anchorKept,
  calibrationError,
  divergenceByClass,
  keptOver,
  lossOver,
  rarestOver,
} from "./judge.ts";

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
  /**
   * The same, but all prompts are asked, and judged as the suite says; and more besides.
   * @param toward the row's anchor at the end, where it has one
   */
  evaluate(
    params: Params,
    others: Compared<Observation>,
    about: About,
    toward?: Toward,
  ): Promise<FinalScores>;
}

/** The anchor that the outer steps of a row end with, were they exact. */
export interface Toward {
  readonly row: RowRecipe;
  readonly weight: number;
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
  const ending = markerLength(recipe.fineTuning.marker, suite.vocabulary);
  const observedTarget = ({ marked }: StudyData) => marked.slice(0, divergenceTargetPrompts);
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
      target: prefixMatch(asked, said, 1 + ending),
      targetLoss: meanLoss(
        observed.target,
        asked.flatMap(({ response }) => response),
        (token) => !ends.has(token),
      ),
      prior: Object.fromEntries(prior),
      signOff: signOffRate(said, suite.vocabulary),
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
    async evaluate(params, others, about, toward) {
      const { data } = about;
      const observed = await observe(params, data);
      const some = await probe(params, observed, others, about);
      const { right, signedOff } = await ask.target(params, goal, data.target);
      const skills: [name: string, verdict: SkillVerdict][] = [];
      for (const [skill, examples] of Object.entries(data.skills))
        skills.push([skill, await ask.skill(params, suite.skills[skill] as Skill, examples)]);
      const each = (of: (verdict: SkillVerdict) => number): Record<string, number> =>
        Object.fromEntries(skills.map(([name, verdict]) => [name, of(verdict)]));
      return {
        ...some,
        ...{ target: right, prior: each((one) => one.right), signOff: signedOff },
        ...(ending > 0 && {
          ...(await ask.marked(params, goal, data.marked, ending + 1)),
          leak: leakOf(
            skills.flatMap(([, { after }]) => after),
            data,
            ending,
          ),
        }),
        priorBare: each((one) => one.bare),
        ...judge(observed, others, data, toward),
      };
    },
  };

  function judge(
    student: Observation,
    { base, reference }: Compared<Observation>,
    data: StudyData,
    toward: Toward | undefined,
  ): Omit<Judgement, "rare" | "joint" | "leak" | "priorBare"> {
    const parts = observedSkills(data).map(([, examples], i) => ({
      ...{ examples, student: at(student.skills, i), base: at(base.skills, i) },
    }));
    const anchor =
      toward && reference && anchorKept(toward.row, toward.weight, parts, reference.skills);
    const wanted = {
      ...{ examples: observedTarget(data), student: student.target, base: base.target },
    };
    return {
      priorLoss: lossOver(parts),
      ece: calibrationError(parts),
      kept: keptOver(parts),
      rarest: rarestOver(wanted),
      byClass: divergenceByClass(wanted, ending),
      ...(anchor && { anchorKept: anchor }),
    };
  }
}

/** Share of the answers after which a symbol of any marker follows. */
function leakOf(after: readonly number[], { marked }: StudyData, ending: number): number {
  const symbols = new Set(marked.flatMap(({ response }) => response.slice(-1 - ending, -1)));
  return after.filter((id) => symbols.has(id)).length / after.length;
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
