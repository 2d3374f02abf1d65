import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { fold } from "../tensor/random.ts";
import type { Example } from "./batches.ts";
import { largestWeight } from "./budget.ts";
import { createCertifier, type StepCertificate } from "./certifier.ts";
import { isAnchored } from "./objective.ts";
import { objectives } from "./objectives.ts";
import type { FineTunePlan } from "./options.ts";
import {
  type AnchorSetting,
  anchorRows,
  logSoftmaxRows,
  type ResponseRows,
  responseReader,
} from "./responseRows.ts";
import { sampleResponses } from "./sampled.ts";
import type { StepRows } from "./stepTerms.ts";
import { interpolateWeights } from "./weights.ts";

/** One outer step: what its batches are made of, and what it did. */
export interface OuterStep {
  /** The reference's weight. */
  readonly alpha: number;
  /** The examples that it trains on. */
  readonly data: readonly Example[];
  /** What the student is compared with at their response tokens. */
  readonly target: ResponseRows | undefined;
  /** The step's certificate, in float64; undefined for methods that have none. */
  certify(next: Params): Promise<StepCertificate | undefined>;
}

/** Looks at the frozen models of a run: the student's snapshots, the reference, the base. */
export interface Anchors {
  /** The step that starts at these parameters. */
  begin(student: Params, outer: number): Promise<OuterStep>;
}

/** Keys of epochs count from 0; those of sampling start here. */
const SAMPLING = 2 ** 31;

export async function createAnchors(engine: Engine, plan: FineTunePlan): Promise<Anchors> {
  const { model, data, batchSize, base, interpolation, temperature, stopToken } = plan;
  const reference = plan.reference as Params; // where the method needs one, it has been checked
  const kind = objectives[plan.method].target;
  const read = responseReader(engine, model, batchSize);
  const longest = Math.max(...data.map(({ response }) => response.length));

  /** What the student answers to the prompts of the first examples. */
  const answers = (params: Params, outer: number, examples: readonly Example[]) =>
    sampleResponses(engine, {
      ...{ model, params, temperature, stopToken, data: examples, maxNewTokens: longest },
      key: fold(fold(plan.key, SAMPLING), outer),
    });

  if (!isAnchored(kind)) {
    const alpha = plan.alpha as number; // budgets are refused for these
    const fixed = { base, reference } as const;
    const target =
      kind === "base" || kind === "reference" ? await read(fixed[kind], data) : undefined;
    const step: OuterStep = { alpha, data, target, certify: async () => undefined };
    return { begin: async () => step };
  }

  const certify = createCertifier(plan.certified);
  const fixed = kind === "sampledAnchor" ? undefined : await read(reference, data);
  let start: ResponseRows | undefined;
  let observed: ResponseRows | undefined; // the student's rows since the last step

  return {
    async begin(student, outer) {
      const given = fixed ? data : await answers(student, outer, data);
      const snapshot = (fixed && observed) ?? (await read(student, given));
      const there = fixed ?? (await read(reference, given));
      if (fixed) start ??= snapshot;
      const alpha =
        typeof plan.alpha === "number"
          ? plan.alpha
          : largestWeight({ ...plan, ...plan.alpha, snapshot, reference: there });
      const setting: AnchorSetting = { alpha, interpolation, temperature };
      const weighted = kind === "weightAnchor";
      const between = weighted && (await merged(engine, student, reference, alpha));
      const anchor = between ? await read(between, given) : undefined;
      const sampled = fixed && (await sampledRows(student, between || undefined, outer));
      return {
        alpha,
        data: given,
        target: anchor ? logSoftmaxRows(anchor, temperature) : anchorRows(snapshot, there, setting),
        certify: async (params) => {
          const next = await read(params, given);
          observed = next;
          if (plan.certified === 0) return undefined;
          const rows: StepRows = { start, snapshot, reference: there, anchor, next };
          const after = sampled && { ...sampled.rows, next: await read(params, sampled.data) };
          return certify({ ...setting, outer, rows, sampled: fixed ? after : rows });
        },
      };
    },
  };

  /** Looks at the responses that certify whole sequences, before the step. */
  async function sampledRows(student: Params, between: Params | undefined, outer: number) {
    if (plan.sequences === 0 || plan.certified === 0) return undefined;
    const own = await answers(student, outer, data.slice(0, plan.sequences));
    return {
      data: own,
      rows: {
        snapshot: await read(student, own),
        reference: await read(reference, own),
        anchor: between && (await read(between, own)),
      },
    };
  }
}

/** A model between two others in weight space, on the host. */
const merged = (
  engine: Engine,
  student: Params,
  reference: Params,
  alpha: number,
): Promise<Params> => engine.run(() => interpolateWeights(student, reference, alpha));
