import { hasOwnGradient, targetOf } from "../../anchored/objectives/kinds.ts";
import { hasReference } from "../../anchored/objectives/objective.ts";
import { parametersOf } from "../model.ts";
import { type Recipe, type RowRecipe, referenceOf, type Tuning } from "../recipe.ts";
import { rowTokens, trainedLength } from "./work.ts";

/** Floating-point operations that a row takes, counted and not measured. */
export interface Cost {
  /** Of the row itself: 6·N a token that it trains on, 2·N a token that it reads or writes. */
  readonly own: number;
  /** With those of the row that is its p_sft, where it looks at one. */
  readonly total: number;
}

/**
 * What a row costs, padding included: N parameters, forward and backward 6·N a token, forward alone
 * 2·N. Probes, certificates and evaluation are no part of it: they are made for the study.
 * @see https://arxiv.org/abs/2001.08361 (Kaplan et al., 2020), section 2.1
 */
export function costOf(recipe: Recipe, row: RowRecipe): Cost {
  const own = ownCost(recipe, row);
  const reference = looksAt(row) ? referenceOf(recipe, row.id) : undefined;
  return { own, total: own + (reference ? ownCost(recipe, reference) : 0) };
}

const looksAt = (row: RowRecipe): boolean =>
  row.method === "merge" || hasReference(targetOf(row.method) ?? "none");

function ownCost(recipe: Recipe, row: RowRecipe): number {
  if (row.method === "base" || row.method === "merge") return 0;
  const trained = rowTokens(recipe, row);
  const share = row.replayShare ?? 0;
  // Prior examples come on top of a batch, and are as long as the target's, roughly.
  const withReplay = gradientsOf(row) * (trained / (1 - share));
  return parametersOf(recipe) * (6 * withReplay + 2 * readTokens(recipe, row, trained));
}

/** Gradients of each step: SAM's second one is taken uphill, A-GEM's at the prior examples. */
const gradientsOf = ({ method, sam = 0 }: Tuning): number =>
  sam > 0 || hasOwnGradient(method) ? 2 : 1;

/** Tokens at which frozen models are read, and which a student samples. */
function readTokens(recipe: Recipe, row: RowRecipe, trained: number): number {
  const once = recipe.fineTuning.examples * trainedLength(recipe);
  const outer = "outer" in row ? (row.outer ?? 1) : 1;
  switch (targetOf(row.method)) {
    case "none":
      return 0;
    // The snapshot in each outer step, and p_sft once.
    case "anchor":
      return (outer + 1) * once;
    case "weightAnchor":
      return outer * once;
    // Responses are written, and then read by both, in each outer step.
    case "sampledAnchor":
      return 3 * outer * once;
    // Responses are written before each step, and read by both.
    case "freshAnchor":
      return 3 * trained;
    // A student of some steps ago is read at each batch.
    case "snapshot":
      return trained;
    default:
      return once;
  }
}
