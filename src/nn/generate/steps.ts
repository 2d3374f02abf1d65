import type { Engine } from "../../engines/engine.ts";
import type { Program } from "../../engines/program.ts";
import { add, argmax, broadcastTo, concat, mul, sum, toFloat } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { DecodeInputs, Prefilled } from "../cache.ts";
import type { Params } from "../config.ts";
import type { KeyValue } from "../decoder.ts";
import type { Transformer } from "../transformer.ts";

/** What follows each sequence, and what is remembered of what was before. */
export type Step = {
  /** int [B], where the engine chooses. */
  readonly tokens: readonly Tensor[];
  /**
   * What the host reads: where the engine chooses, the tokens as floats, then a number for each row
   * that is finite as long as all its logits are, [2B]; else the logits, [B, V].
   */
  readonly seen: Tensor;
  readonly cache: readonly KeyValue[];
};

/** How the engine chooses a token from logits [B, V]. */
export type Sampling = {
  /** 1 / temperature and noise [B, V]; empty for the likeliest token. */
  readonly noise: readonly [] | readonly [inverse: Tensor, noise: Tensor];
  /** [V], very negative at tokens that are not to be taken; empty where all are. */
  readonly limits: readonly Tensor[];
};

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

/** Who chooses the tokens: the engine, or the host, which sees all logits. */
export type Chooser = "engine" | "host";

const compiled = new WeakMap<Engine, Record<Chooser, WeakMap<Transformer, GenerateSteps>>>();

/** A model's programs on an engine, compiled once, so that each shape is traced once as well. */
export function generateSteps(engine: Engine, model: Transformer, chooser: Chooser): GenerateSteps {
  const ofEngine = compiled.get(engine) ?? { engine: new WeakMap(), host: new WeakMap() };
  compiled.set(engine, ofEngine);
  const steps = ofEngine[chooser].get(model) ?? compile(engine, model, chooser);
  ofEngine[chooser].set(model, steps);
  return steps;
}

function compile(engine: Engine, model: Transformer, chooser: Chooser): GenerateSteps {
  const stepOf = ({ logits, cache }: Prefilled, sampling: Sampling): Step => {
    if (chooser === "host") return { tokens: [], seen: logits, cache };
    const tokens = pick(logits, sampling);
    return { tokens: [tokens], seen: concat([toFloat(tokens), traces(logits)]), cache };
  };
  function start(
    params: Params,
    tokens: Tensor,
    last: Tensor,
    room: Tensor,
    sampling: Sampling,
  ): Step {
    return stepOf(model.prefill(params, tokens, last, room.shape[0] as number), sampling);
  }
  function next(
    cache: Step["cache"],
    params: Params,
    inputs: DecodeInputs,
    sampling: Sampling,
  ): Step {
    return stepOf(model.decode(params, cache, inputs), sampling);
  }
  return { start: engine.compile(start), next: engine.compile(next, { donate: [0] }) };
}

/** [B, V] → int [B]. The argmax of logits / temperature + Gumbel noise is a sample. */
function pick(logits: Tensor, { noise: [inverse, noise], limits: [limits] }: Sampling): Tensor {
  const scores = inverse && noise ? add(mul(logits, inverse), noise) : logits;
  return argmax(limits ? add(scores, broadcastTo(limits, scores.shape)) : scores);
}

/** A sum of each row that no finite logits make infinite: [B, V] → [B]. */
const traces = (logits: Tensor): Tensor => sum(mul(logits, 2 ** -24), { axis: -1 });
