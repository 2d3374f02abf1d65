import { targetOf } from "../../anchored/objectives/kinds.ts";
import { interpolateWeights } from "../../anchored/objectives/weights.ts";
import { expectedRatio } from "../../anchored/targets/hostRows.ts";
import { responseReader } from "../../anchored/targets/responseRows.ts";
import type { Engine } from "../../engines/engine.ts";
import { keysOf, studyData } from "../../experiment/data.ts";
import { anchorOf, type LogProbRows, logProbRows, rowOf } from "../../experiment/look/closeness.ts";
import { type Beheld, sharesAt } from "../../experiment/look/tokenViews.ts";
import { modelOf } from "../../experiment/model.ts";
import type { Recipe } from "../../experiment/recipe.ts";
import type { Params } from "../../nn/config.ts";
import { suiteOf } from "../../tasks/study/suite.ts";
import type { PromptResponse } from "../../train/examples.ts";
import { decodeSafetensors } from "../../weights/safetensors.ts";
import type { Choice, Compared, Group, Seen, TokenChoice } from "./protocol.ts";

/** Says what models think at any token of any example of a study. */
export interface Reader {
  readonly groups: readonly Group[];
  /** Keeps a model's weights; they replace those of the same name. @throws DataError */
  keep(name: string, weights: Uint8Array): void;
  /** @throws RangeError for an example or a model that there is not */
  see(choice: Choice, models: Compared): Promise<Seen>;
  /** Where a token is, from what stands before it and what the data say there. */
  find(context: string, label: string): TokenChoice | undefined;
}

export function createReader(engine: Engine, recipe: Recipe, seed: number): Reader {
  const { decode } = suiteOf(recipe.suite).vocabulary;
  const { target, training, skills } = studyData(recipe, keysOf(seed));
  const examples: Readonly<Record<string, readonly PromptResponse[]>> = {
    target,
    training,
    ...skills,
  };
  const model = modelOf(recipe);
  const read = responseReader(engine, model, 1);
  const models = new Map<string, Params>();
  const textOf = (ids: readonly number[]): string => decode(ids).join(" ");

  function exampleAt({ group, index }: Choice): PromptResponse {
    const example = examples[group]?.[index];
    if (example) return example;
    throw new RangeError(`see: expected an example of the study, got ${group} ${index}`);
  }
  function weightsOf(name: string): Params {
    const weights = models.get(name);
    if (weights) return weights;
    throw new RangeError(`see: expected a model that was sent, got ${name}`);
  }
  /** Every length of example is a program of its own; one for all is enough for bars. */
  const rowsOf = async (params: Params, example: PromptResponse): Promise<LogProbRows> =>
    logProbRows(await read(params, [example], model.config.contextLength));

  async function anchorRows(
    example: PromptResponse,
    { snapshot, reference, anchor }: Compared,
    rows: Pick<Beheld, "snapshot" | "reference">,
  ): Promise<LogProbRows | undefined> {
    if (!anchor || reference === undefined || !rows.reference) return undefined;
    const { row, alpha } = anchor;
    if (targetOf(row.method) !== "weightAnchor")
      return anchorOf(row, alpha, rows.snapshot, rows.reference);
    const between = () => interpolateWeights(weightsOf(snapshot), weightsOf(reference), alpha);
    return rowsOf(await engine.run(between), example);
  }

  return {
    groups: Object.entries(examples).map(([name, all]) => ({
      name,
      prompts: all.map(({ prompt }) => textOf(prompt.slice(1))),
    })),
    keep(name, weights) {
      models.set(name, decodeSafetensors(weights, name).tensors);
    },
    async see(choice, compared) {
      const example = exampleAt(choice);
      const rowsAt = (name: string) => rowsOf(weightsOf(name), example);
      const { snapshot, reference, next } = compared;
      const rows = {
        snapshot: await rowsAt(snapshot),
        reference: reference === undefined ? undefined : await rowsAt(reference),
      };
      const all: Beheld = {
        ...rows,
        anchor: await anchorRows(example, compared, rows),
        next: await rowsAt(next),
      };
      return {
        prompt: decode(example.prompt.slice(1)),
        response: decode(example.response).map((symbol, token) => {
          const [p, next] = [rowOf(all.snapshot, token), rowOf(all.next, token)];
          return { symbol, moved: expectedRatio(p, p, next), ...sharesAt(all, token, decode) };
        }),
      };
    },
    find(context, label) {
      for (const [group, all] of Object.entries(examples))
        for (const [index, { prompt, response }] of all.entries()) {
          if (!context.startsWith(textOf(prompt.slice(1)))) continue;
          const before = (position: number) =>
            textOf([...prompt.slice(1), ...response.slice(0, position)]);
          const position = response.findIndex(
            (id, i) => textOf([id]) === label && before(i) === context,
          );
          if (position >= 0) return { group, index, position };
        }
      return undefined;
    },
  };
}
