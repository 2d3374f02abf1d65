/**
 * Frozen models where they are: on the device, looked at in parts, so that no rows of a whole
 * vocabulary lie on the host, nor more than a block of them on the device where the model shows its
 * hidden states.
 */
import type { Params } from "../../nn/config.ts";
import { tokenCrossEntropy } from "../../nn/losses.ts";
import {
  concat,
  gather,
  logSoftmax,
  max,
  maximum,
  mul,
  neg,
  reshape,
  slice,
  stopGradient,
  sub,
} from "../../tensor/ops.ts";
import { checkpoint } from "../../tensor/recompute.ts";
import { at, sizeOf } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Layout } from "../../train/batches.ts";
import { expectation, termsOf } from "../certificates/certificate.ts";
import { interpolate } from "../objectives/interpolations.ts";
import { tempered } from "../objectives/losses.ts";
import { isAnchored, isOfLabels, type Objective } from "../objectives/objective.ts";
import type { LanguageModel } from "./languageModel.ts";
import type { AnchorSetting } from "./responseRows.ts";

/** Most logits of a block. */
const BLOCK = 2 ** 22;

/** Rows [R, …] in blocks, and what is made of each, one after the other. */
export function inBlocks(
  rows: number,
  vocabSize: number,
  make: (from: number, n: number) => Tensor,
): Tensor {
  const most = Math.max(1, Math.floor(BLOCK / vocabSize));
  const made: Tensor[] = [];
  for (let from = 0; from < rows; from += most) made.push(make(from, Math.min(most, rows - from)));
  return concat(made);
}

export const rowsOf = (x: Tensor, from: number, n: number): Tensor =>
  slice(
    x,
    x.shape.map((_, axis) => (axis === 0 ? from : 0)),
    [n, ...x.shape.slice(1)],
  );

/** [B, T, …] → [B·T, …]. */
export const flat = (x: Tensor): Tensor => reshape(x, [-1, ...x.shape.slice(2)]);

/**
 * An objective whose logits and targets are hidden states [B, T, C]: head and divergence come block
 * by block, and are computed again for the gradient instead of being kept.
 */
export function throughHead(objective: Objective, model: LanguageModel): Objective {
  const { head } = model;
  if (!head) throw new TypeError("fineTune: expected a model with a head, got one without");
  return {
    ...objective,
    perToken: (inputs, settings) => {
      const { logits: hidden, labels, mask, target, replayed, params = {}, ...rest } = inputs;
      const temper = tempered("fineTune", settings.temperature);
      const comparedOf = (states: Tensor): Tensor => {
        if (isOfLabels(objective.target)) return states;
        const logits = stopGradient(head(params, states));
        return isAnchored(objective.target) ? logSoftmax(temper(logits)) : logits;
      };
      const [h, y, m] = [flat(hidden), flat(labels), flat(mask)];
      const block = (from: number, n: number): Tensor =>
        checkpoint((states: Tensor) =>
          objective.perToken(
            {
              ...{ ...rest, params, labels: rowsOf(y, from, n), mask: rowsOf(m, from, n) },
              logits: head(params, states),
              target: target && comparedOf(rowsOf(flat(target), from, n)),
              replayed: replayed && rowsOf(flat(replayed), from, n),
            },
            settings,
          ),
        )(rowsOf(h, from, n));
      return reshape(inBlocks(at(y.shape, 0), model.config.vocabSize, block), labels.shape);
    },
  };
}

/** The models of an outer step. */
export interface Looked {
  readonly snapshot: Params;
  readonly reference: Params;
  /** The anchor, where it is a model. */
  readonly between?: Params;
  readonly next: Params;
  /** p_0. */
  readonly start?: Params;
}

/** Columns of `certificateColumns`, in order; those of `START` and `LOSSES` where there is a start. */
export const STEP = ["stepKl", "referenceKl", "bound", "anchorKl", "delta", "eta"] as const;
export const START = ["travelled", "whole", "error"] as const;
export const LOSSES = ["start", "snapshot", "reference", "anchor", "next"] as const;

/** Positions of a batch. */
export interface LookedAt {
  readonly tokens: Tensor;
  readonly layout: Layout | undefined;
  readonly places: Tensor;
  readonly labels: Tensor;
}

/**
 * What certifies an outer step, at some positions of a batch.
 * @param model and what reads the anchor's parameters, where it is a model
 * @param places int [R], positions of [B·T]
 * @param labels int [R], what stands there
 * @returns [R, K]: the largest |logit|, psi (0 where there is none), and the columns
 */
export function certificateColumns(
  [model, ofBetween]: readonly [model: LanguageModel, ofBetween: LanguageModel],
  models: Looked,
  { tokens, layout, places, labels }: LookedAt,
  { alpha, interpolation, temperature }: AnchorSetting,
): Tensor {
  const temper = tempered("certificate", temperature);
  const logitsOf = (params: Params, by = model): ((from: number, n: number) => Tensor) => {
    const { hidden, head } = by;
    const rows = gather(flat((hidden && head ? hidden : by.apply)(params, tokens, layout)), places);
    return (from, n) => {
      const part = rowsOf(rows, from, n);
      return temper(hidden && head ? head(params, part) : part);
    };
  };
  const of = {
    ...{ p: logitsOf(models.snapshot), s: logitsOf(models.reference) },
    next: logitsOf(models.next),
  };
  const between = models.between && logitsOf(models.between, ofBetween);
  const start = models.start && logitsOf(models.start);
  return inBlocks(sizeOf(places.shape), model.config.vocabSize, (from, n) => {
    const [zp, zs, zn] = [of.p(from, n), of.s(from, n), of.next(from, n)];
    const [p, s, next] = [logSoftmax(zp), logSoftmax(zs), logSoftmax(zn)];
    const q = between ? logSoftmax(between(from, n)) : interpolate(interpolation, alpha)(zp, zs);
    const terms = termsOf({ p, s, q, next }, alpha, interpolation === "logit" && !between);
    const largest = max(maximum(maximum(size(zp), size(zs)), size(zn)), { axis: -1 });
    const columns = [largest, terms.psi ?? mul(largest, 0), ...STEP.map((name) => terms[name])];
    if (start) {
      const p0 = logSoftmax(start(from, n));
      const under = expectation(p0);
      columns.push(under(sub(p0, next)), under(sub(p0, s)), under(sub(q, next)));
      const y = rowsOf(labels, from, n);
      columns.push(...[p0, p, s, q, next].map((logP) => tokenCrossEntropy(logP, y)));
    }
    return concat(
      columns.map((x) => reshape(x, [n, 1])),
      1,
    );
  });
}

const size = (x: Tensor): Tensor => maximum(x, neg(x));
