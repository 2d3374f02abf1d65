import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import { ids } from "../../tensor/apply.ts";
import { logSoftmax } from "../../tensor/ops.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Batch, collate, type Layout, layoutOf } from "../../train/batches.ts";
import { type Example, spansOf } from "../../train/examples.ts";
import {
  type Column,
  joined as joinedLooks,
  type Look,
  type StepColumns,
} from "../certificates/look.ts";
import { TOLERANCE } from "../certificates/verdict.ts";
import { interpolate } from "../objectives/interpolations.ts";
import { tempered } from "../objectives/losses.ts";
import { isAnchored } from "../objectives/objective.ts";
import type { Plan } from "../plan.ts";
import type { Anchoring, AnchoringOptions, OuterLook } from "./anchoring.ts";
import { hiddenTargets } from "./hiddenTargets.ts";
import { batchAt } from "./labelRows.ts";
import type { LanguageModel } from "./languageModel.ts";
import { certificateColumns, LOSSES, type Looked, START, STEP } from "./onDevice.ts";
import { type AnchorSetting, startsOf } from "./responseRows.ts";
import type { Targets } from "./targets.ts";

interface Device {
  readonly engine: Engine;
  readonly plan: Plan;
  readonly reference: Params;
}

/** Positions of certificates are padded to a multiple of this, so that few programs are traced. */
const PLACES = 32;

/**
 * Looks at the frozen models with forward passes: for the anchor's hidden states, once an outer
 * step, or for the anchor of each batch; and at the end of a step for its certificate.
 */
export function deviceAnchoring(device: Device, options: AnchoringOptions): Anchoring {
  const { engine, plan, reference } = device;
  const { data, cumulative = false } = options;
  const { interpolation, temperature, alpha } = plan.method.settings;
  const look = lookProgram(device, options);
  return {
    async begin(student, between, given): Promise<OuterLook> {
      const snapshot = engine.clone(student);
      const setting = given ?? { alpha, interpolation, temperature };
      const frozen = { snapshot, reference, ...(between && { between }) };
      const start = cumulative ? { start: plan.base } : {};
      return {
        setting,
        target: () => anchorTargets(device, data, frozen, setting, plan.space?.model),
        after: (next, examples) => look({ ...frozen, ...start, next }, examples, setting),
        release: () => engine.release(snapshot),
      };
    },
  };
}

/** The logits of one frozen model, for methods without an anchor. */
export const deviceTarget = (
  device: Device,
  data: readonly Example[],
  params: Params,
): Promise<Targets> => {
  const models = { snapshot: params, reference: params, between: params };
  return anchorTargets(device, data, models, device.plan.method.settings);
};

type Frozen = Omit<Looked, "next" | "start">;

async function anchorTargets(
  { engine, plan }: Device,
  data: readonly Example[],
  { snapshot, reference, between }: Frozen,
  { alpha, interpolation, temperature }: AnchorSetting,
  betweenModel: LanguageModel = plan.model,
): Promise<Targets> {
  const { model, targets, method } = plan;
  if (targets === "hidden") {
    const ends = [snapshot, reference] as const;
    const one = between && { params: between, model: betweenModel };
    return hiddenTargets({ engine, plan }, data, one ?? { ends, alpha });
  }
  const temper = tempered("fineTune", temperature);
  const anchor = engine.compile(function anchor(
    models: Frozen,
    tokens: Tensor,
    layout: Partial<Layout>,
  ) {
    const of = (params: Params, by = model) => by.apply(params, tokens, layoutOf(layout));
    if (models.between) {
      const logits = of(models.between, betweenModel);
      return isAnchored(method.objective.target) ? logSoftmax(temper(logits)) : logits;
    }
    const mix = interpolate(interpolation, alpha);
    return mix(temper(of(models.snapshot)), temper(of(models.reference)));
  });
  const models = between ? ({ between } as Frozen) : { snapshot, reference };
  const ofBatch = (batch: Batch): Promise<Tensor> =>
    anchor(models, batch.tokens, layoutOf(batch) ?? {});
  return { of: (rows, T) => ofBatch(batchAt(data, rows, T)), ofBatch };
}

