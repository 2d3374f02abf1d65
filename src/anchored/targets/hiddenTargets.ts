import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { ids } from "../../tensor/apply.ts";
import { add, mul } from "../../tensor/ops.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Layout } from "../../train/batches.ts";
import type { Example } from "../../train/examples.ts";
import type { Plan } from "../plan.ts";
import { codedRows, codedTargets, type StatesDtype } from "./codedStates.ts";
import type { LanguageModel } from "./languageModel.ts";
import { joinedParts, partReader, startsOf } from "./responseRows.ts";
import { hostTargets, type Targets } from "./targets.ts";

/** One frozen model, or the straight line between two. */
export type HiddenAnchor =
  | { readonly params: Params; readonly model: LanguageModel }
  | { readonly ends: readonly [Params, Params]; readonly alpha: number };

/**
 * The anchor's hidden states at every target of the data, kept on the host.
 * @throws TypeError for a model without hidden states
 */
export async function hiddenTargets(
  { engine, plan }: { readonly engine: Engine; readonly plan: Plan },
  data: readonly Example[],
  anchor: HiddenAnchor,
): Promise<Targets> {
  const hiddenOf = (model: LanguageModel) => {
    if (!model.hidden)
      throw new TypeError("fineTune: expected a model with hidden, got one without");
    return model.hidden;
  };
  const isOne = "model" in anchor;
  const hidden = hiddenOf(isOne ? anchor.model : plan.model);
  const width = widthOf(hidden, isOne ? anchor.params : anchor.ends[0]);
  const { contextLength } = plan.model.config;
  const size = { width, batchSize: plan.batch.size, contextLength };
  const parts = isOne
    ? partReader(engine, hidden, size)(anchor.params, data)
    : partReader(engine, straight(hidden, anchor.alpha), size)(anchor.ends, data);
  const starts = startsOf(data);
  const tokens = at(starts, data.length);
  if ((plan.statesDtype ?? chosen(tokens * width)) === "q16")
    return codedTargets(await codedRows(parts, width), starts, data);
  const rows = await joinedParts(parts, tokens * width);
  return hostTargets({ vocabSize: width, starts, data: rows }, data);
}

type Hidden = NonNullable<LanguageModel["hidden"]>;

const widthOf = (hidden: Hidden, params: Params): number => at(hidden(params, ids([[0]])).shape, 2);

/** Bytes up to which hidden states are kept as they are. */
const LIMIT = 2 ** 30;

const chosen = (numbers: number): StatesDtype => (4 * numbers > LIMIT ? "q16" : "f32");

/** (1 − α)·a + α·b, hidden states of the logit anchor. */
const straight =
  (hidden: Hidden, alpha: number) =>
  ([a, b]: readonly [Params, Params], tokens: Tensor, layout?: Layout): Tensor =>
    add(mul(hidden(a, tokens, layout), 1 - alpha), mul(hidden(b, tokens, layout), alpha));
