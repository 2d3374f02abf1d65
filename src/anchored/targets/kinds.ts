import type { Params } from "../../nn/config.ts";
import { full, ids } from "../../tensor/apply.ts";
import { topologicalOrder } from "../../tensor/graph.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { flatten } from "../../tensor/tree.ts";
import { objectiveOf } from "../objectives/kinds.ts";
import { isBetween, isOfLabels } from "../objectives/objective.ts";
import type { FilledOptions } from "../options.ts";
import type { LanguageModel } from "./languageModel.ts";
import { startsOf } from "./responseRows.ts";

/**
 * - `"rows"`: what the frozen models say at every target, [targets, V] on the host, up to five sets
 *   of 4·V bytes a target; certificates in float64. The quickest with small vocabularies.
 * - `"hidden"`: one set of hidden states, which the step's own head reads: 4·C bytes a target, or
 *   2·C, see `StatesDtype`. Exact (to float32's rounding, or that of the codes) for the logit path at
 *   any temperature, where one frozen head serves all models and is linear.
 * - `"recompute"`: nothing; the frozen models run beside the student in every step.
 */
export type TargetsKind = "rows" | "hidden" | "recompute";

/** Bytes up to which rows are kept where nothing is said. */
const ROWS_LIMIT = 2 ** 31;
/** Sets of rows that a run holds: start, snapshot, reference, next, anchor. */
const SETS = 5;

/** @throws RangeError where hidden states or recomputation would be wrong, saying why */
export function chooseTargets(options: FilledOptions): TargetsKind {
  const { targets, alpha, method, data, model } = options;
  const objective = objectiveOf(method);
  const known: readonly TargetsKind[] = ["rows", "hidden", "recompute"];
  if (targets !== undefined && !known.includes(targets))
    throw new RangeError(`fineTune: expected targets of ${known.join(", ")}, got ${targets}`);
  if (objective.target === "freshAnchor") return besideEachStep(targets);
  const chosen = typeof alpha === "object" && "budget" in alpha;
  const budgeted = chosen && objective.alpha === undefined;
  if (targets === "rows" || (budgeted && targets === undefined)) return "rows";
  if (budgeted)
    throw new RangeError(`fineTune: expected targets to be rows with a budget, got ${targets}`);
  const against = targets === "recompute" ? undefined : againstHidden(options);
  if (targets === "hidden" && against !== undefined)
    throw new RangeError(`fineTune: expected other targets than hidden, because ${against}`);
  if (targets !== undefined) return targets;
  if (against === undefined) return "hidden";
  // Nothing of the vocabulary's size is kept.
  if (objective.target === "none" || isOfLabels(objective.target)) return "rows";
  const rows = startsOf(data).at(-1) ?? 0;
  if (SETS * 4 * rows * model.config.vocabSize <= ROWS_LIMIT) return "rows";
  return "recompute";
}

/** Answers that do not exist before their step can be looked at only beside it. */
function besideEachStep(targets: TargetsKind | undefined): TargetsKind {
  if (targets !== undefined && targets !== "recompute")
    throw new RangeError(
      `fineTune: expected targets to be recompute for fresh samples, got ${targets}`,
    );
  return "recompute";
}

/** Why hidden states cannot stand for the logits, if they cannot. */
function againstHidden({ model, base, method, interpolation }: FilledOptions): string | undefined {
  if (isBetween(objectiveOf(method).target) && interpolation !== "logit")
    return "only the logit path is a straight line between hidden states";
  return headFault(model, base);
}

/** Why a head is not one frozen linear function, if it is not. */
export function headFault(model: LanguageModel, params: Params): string | undefined {
  if (!model.hidden || !model.head) return "the model has no hidden and head";
  const states = model.hidden(params, ids([[0]]));
  const input = full(states.shape, 0);
  const logits = model.head(params, input);
  const trained = new Set<Tensor>(flatten<Tensor>(params).leaves);
  const reached = new Set<Tensor>([input]);
  for (const node of topologicalOrder([logits])) {
    if (trained.has(node)) return "the head is trained, so that models differ in it";
    const from = node.inputs.map((x) => reached.has(x));
    if (!from.includes(true)) continue;
    if (!isLinear(node, from)) return `the head is not linear: it has a ${node.op}`;
    reached.add(node);
  }
  return undefined;
}

const ANY_INPUT = new Set(["add", "sub", "neg", "reshape", "transpose", "broadcast", "slice"]);
const MOVES = new Set(["pad", "concat", "alias", "sum"]);

function isLinear({ op }: Tensor, from: readonly boolean[]): boolean {
  if (ANY_INPUT.has(op) || MOVES.has(op)) return true;
  if (op === "mul" || op === "matmul") return from.filter(Boolean).length === 1;
  return op === "div" && from[1] === false;
}
