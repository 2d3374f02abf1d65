import type { Engine } from "../engines/engine.ts";
import type { Program } from "../engines/program.ts";
import { add, argmax, mul } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { DecodeInputs } from "./cache.ts";
import type { Params } from "./config.ts";
import type { KeyValue } from "./decoder.ts";
import type { Transformer } from "./transformer.ts";

/** The next token of each sequence, int [B], and what is remembered of those before. */
export type Step = { readonly tokens: Tensor; readonly cache: readonly KeyValue[] };

/** How a token comes from logits: empty for the likeliest one, else by 1 / temperature and noise. */
export type Sampling = readonly [] | readonly [inverse: Tensor, noise: Tensor];

/** The two programs of generation. */
export interface GenerateSteps {
  /**
   * Reads prompts.
   * @param tokens int [B, P], padded on the right
   * @param last int [B], positions of the last tokens
   * @param room [S], whose length is the number of positions to make room for
   */
  readonly start: Program<
    [params: Params, tokens: Tensor, last: Tensor, room: Tensor, sampling: Sampling],
    Step
  >;
  /** Reads one token of each sequence; consumes the cache. */
  readonly next: Program<
    [cache: Step["cache"], params: Params, inputs: DecodeInputs, sampling: Sampling],
    Step
  >;
}

const compiled = new WeakMap<Engine, WeakMap<Transformer, GenerateSteps>>();

/** A model's programs on an engine, compiled once, so that each shape is traced once as well. */
export function generateSteps(engine: Engine, model: Transformer): GenerateSteps {
  const ofEngine = compiled.get(engine) ?? new WeakMap<Transformer, GenerateSteps>();
  compiled.set(engine, ofEngine);
  const steps = ofEngine.get(model) ?? compile(engine, model);
  ofEngine.set(model, steps);
  return steps;
}

function compile(engine: Engine, model: Transformer): GenerateSteps {
  function start(
    params: Params,
    tokens: Tensor,
    last: Tensor,
    room: Tensor,
    sampling: Sampling,
  ): Step {
    const { logits, cache } = model.prefill(params, tokens, last, room.shape[0] as number);
    return { tokens: pick(logits, sampling), cache };
  }
  function next(
    cache: Step["cache"],
    params: Params,
    inputs: DecodeInputs,
    sampling: Sampling,
  ): Step {
    const decoded = model.decode(params, cache, inputs);
    return { tokens: pick(decoded.logits, sampling), cache: decoded.cache };
  }
  return { start: engine.compile(start), next: engine.compile(next, { donate: [0] }) };
}

/** [B, V] → int [B]. The argmax of logits / temperature + Gumbel noise is a sample. */
function pick(logits: Tensor, [inverse, noise]: Sampling): Tensor {
  return argmax(inverse && noise ? add(mul(logits, inverse), noise) : logits);
}
