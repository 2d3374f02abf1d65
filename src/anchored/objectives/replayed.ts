import { select } from "../../tensor/ops.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Objective, ObjectiveInputs } from "./objective.ts";
import { crossEntropy } from "./terms.ts";

/**
 * An objective whose batches hold prior examples too, of which the plain cross-entropy is learnt:
 * rehearsal on top of any method.
 */
export function withReplay(objective: Objective): Objective {
  const { perSequence, counts } = objective;
  const priorOr = ({ replayed }: ObjectiveInputs, prior: Tensor | number, own: Tensor): Tensor =>
    replayed ? select(replayed, prior, own) : own;
  return {
    ...objective,
    perToken: (inputs, settings) =>
      priorOr(inputs, crossEntropy(inputs, settings), objective.perToken(inputs, settings)),
    ...(perSequence && {
      perSequence: (terms, inputs, settings) =>
        priorOr(inputs, terms, perSequence(terms, inputs, settings)),
    }),
    ...(counts && {
      counts: (inputs, settings) => priorOr(inputs, 1, counts(inputs, settings)),
    }),
  };
}
