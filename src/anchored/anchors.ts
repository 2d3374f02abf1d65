import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { fold } from "../tensor/random.ts";
import { paddedLength } from "../train/batches.ts";
import { type Example, lengthOf, promptOf } from "../train/examples.ts";
import { type Certified, createCertifier, type StepCertificate } from "./certificates/certifier.ts";
import { first, type Look } from "./certificates/look.ts";
import { hasLinearBound } from "./certificates/verdict.ts";
import { isAnchored, isBetween, type TargetKind } from "./objectives/objective.ts";
import type { Plan } from "./plan.ts";
import type { Anchoring, AnchoringOptions, OuterLook } from "./targets/anchoring.ts";
import { deviceAnchoring, deviceTarget } from "./targets/deviceAnchoring.ts";
import { hostAnchoring } from "./targets/hostAnchoring.ts";
import { batchAt, exampleScale, labelReader, type Scale } from "./targets/labelRows.ts";
import { type ReadRows, responseReader } from "./targets/responseRows.ts";
import { sampleResponses } from "./targets/sampled.ts";
import { hostTargets, type Targets } from "./targets/targets.ts";

/** One outer step: what its batches are made of, and what it did. */
export interface OuterStep {
  /** The reference's weight. */
  readonly alpha: number;
  /** The examples that it trains on. */
  readonly data: readonly Example[];
  /** What the student is compared with at their targets. */
  readonly target: Targets | undefined;
  /** A factor of each example's terms, where the method has some. */
  readonly scale?: Scale | undefined;
  /** What a step learns from in place of its examples, where the student answers some of them anew. */
  fresh?(student: Params, step: number, examples: readonly Example[]): Promise<readonly Example[]>;
  /** Is called before each step, counted from 0 over the whole run, with the student as it is. */
  renew?(student: Params, step: number): Promise<void>;
  /** What the student is compared with, where a run cannot be gone on with without it. */
  readonly snapshot?: Params;
  /** The step's certificate; undefined for methods that have none. Ends the step. */
  certify(next: Params): Promise<StepCertificate | undefined>;
}

/** Looks at the frozen models of a run: the student's snapshots, the reference, the base. */
export interface Anchors {
  /** The step that starts at these parameters. */
  begin(student: Params, outer: number): Promise<OuterStep>;
  /** What the certificates of the outer steps so far have added up. */
  readonly certified?: Certified;
}

/** What is known of frozen models. */
interface Frozen {
  readonly engine: Engine;
  readonly plan: Plan;
  /** p_sft; where the method needs one, it has been checked. */
  readonly reference: Params;
  readonly read: ReadRows;
  readonly anchoring: (options: AnchoringOptions) => Anchoring;
  /** What a student answers to the prompts of examples, by a number that no other call has. */
  readonly answers: (params: Params, from: number, to: readonly Example[]) => Promise<Example[]>;
  /** Positions of the longest prompt with the longest answer. */
  readonly length: number;
  /** What was certified before, where a run is gone on with. */
  readonly before: Certified | undefined;
}

/** Keys of epochs count from 0; those of sampling start here. */
const SAMPLING = 2 ** 31;
/** Numbers of outer steps count from 0; those of steps start here. */
const STEPS = 2 ** 20;

/** @param before what the outer steps before have left, where a run is gone on with */
export async function createAnchors(
  engine: Engine,
  plan: Plan,
  before?: Certified,
): Promise<Anchors> {
  const { target } = plan.method.objective;
  const frozen = frozenOf(engine, plan, before);
  if (target === "sampledAnchor") return onSamples(frozen);
  if (target === "snapshot") return onSnapshots(frozen);
  return isAnchored(target) ? onData(frozen, target) : fixedTarget(frozen, target);
}

function frozenOf(engine: Engine, plan: Plan, before: Certified | undefined): Frozen {
  const { model, data } = plan;
  const { stopToken, sequences } = plan.certify;
  const { temperature } = plan.method.sampling;
  const { target } = plan.method.objective;
  const samples = target === "sampledAnchor" || target === "freshAnchor" || sequences > 0;
  const longest = (of: (example: Example) => number): number =>
    samples ? Math.max(...data.map(of)) : 0;
  const prompt = longest((example) => promptOf(example).length);
  const maxNewTokens = longest((example) => lengthOf(example) + 1 - promptOf(example).length);
  const reference = plan.reference ?? plan.base;
  const read = responseReader(engine, model, plan.batch.size);
  const ofBetween = plan.space?.model ?? model;
  const readBetween =
    ofBetween === model ? read : responseReader(engine, ofBetween, plan.batch.size);
  return {
    ...{ engine, plan, reference, read, before },
    anchoring: (options) =>
      plan.targets === "rows"
        ? hostAnchoring({ plan, reference, read, readBetween }, options)
        : deviceAnchoring({ engine, plan, reference }, options),
    answers: (params, from, to) =>
      sampleResponses(engine, {
        ...{ model, params, temperature, stopToken, data: to, maxNewTokens },
        key: fold(fold(plan.key, SAMPLING), from),
      }),
    length: paddedLength(prompt + maxNewTokens - 1, model.config.contextLength),
  };
}

