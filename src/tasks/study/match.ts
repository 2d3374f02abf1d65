import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import type { Transformer } from "../../nn/transformer.ts";
import { argmax } from "../../tensor/ops.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { collate } from "../../train/batches.ts";
import type { PromptResponse } from "../../train/examples.ts";
import { letterSymbols, type Vocabulary } from "./vocabulary.ts";

/** The model's likeliest token at each position of each example's response. */
export type Responder = (
  params: Params,
  examples: readonly PromptResponse[],
) => Promise<number[][]>;

/**
 * Reads responses by one teacher-forced pass: what the model would say next after the prompt and
 * the right response up to there. All of them right ⇔ greedy decoding gives exactly the response.
 * @param length tokens that each row is padded to: as many programs are traced as there are lengths
 * @param batchSize rows of one call; the last call is filled up
 */
export function responder(
  engine: Engine,
  model: Transformer,
  { length, batchSize }: { readonly length: number; readonly batchSize: number },
): Responder {
  const likeliest = engine.compile((params: Params, tokens: Tensor) =>
    argmax(model.apply(params, tokens)),
  );
  const respond = async (params: Params, rows: readonly PromptResponse[]): Promise<number[][]> => {
    const filled = Array.from({ length: batchSize }, (_, i) =>
      at(rows, Math.min(i, rows.length - 1)),
    );
    const ids = await engine.read(await likeliest(params, collate(filled, { length }).tokens));
    return rows.map(({ prompt, response }, row) => {
      const start = row * length + prompt.length - 1;
      return [...ids.subarray(start, start + response.length)];
    });
  };
  return async (params, examples) => {
    const said: number[][] = [];
    for (let i = 0; i < examples.length; i += batchSize)
      said.push(...(await respond(params, examples.slice(i, i + batchSize))));
    return said;
  };
}

/** Share of the examples whose whole response, `<eos>` included, is right. */
export const exactMatch = (
  examples: readonly PromptResponse[],
  said: readonly (readonly number[])[],
): number => share(examples, ({ response }, i) => response.every((id, t) => said[i]?.[t] === id));

/** Share of the examples whose response is right but for its last tokens: `<eos>` by default. */
export const prefixMatch = (
  examples: readonly PromptResponse[],
  said: readonly (readonly number[])[],
  last = 1,
): number =>
  share(examples, ({ response }, i) =>
    response.slice(0, response.length - last).every((id, t) => said[i]?.[t] === id),
  );

/** Share of the examples whose last tokens are right: what ends an answer, whatever stands before. */
export const suffixMatch = (
  examples: readonly PromptResponse[],
  said: readonly (readonly number[])[],
  last: number,
): number =>
  share(examples, ({ response }, i) =>
    response.slice(-last).every((id, t) => said[i]?.[response.length - last + t] === id),
  );

/** Share of the examples after whose response a letter would follow where `<eos>` should. */
export function signOffRate(
  said: readonly (readonly number[])[],
  { encode }: Pick<Vocabulary, "encode">,
): number {
  const letters = new Set(encode(letterSymbols));
  return share(said, (ids) => letters.has(ids.at(-1) as number));
}

/** The share of the items for which something holds. */
export const share = <T>(items: readonly T[], holds: (item: T, index: number) => boolean): number =>
  items.filter(holds).length / items.length;
