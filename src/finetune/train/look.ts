import { expectation } from "../../anchored/certificates/certificate.ts";
import { placesOf } from "../../anchored/targets/deviceAnchoring.ts";
import type { LanguageModel } from "../../anchored/targets/languageModel.ts";
import { flat, inBlocks, rowsOf } from "../../anchored/targets/onDevice.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { generate } from "../../nn/generate/generate.ts";
import { tokenCrossEntropy } from "../../nn/losses.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { ids } from "../../tensor/apply.ts";
import { concat, gather, logSoftmax, reshape, sub } from "../../tensor/ops.ts";
import { at, sizeOf } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { collate, type Layout, layoutOf } from "../../train/batches.ts";
import { type Example, targetsOf } from "../../train/examples.ts";
import type { LookSet, Prompt } from "../check.ts";
import type { LoadedModel } from "../load.ts";
import type { LookEvent, SampleEvent } from "./events.ts";

/** A model and where its parameters are. */
export interface Model {
  readonly model: Transformer;
  readonly params: Params;
}

export interface LookerOptions {
  readonly base: Model;
  /** The student's. */
  readonly model: Transformer;
  readonly sets: readonly LookSet[];
  readonly batch: number;
  readonly newTokens: number;
  readonly loaded: Pick<LoadedModel, "tokenizer" | "stopTokens" | "generation">;
}

export interface Looker {
  /** Numbers alone, or with greedy answers. */
  look(
    at: { readonly stage: string; readonly step: number },
    params: Params,
    answers: boolean,
  ): Promise<readonly (LookEvent | SampleEvent)[]>;
}

/** Looks at students beside the base they come from. */
export function createLooker(engine: Engine, options: LookerOptions): Looker {
  const { base, model, sets } = options;
  const measure = comparison(engine, options);
  const answer = answering(engine, options);
  const ofBase = new Map<LookSet, Promise<readonly (readonly number[])[]>>();
  /** The base's answers, made once. */
  const baseAnswers = (set: LookSet): Promise<readonly (readonly number[])[]> => {
    const known = ofBase.get(set) ?? answer(base, set.prompts);
    ofBase.set(set, known);
    return known;
  };
  return {
    async look({ stage, step }, params, answers) {
      const lines: (LookEvent | SampleEvent)[] = [];
      for (const set of sets) {
        const { name, prompts } = set;
        const examples = set.ofBase
          ? (await baseAnswers(set)).flatMap((response, i) =>
              response.length > 0 ? [{ prompt: at(prompts, i).tokens, response }] : [],
            )
          : set.examples;
        const { kl, logLoss } = await measure(params, examples);
        const said = answers ? await answer({ model, params }, prompts) : [];
        const seen = { stage, set: name };
        lines.push({
          ...{ kind: "look", ...seen, step, kl, logLoss, perplexity: Math.exp(logLoss) },
          ...(said.length > 0 && shares(said, await baseAnswers(set), prompts, textOf)),
        });
        for (const [index, { text, wanted }] of prompts.slice(0, SHOWN).entries())
          if (said.length > 0)
            lines.push({
              ...{ kind: "sample", ...seen, index, prompt: text, answer: textOf(at(said, index)) },
              ...(wanted !== undefined && { wanted }),
            });
      }
      return lines;
    },
  };

  function textOf(answer: readonly number[]): string {
    return options.loaded.tokenizer?.decode(answer, { skipSpecialTokens: true }) ?? "";
  }
}

/** Answers that are written down. */
const SHOWN = 16;

function shares(
  said: readonly (readonly number[])[],
  before: readonly (readonly number[])[],
  prompts: readonly Prompt[],
  textOf: (answer: readonly number[]) => string,
): Pick<LookEvent, "exact" | "changed"> {
  const changed = said.filter((answer, i) => `${answer}` !== `${at(before, i)}`).length;
  const asked = prompts.flatMap(({ wanted }, i) => (wanted === undefined ? [] : [{ wanted, i }]));
  const exact = asked.filter(({ wanted, i }) => textOf(at(said, i)).trim() === wanted.trim());
  return {
    changed: changed / said.length,
    ...(asked.length > 0 && { exact: exact.length / asked.length }),
  };
}

/** KL from the base and log-loss at the targets of examples, means over the targets. */
function comparison(engine: Engine, { base, model, batch }: LookerOptions) {
  const { contextLength } = model.config;
  const compare = engine.compile(function compare(
    models: { readonly base: Params; readonly student: Params },
    tokens: Tensor,
    layout: Partial<Layout>,
    places: Tensor,
    labels: Tensor,
  ) {
    const seen = (by: LanguageModel, params: Params): Tensor => {
      const { hidden, head } = by;
      return gather(
        flat((hidden && head ? hidden : by.apply)(params, tokens, layoutOf(layout))),
        places,
      );
    };
    const [b, s] = [seen(base.model, models.base), seen(model, models.student)];
    return inBlocks(sizeOf(places.shape), model.config.vocabSize, (from, n) => {
      const logits = model.head(models.student, rowsOf(s, from, n));
      const p = logSoftmax(base.model.head(models.base, rowsOf(b, from, n)));
      const columns = [
        expectation(p)(sub(p, logSoftmax(logits))),
        tokenCrossEntropy(logits, rowsOf(labels, from, n)),
      ];
      return concat(
        columns.map((x) => reshape(x, [n, 1])),
        1,
      );
    });
  });
  return async (student: Params, examples: readonly Example[]) => {
    const sums = { kl: 0, logLoss: 0, count: 0 };
    for (let from = 0; from < examples.length; from += batch) {
      const part = examples.slice(from, from + batch);
      const given = collate(part, { contextLength });
      const places = placesOf(part, at(given.tokens.shape, 1));
      const labels = places.map((place) => at(given.labels.data, place));
      const models = { base: base.params, student };
      const layout = layoutOf(given) ?? {};
      const columns = await compare(models, given.tokens, layout, ids(places), ids(labels));
      const numbers = await engine.read(columns);
      engine.release(columns);
      const targets = part.reduce((n, example) => n + targetsOf(example), 0);
      for (let t = 0; t < targets; t++) {
        sums.kl += at(numbers, 2 * t);
        sums.logLoss += at(numbers, 2 * t + 1);
      }
      sums.count += targets;
    }
    return { kl: sums.kl / sums.count, logLoss: sums.logLoss / sums.count };
  };
}

/** Greedy answers, without the token that ends them. */
function answering(engine: Engine, { loaded, newTokens, batch }: LookerOptions) {
  const { stopTokens, generation } = loaded;
  const stops = new Set(stopTokens);
  return async ({ model, params }: Model, prompts: readonly Prompt[]) => {
    const { contextLength } = model.config;
    const answers: (readonly number[])[] = [];
    for (let from = 0; from < prompts.length; from += batch) {
      const part = prompts.slice(from, from + batch).map(({ tokens }) => tokens);
      const longest = Math.max(...part.map(({ length }) => length));
      const maxNewTokens = Math.min(newTokens, contextLength - longest);
      if (maxNewTokens < 1) {
        answers.push(...part.map(() => []));
        continue;
      }
      const { tokenizerSize } = generation;
      const options = { model, params, maxNewTokens, stopTokens, tokenizerSize };
      answers.push(...(await generate(engine, { ...options, prompts: part })));
    }
    return answers.map((answer) => (stops.has(answer.at(-1) ?? -1) ? answer.slice(0, -1) : answer));
  };
}
