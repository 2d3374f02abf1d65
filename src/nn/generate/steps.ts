import type { Engine } from "../../engines/engine.ts";
import type { Program } from "../../engines/program.ts";
import {
  add,
  argmax,
  broadcastTo,
  concat,
  gather,
  mul,
  reshape,
  scatterRows,
  sum,
  toFloat,
} from "../../tensor/ops.ts";
import { at, sizeOf } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { DecodeInputs, Prefilled } from "../cache.ts";
import type { Params } from "../config.ts";
import type { KeyValue } from "../decoder.ts";
import type { Transformer } from "../transformer.ts";

export type Cache = readonly KeyValue[];

/** What follows each sequence, and what is remembered of what was before. */
export type Step = {
  /**
   * What the host reads: where the engine chooses, the tokens as floats, then a number for each row
   * that is finite as long as all its logits are, [2B]; else the logits, [B, V].
   */
  readonly seen: Tensor;
  readonly cache: Cache;
};

/** How the engine chooses a token from logits [B, V]. */
export type Sampling = {
  /** 1 / temperature and noise [B, V]; empty for the likeliest token. */
  readonly noise: readonly [] | readonly [inverse: Tensor, noise: Tensor];
  /** [V], very negative at tokens that are not to be taken; empty where all are. */
  readonly limits: readonly Tensor[];
};

/** The programs of generation. */
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
  /** Reads the first part of prompts; chooses nothing. */
  readonly fill: Program<
    [params: Params, tokens: Tensor, last: Tensor, room: Tensor],
    Pick<Step, "cache">
  >;
  /** Reads a further part; consumes the cache. */
  readonly more: Program<[cache: Cache, params: Params, inputs: DecodeInputs], Pick<Step, "cache">>;
  /** Reads one token of each sequence; consumes the cache. */
  readonly next: Program<
    [cache: Cache, params: Params, inputs: DecodeInputs, sampling: Sampling],
    Step
  >;
  /** Reads some tokens of each sequence, int [B, T], and says what follows each: rows [B·T] of what is
   * seen. Consumes the cache. */
  readonly check: Program<
    [cache: Cache, params: Params, inputs: DecodeInputs, sampling: Sampling],
    Step
  >;
  /** The caches of some sequences, int [B'], alone; consumes that of all. */
  readonly keep: Program<[cache: Cache, rows: Tensor], Cache>;
  /** Puts the cache of one sequence in the place of another's, int [1]; consumes both. */
  readonly place: Program<[cache: Cache, one: Cache, row: Tensor], Cache>;
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
    if (chooser === "host") return { seen: logits, cache };
    return { seen: concat([toFloat(pick(logits, sampling)), traces(logits)]), cache };
  };
  function start(
    params: Params,
    tokens: Tensor,
    last: Tensor,
    room: Tensor,
    sampling: Sampling,
  ): Step {
    return stepOf(model.prefill(params, tokens, last, at(room.shape, 0)), sampling);
  }
  function fill(params: Params, tokens: Tensor, last: Tensor, room: Tensor) {
    return { cache: model.prefill(params, tokens, last, at(room.shape, 0)).cache };
  }
  function more(cache: Cache, params: Params, inputs: DecodeInputs) {
    return { cache: model.extend(params, cache, inputs).cache };
  }
  function next(cache: Cache, params: Params, inputs: DecodeInputs, sampling: Sampling): Step {
    return stepOf(model.decode(params, cache, inputs), sampling);
  }
  function check(cache: Cache, params: Params, inputs: DecodeInputs, sampling: Sampling): Step {
    const { logits, cache: longer } = model.extend(params, cache, inputs);
    const rows = reshape(logits, [-1, model.config.vocabSize]);
    return stepOf({ logits: rows, cache: longer }, sampling);
  }
  return {
    start: engine.compile(start),
    fill: engine.compile(fill),
    more: engine.compile(more, { donate: [0] }),
    next: engine.compile(next, { donate: [0] }),
    check: engine.compile(check, { donate: [0] }),
    keep: engine.compile(keep, { donate: [0] }),
    place: engine.compile(place, { donate: [0, 1] }),
  };
}

/** A sequence's keys or values as one row: [B, …] → [B, n]. */
const flat = (x: Tensor): Tensor => reshape(x, [at(x.shape, 0), sizeOf(x.shape.slice(1))]);

function keep(cache: Cache, rows: Tensor): Cache {
  const kept = (x: Tensor) => reshape(gather(flat(x), rows), x.shape.with(0, at(rows.shape, 0)));
  return cache.map(({ keys, values }) => ({ keys: kept(keys), values: kept(values) }));
}

function place(cache: Cache, one: Cache, row: Tensor): Cache {
  const placed = (x: Tensor, y: Tensor) => reshape(scatterRows(flat(x), row, flat(y)), x.shape);
  return cache.map(({ keys, values }, layer) => ({
    keys: placed(keys, at(one, layer).keys),
    values: placed(values, at(one, layer).values),
  }));
}

/** [B, V] → int [B]. The argmax of logits / temperature + Gumbel noise is a sample. */
function pick(logits: Tensor, { noise: [inverse, noise], limits: [limits] }: Sampling): Tensor {
  const scores = inverse && noise ? add(mul(logits, inverse), noise) : logits;
  return argmax(limits ? add(scores, broadcastTo(limits, scores.shape)) : scores);
}

/** A sum of each row that no finite logits make infinite: [B, V] → [B]. */
const traces = (logits: Tensor): Tensor => sum(mul(logits, 2 ** -24), { axis: -1 });
