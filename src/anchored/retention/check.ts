import { DataError } from "../../tensor/errors.ts";
import { expectKnown, shown } from "../../tensor/options.ts";
import { checkExamples, type Example, promptOf } from "../../train/examples.ts";
import { mostLosses, type Risk } from "../certificates/retention.ts";
import { hasLinearBound } from "../certificates/verdict.ts";
import { expectStops } from "../checks.ts";
import type { Interpolation } from "../objectives/interpolations.ts";
import type { Objective } from "../objectives/objective.ts";
import type { Alpha } from "../options.ts";
import type { LanguageModel } from "../targets/languageModel.ts";
import type { Retain } from "./retain.ts";

/** Retained prompts, checked and without gaps. */
export interface RetainPlan extends Required<Risk>, Pick<Retain, "plan" | "audit"> {
  readonly newTokens: number;
  readonly stopTokens: readonly number[];
  /** Whether there are anchors whose answers thresholds tell. */
  readonly isPlanned: boolean;
}

/** What `retain` has to fit. */
export interface RetainContext {
  readonly model: LanguageModel;
  readonly objective: Objective;
  readonly alpha: Alpha;
  readonly interpolation: Interpolation;
  readonly stopToken: number | undefined;
  readonly certified: number;
}

/** Whether a weight is to be certified. */
export const isRisk = (alpha: Alpha): alpha is Risk =>
  typeof alpha === "object" && alpha !== null && "risk" in alpha;

const NAMES = ["plan", "audit", "newTokens", "stopTokens", "risk", "confidence"] as const;

/**
 * @throws RangeError for too few prompts, with the number that is needed, and for what cannot go
 *   together; DataError for a prompt that stands in both halves
 */
export function retainPlan(retain: Retain | undefined, context: RetainContext): RetainPlan {
  const { model, objective, alpha, interpolation, stopToken } = context;
  if (!retain) throw new RangeError("fineTune: expected retain with prompts to plan by, got none");
  expectKnown("fineTune retain", retain, NAMES);
  const { plan, audit, risk, confidence } = retain;
  const asked = isRisk(alpha);
  if (asked && (risk !== undefined || confidence !== undefined))
    throw new RangeError("fineTune: expected the risk in either alpha or retain, got both");
  for (const [name, prompts] of Object.entries({ plan, audit }))
    if (!Array.isArray(prompts))
      throw new TypeError(
        `fineTune retain.${name}: expected a list of examples, got ${shown(prompts)}`,
      );
  const wanted = { risk: 0.05, confidence: 0.95, ...definedRisk(asked ? alpha : retain) };
  for (const [name, prompts] of Object.entries({ plan, audit })) {
    if (prompts.length > 0) checkExamples(`fineTune retain.${name}`, prompts, model.config);
    if (name === "plan" && asked && prompts.length === 0)
      throw new RangeError("fineTune retain.plan: expected prompts to plan by, got none");
    if (prompts.length > 0) mostLosses(prompts.length, wanted, `fineTune retain.${name}`);
  }
  expectDisjoint(plan, audit);
  const isPath = objective.target === "anchor" || objective.target === "sampledAnchor";
  const isPlanned = isPath && hasLinearBound(interpolation) && plan.length > 0;
  if (asked && !isPlanned)
    throw new RangeError(
      "fineTune: expected alpha to be a number, got a risk: thresholds are known of anchors between distributions, from the logit to the probability path",
    );
  if (context.certified === 0 && isPath)
    throw new RangeError("fineTune: expected certified above 0 with retain, got 0");
  const newTokens = retain.newTokens ?? longestResponse([...plan, ...audit]) + 1;
  if (!(Number.isInteger(newTokens) && newTokens > 0))
    throw new RangeError(`fineTune retain: expected a positive newTokens, got ${newTokens}`);
  const stopTokens = retain.stopTokens ?? (stopToken === undefined ? [] : [stopToken]);
  if (!Array.isArray(stopTokens))
    throw new TypeError(`fineTune retain: expected a list of stopTokens, got ${shown(stopTokens)}`);
  expectStops("fineTune retain: expected stopTokens", stopTokens, model);
  return { plan, audit, ...wanted, newTokens, stopTokens, isPlanned };
}

const definedRisk = ({ risk, confidence }: Partial<Risk>): Partial<Risk> => ({
  ...(risk !== undefined && { risk }),
  ...(confidence !== undefined && { confidence }),
});

const longestResponse = (examples: readonly Example[]): number =>
  Math.max(
    1,
    ...examples.map((example) =>
      "tokens" in example
        ? example.tokens.length - promptOf(example).length
        : example.response.length,
    ),
  );

function expectDisjoint(plan: readonly Example[], audit: readonly Example[]): void {
  const planned = new Map(plan.map((example, i) => [`${promptOf(example)}`, i]));
  for (const [i, example] of audit.entries()) {
    const same = planned.get(`${promptOf(example)}`);
    if (same !== undefined)
      throw new DataError(
        `fineTune retain: expected prompts of audit that plan has not, got audit[${i}] equal to plan[${same}]`,
      );
  }
}
