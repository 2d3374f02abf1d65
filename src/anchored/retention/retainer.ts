import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { expm1, log1p } from "../../tensor/portable.ts";
import type { PromptResponse } from "../../train/examples.ts";
import { allowedLosses, certifiedWeight, upperRisk } from "../certificates/retention.ts";
import type { Plan } from "../plan.ts";
import { greedyAnswers, lostAnswers } from "./answers.ts";
import { isRisk, type RetainPlan } from "./check.ts";
import { type PlannedAnswers, planAnswers } from "./planned.ts";
import type { PlannedRetention, Retention, RetentionPlan } from "./retain.ts";

/** Looks at retained answers before and during a run. */
export interface Retainer {
  /** The run's weights with what `alpha` asks for in numbers. */
  readonly plan: Plan;
  /** What is told before the first step; undefined where nothing is planned. */
  before(): Promise<RetentionPlan | undefined>;
  /**
   * Audits the student at the end of an outer step; in order.
   * @param weight of p_sft over all outer steps so far, where it has one
   */
  audit(student: Params, weight: number | undefined): Promise<Retention | undefined>;
  /** Answers lost after each outer step so far, for another retainer to go on from. */
  readonly lost: readonly number[];
}

/**
 * Answers the prompts with the base, and finds the weight that they certify where `alpha` asks for it.
 * @param before how many answers were lost after each outer step before, where a run is gone on with
 */
export async function createRetainer(
  engine: Engine,
  plan: Plan,
  retain: RetainPlan,
  before: readonly number[] = [],
): Promise<Retainer> {
  const { model, base, reference = base, batch, schedule, method } = plan;
  const { risk, confidence } = retain;
  const wanted = { risk, confidence };
  const answersTo = (examples: RetainPlan["plan"]): Promise<PromptResponse[]> =>
    greedyAnswers(engine, { model, params: base }, examples, retain);
  const planned: PlannedAnswers | undefined = retain.isPlanned
    ? await planAnswers(
        engine,
        [
          { model, params: base },
          { model, params: reference },
        ],
        await answersTo(retain.plan),
        { batchSize: batch.size, ...method.settings },
      )
    : undefined;
  const certified =
    planned && isRisk(method.alpha) ? certifiedWeight(planned.thresholds, wanted) : undefined;
  const weighed = certified === undefined ? plan : withWeight(plan, certified);
  const audited = await answersTo(retain.audit);
  const count = lostAnswers(engine, model, batch.size);
  const allowed = (prompts: number): number => allowedLosses(prompts, wanted);
  const known = new Map<number, Promise<PlannedRetention>>();
  const plannedAt = (weight: number): Promise<PlannedRetention> | undefined => {
    const look = known.get(weight) ?? planned?.at(weight);
    if (look) known.set(weight, look);
    return look;
  };
  const lost = [...before];
  return {
    plan: weighed,
    lost,
    async before() {
      const { alpha } = weighed.method;
      if (!planned || typeof alpha !== "number") return undefined;
      const whole = await plannedAt(certified ?? 1 - (1 - alpha) ** schedule.outer);
      return (
        whole && {
          ...{ kind: "retention", ...wanted, alpha },
          ...(certified !== undefined && { certified }),
          ...{ allowed: allowed(retain.plan.length), planned: whole, audited: audited.length },
        }
      );
    },
    async audit(student, weight) {
      if (audited.length === 0) return undefined;
      const now = await count(student, audited);
      lost.push(now);
      const most = allowed(audited.length);
      const failed = lost.findIndex((n) => n > most);
      const look = weight === undefined ? undefined : await plannedAt(weight);
      return {
        ...{ ...wanted, prompts: audited.length, lost: now, allowed: most },
        upper: upperRisk(now, audited.length, confidence),
        passed: failed < 0,
        steps: failed < 0 ? lost.length : failed,
        ...(look && { planned: look }),
      };
    },
  };
}

/** Shrinks a weight by more than rounding adds to it over the outer steps. */
const BELOW = 1 - 1e-12;

/** T exact steps with 1 − (1 − a*)^(1/T) have the weight a* together. */
function withWeight(plan: Plan, weight: number): Plan {
  const { outer } = plan.schedule;
  const alpha = weight === 1 ? 1 : -expm1(log1p(-weight) / outer) * BELOW;
  const { method } = plan;
  return { ...plan, method: { ...method, alpha, settings: { ...method.settings, alpha } } };
}