/** One target, or none, for the whole run. */
async function fixedTarget(
  { engine, plan, reference, read }: Frozen,
  kind: TargetKind,
): Promise<Anchors> {
  const { base, data } = plan;
  const scale = await exampleScale(engine, plan);
  const { alpha } = plan.method.settings; // budgets are refused for these
  const model = kind === "base" ? base : kind === "reference" ? reference : undefined;
  const target =
    kind === "baseLabels"
      ? hostTargets(await labelReader(engine, plan).ofData(base, data), data)
      : model &&
        (plan.targets === "rows"
          ? hostTargets(await read(model, data), data)
          : await deviceTarget({ engine, plan, reference }, data, model));
  const step: OuterStep = { alpha, data, target, scale, certify: async () => undefined };
  return { begin: async () => step };
}

/** The student itself, as it was when it was last looked at. */
function onSnapshots({ engine, plan }: Frozen): Anchors {
  const { data, method, schedule } = plan;
  const read = labelReader(engine, plan);
  return {
    async begin(student) {
      let snapshot = engine.clone(student);
      return {
        alpha: method.settings.alpha,
        data,
        target: { of: (rows, T) => read.ofBatch(snapshot, batchAt(data, rows, T)) },
        async renew(now, step) {
          if (step % schedule.period !== 0) return;
          engine.release(snapshot);
          snapshot = engine.clone(now);
        },
        get snapshot() {
          return snapshot;
        },
        async certify() {
          engine.release(snapshot);
          return undefined;
        },
      };
    },
  };
}

/** Anchors at the responses of the data, between distributions or between weights. */
function onData(frozen: Frozen, kind: TargetKind): Anchors {
  const { engine, plan, reference, anchoring, before } = frozen;
  const { data, method, space } = plan;
  const { examples } = plan.certify;
  const certifier = createCertifier(before);
  const looks = anchoring({ data, cumulative: true, resumed: before !== undefined });
  const linear = isBetween(kind) && hasLinearBound(method.settings.interpolation);
  return {
    async begin(student, outer) {
      const between =
        kind === "weightAnchor" && space
          ? await engine.run(() => space.interpolate(student, reference, method.settings.alpha))
          : undefined;
      const look = await looks.begin(student, between);
      const sampled = await sampledLook(frozen, student, between, look, outer);
      return {
        alpha: look.setting.alpha,
        data,
        target: await look.target(),
        ...(kind === "freshAnchor" && { fresh: (...args) => freshly(frozen, ...args) }),
        certify: async (params) => {
          const own = examples === 0 ? undefined : await look.after(params, examples);
          const theirs = own && (await sampled?.(params));
          look.release();
          return (
            own && certifier.certify({ ...look.setting, outer, linear, look: own, sampled: theirs })
          );
        },
      };
    },
    get certified() {
      return certifier.certified;
    },
  };
}

/** Examples of which the student answers the first ones itself: a share λ. */
async function freshly(
  { plan, answers }: Frozen,
  student: Params,
  step: number,
  examples: readonly Example[],
): Promise<readonly Example[]> {
  const count = Math.round(plan.method.sampling.lambda * examples.length);
  if (count === 0) return examples;
  const own = await answers(student, STEPS + step, examples.slice(0, count));
  return [...own, ...examples.slice(count)];
}

/** Anchors at what the student answers itself, anew at every outer step. */
function onSamples({ plan, anchoring, answers, length, before }: Frozen): Anchors {
  const certifier = createCertifier(before);
  const { examples } = plan.certify;
  const linear = hasLinearBound(plan.method.settings.interpolation);
  return {
    async begin(student, outer) {
      const data = await answers(student, outer, plan.data);
      const look = await anchoring({ data, length }).begin(student);
      return {
        alpha: look.setting.alpha,
        data,
        target: await look.target(),
        certify: async (params) => {
          // Whole sequences need all of them.
          const all = examples === 0 ? undefined : await look.after(params, Infinity);
          look.release();
          const own = all && first(all, examples);
          return (
            own && certifier.certify({ ...look.setting, outer, linear, look: own, sampled: all })
          );
        },
      };
    },
    get certified() {
      return certifier.certified;
    },
  };
}

/** Looks at responses that certify whole sequences, before the step; and after it when called. */
async function sampledLook(
  { plan, anchoring, answers, length }: Frozen,
  student: Params,
  between: Params | undefined,
  { setting }: OuterLook,
  outer: number,
): Promise<((next: Params) => Promise<Look>) | undefined> {
  const { sequences, examples } = plan.certify;
  if (sequences === 0 || examples === 0) return undefined;
  const data = await answers(student, outer, plan.data.slice(0, sequences));
  const look = await anchoring({ data, length }).begin(student, between, setting);
  return async (next) => {
    const seen = await look.after(next, Infinity);
    look.release();
    return seen;
  };
}