/** Columns of a certificate, a batch of examples at a time. */
function lookProgram({ engine, plan }: Device, { data, length }: AnchoringOptions) {
  const { model, batch, space } = plan;
  const { contextLength } = model.config;
  const programs = new Map<string, ReturnType<typeof compiled>>();
  const compiled = (setting: AnchorSetting) =>
    engine.compile(function certify(
      models: Looked,
      tokens: Tensor,
      layout: Partial<Layout>,
      places: Tensor,
      labels: Tensor,
    ) {
      const where = { tokens, layout: layoutOf(layout), places, labels };
      return certificateColumns([model, space?.model ?? model], models, where, setting);
    });
  return async (models: Looked, examples: number, setting: AnchorSetting): Promise<Look> => {
    const name = JSON.stringify(setting);
    const program = programs.get(name) ?? compiled(setting);
    programs.set(name, program);
    const looks: Look[] = [];
    for (let from = 0; from < Math.min(data.length, examples); from += batch.size) {
      const part = data.slice(from, Math.min(from + batch.size, examples));
      const given = collate(part, length === undefined ? { contextLength } : { length });
      const places = placesOf(part, at(given.tokens.shape, 1));
      const labels = places.map((place) => at(given.labels.data, place));
      const layout = layoutOf(given) ?? {};
      const columns = await program(models, given.tokens, layout, ids(places), ids(labels));
      const numbers = await engine.read(columns);
      engine.release(columns);
      const exact = setting.interpolation === "logit" && !models.between;
      const shape = { exact, started: models.start !== undefined };
      looks.push(lookOf(startsOf(part), numbers, shape, model.config.vocabSize));
    }
    return joinedLooks(looks);
  };
}

/** Where targets are predicted, in order, padded. */
export function placesOf(examples: readonly Example[], T: number): number[] {
  const places: number[] = [];
  examples.forEach((example, row) => {
    for (const [from, to] of spansOf(example))
      for (let t = from; t < to; t++) places.push(row * T + t);
  });
  while (places.length % PLACES !== 0) places.push(0);
  return places;
}

function lookOf(
  starts: readonly number[],
  numbers: ArrayLike<number>,
  { exact, started }: { readonly exact: boolean; readonly started: boolean },
  vocabSize: number,
): Look {
  const tokens = starts.at(-1) ?? 0;
  const width = 2 + STEP.length + (started ? START.length + LOSSES.length : 0);
  const column = (index: number): Column =>
    Float64Array.from({ length: tokens }, (_, token) => at(numbers, token * width + index));
  const named = (names: readonly string[], first: number) =>
    Object.fromEntries(names.map((name, i) => [name, column(first + i)]));
  const largest = column(0);
  const step = { ...named(STEP, 2), ...(exact && { psi: column(1) }) };
  return {
    starts,
    step: step as unknown as StepColumns,
    start: started ? (named(START, 2 + STEP.length) as unknown as Look["start"]) : undefined,
    losses: started
      ? (named(LOSSES, 2 + STEP.length + START.length) as unknown as Look["losses"])
      : undefined,
    ...(numbers instanceof Float32Array && {
      tolerance: (token: number) => tolerance32(at(largest, token), vocabSize),
    }),
  };
}

/**
 * How far terms of float32 may lie apart that are equal, relative to 1 + the divergence. With
 * u = 2⁻²⁴ and L the largest |logit|, a log-probability is off by (3L + ln V + 4)·u at most: its
 * logit, the shift and the logarithm of the sum, each rounded. A term is an expectation of the
 * difference of two of them, and adds the rounding of V products, added in pairs:
 * (log₂ V + 2)·u times the difference's size, at most 2L + ln V. What is compared is made of three
 * terms.
 */
export function tolerance32(largest: number, vocabSize: number): number {
  const [L, V] = [largest, vocabSize];
  const one = 3 * L + Math.log(V) + 4;
  const added = (Math.log2(V) + 2) * (2 * L + Math.log(V));
  return Math.max(TOLERANCE, 3 * 2 ** -24 * (2 * one + added));
}
