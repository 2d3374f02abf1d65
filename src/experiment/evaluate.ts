import { collate } from "../anchored/batches.ts";
import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { klDivergence } from "../nn/losses.ts";
import type { Transformer } from "../nn/transformer.ts";
import { examiner } from "../tasks/examine.ts";
import type { Skill } from "../tasks/skill.ts";
import { lengthsOf, suiteOf, targetOf } from "../tasks/suite.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { StudyData } from "./data.ts";
import type { RowResult } from "./measurements.ts";
import type { Recipe } from "./recipe.ts";

/** What weights can do, and how far they are from the base. */
export type Scores = Pick<RowResult, "target" | "prior" | "signOff" | "klFromBase" | "klToBase">;

export type Evaluate = (params: Params, base: Params, data: StudyData) => Promise<Scores>;

/** An evaluation whose programs are traced once for all rows and seeds. */
export function evaluator(engine: Engine, model: Transformer, recipe: Recipe): Evaluate {
  const suite = suiteOf(recipe.suite);
  const target = targetOf(suite, recipe.target);
  const { vocabulary } = suite;
  const ask = examiner({ engine, model, vocabulary });
  const { skill: length } = lengthsOf(suite);
  const divergences = engine.compile(
    (params: Params, base: Params, tokens: Tensor, mask: Tensor): [Tensor, Tensor] => {
      const [p, b] = [model.apply(params, tokens), model.apply(base, tokens)];
      return [klDivergence(b, p, mask), klDivergence(p, b, mask)];
    },
  );

  return async (params, base, data) => {
    const { right, signedOff } = await ask.target(params, target, data.target);
    const prior: Record<string, number> = {};
    for (const [skill, examples] of Object.entries(data.skills))
      prior[skill] = await ask.skill(params, suite.skills[skill] as Skill, examples);
    const { tokens, mask } = collate(data.divergence, { length });
    const both = await divergences(params, base, tokens, mask);
    const [[klFromBase], [klToBase]] = await engine.read(both);
    engine.release(both);
    return {
      target: right,
      prior,
      signOff: signedOff,
      klFromBase: klFromBase as number,
      klToBase: klToBase as number,
    };
  };
}
