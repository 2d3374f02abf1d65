import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { fold } from "../tensor/random.ts";
import { type Example, paddedLength } from "../train/batches.ts";
import { createCertifier, type StepCertificate } from "./certificates/certifier.ts";
import type { StepRows } from "./certificates/stepTerms.ts";
import { isAnchored, type TargetKind } from "./objectives/objective.ts";
import { interpolateWeights } from "./objectives/weights.ts";
import type { Plan } from "./plan.ts";
import { largestWeight } from "./targets/budget.ts";
import {
  type AnchorSetting,
  anchorRows,
  logSoftmaxRows,
  type ReadRows,
  type ResponseRows,
  responseReader,
} from "./targets/responseRows.ts";
import { sampleResponses } from "./targets/sampled.ts";

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

/** What is known of frozen models. */
interface Frozen {
  readonly engine: Engine;
  readonly plan: Plan;
  /** p_sft; where the method needs one, it has been checked. */
  readonly reference: Params;
  readonly read: ReadRows;
  /** What a student answers to the prompts of examples. */
  readonly answers: (params: Params, outer: number, to: readonly Example[]) => Promise<Example[]>;
  /** Positions of the longest prompt with the longest answer. */
  readonly length: number;
}

/** Keys of epochs count from 0; those of sampling start here. */
const SAMPLING = 2 ** 31;

export async function createAnchors(engine: Engine, plan: Plan): Promise<Anchors> {
  const { model, data } = plan;
  const { stopToken } = plan.certify;
  const { temperature } = plan.method.settings;
  const longest = (part: "prompt" | "response"): number =>
    Math.max(...data.map((example) => example[part].length));
  const maxNewTokens = longest("response");
  const positions = paddedLength(longest("prompt") + maxNewTokens - 1);
  const frozen: Frozen = {
    engine,
    plan,
    reference: plan.reference as Params,
    read: responseReader(engine, model, plan.batch.size),
    answers: (params, outer, to) =>
      sampleResponses(engine, {
        ...{ model, params, temperature, stopToken, data: to, maxNewTokens },
        key: fold(fold(plan.key, SAMPLING), outer),
      }),
    length: Math.min(model.config.contextLength, positions),
  };
  const { target } = plan.method.objective;
  if (target === "sampledAnchor") return onSamples(frozen);
  return isAnchored(target) ? onData(frozen, target) : fixedTarget(frozen, target);
}

/** One target, or none, for the whole run. */
async function fixedTarget({ plan, reference, read }: Frozen, kind: TargetKind): Promise<Anchors> {
  const { base, data } = plan;
  const { alpha } = plan.method.settings; // budgets are refused for these
  const model = kind === "base" ? base : kind === "reference" ? reference : undefined;
  const target = model && (await read(model, data));
  const step: OuterStep = { alpha, data, target, certify: async () => undefined };
  return { begin: async () => step };
}

/** Anchors at the responses of the data, between distributions or between weights. */
async function onData(frozen: Frozen, kind: TargetKind): Promise<Anchors> {
  const { engine, plan, read } = frozen;
  const { data } = plan;
  const { temperature } = plan.method.settings;
  const certify = createCertifier(plan.certify.examples);
  const reference = await read(frozen.reference, data);
  let start: ResponseRows | undefined;
  let observed: ResponseRows | undefined; // the student's rows at the end of the last step
  return {
    async begin(student, outer) {
      const snapshot = observed ?? (await read(student, data));
      start ??= snapshot;
      const setting = settingOf(plan, snapshot, reference);
      const between =
        kind === "weightAnchor"
          ? await merged(engine, student, frozen.reference, setting.alpha)
          : undefined;
      const anchor = between && (await read(between, data));
      const sampled = await sampledRows(frozen, student, between, outer);
      return {
        alpha: setting.alpha,
        data,
        target: anchor
          ? logSoftmaxRows(anchor, temperature)
          : anchorRows(snapshot, reference, setting),
        certify: async (params) => {
          const next = await read(params, data);
          observed = next;
          if (plan.certify.examples === 0) return undefined;
          const rows = { start, snapshot, reference, anchor, next };
          return certify({ ...setting, outer, rows, sampled: await sampled?.(params) });
        },
      };
    },
  };
}

/** Anchors at what the student answers itself, anew at every outer step. */
function onSamples({ plan, reference, read, answers, length }: Frozen): Anchors {
  const certify = createCertifier(plan.certify.examples);
  return {
    async begin(student, outer) {
      const data = await answers(student, outer, plan.data);
      const snapshot = await read(student, data, length);
      const other = await read(reference, data, length);
      const setting = settingOf(plan, snapshot, other);
      return {
        alpha: setting.alpha,
        data,
        target: anchorRows(snapshot, other, setting),
        certify: async (params) => {
          if (plan.certify.examples === 0) return undefined;
          const next = await read(params, data, length);
          const rows = { snapshot, reference: other, next };
          return certify({ ...setting, outer, rows, sampled: rows });
        },
      };
    },
  };
}

/** Looks at responses that certify whole sequences, before the step; and after it when called. */
async function sampledRows(
  { plan, reference, read, answers, length }: Frozen,
  student: Params,
  between: Params | undefined,
  outer: number,
): Promise<((next: Params) => Promise<StepRows>) | undefined> {
  if (plan.certify.sequences === 0 || plan.certify.examples === 0) return undefined;
  const own = await answers(student, outer, plan.data.slice(0, plan.certify.sequences));
  const before = {
    snapshot: await read(student, own, length),
    reference: await read(reference, own, length),
    anchor: between && (await read(between, own, length)),
  };
  return async (next) => ({ ...before, next: await read(next, own, length) });
}

/** The anchor's place in one outer step; a budget is turned into a weight. */
function settingOf(
  { method: { alpha, settings } }: Plan,
  snapshot: ResponseRows,
  reference: ResponseRows,
): AnchorSetting {
  const { interpolation, temperature } = settings;
  const path = { interpolation, temperature };
  return typeof alpha === "number"
    ? { alpha, ...path }
    : { alpha: largestWeight({ snapshot, reference, ...alpha, ...path }), ...path };
}

/** A model between two others in weight space, on the host. */
const merged = (
  engine: Engine,
  student: Params,
  reference: Params,
  alpha: number,
): Promise<Params> => engine.run(() => interpolateWeights(student, reference, alpha));
