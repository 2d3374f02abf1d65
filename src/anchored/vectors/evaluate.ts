import type { Engine } from "../../engines/engine.ts";
import { tokenCrossEntropy } from "../../nn/losses.ts";
import { constant, tensor } from "../../tensor/apply.ts";
import { valueAndGrad } from "../../tensor/grad.ts";
import { logSoftmax, mul, neg, reshape, sub } from "../../tensor/ops.ts";
import { at } from "../../tensor/shapes.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { projected } from "../gradients.ts";
import { interpolate } from "../objectives/interpolations.ts";
import { objectiveLoss } from "../objectives/loss.ts";
import { tempered } from "../objectives/losses.ts";
import { type Method, objectives } from "../objectives/methods.ts";
import {
  isAnchored,
  type ObjectiveInputs,
  type ObjectiveSettings,
} from "../objectives/objective.ts";
import { withReplay } from "../objectives/replayed.ts";
import { type Cube, defaults, type Rows, type VectorInputs, type VectorSettings } from "./cases.ts";

/** What a loss makes of its inputs. */
export interface VectorResult {
  /** Nats a token. */
  readonly loss: number;
  /** In the logits, [B][T][V]. */
  readonly gradient: Cube;
  /** In the parameters, [N], of methods with a penalty on them. */
  readonly paramsGradient?: readonly number[];
}

/**
 * A method's loss and gradient on a vector's inputs.
 * @param engine the reference engine for float64
 */
export async function evaluateVector(
  engine: Engine,
  {
    method,
    settings,
    inputs,
  }: {
    readonly method: Method;
    readonly settings: VectorSettings;
    readonly inputs: VectorInputs;
  },
): Promise<VectorResult> {
  const { penalty, gradient: kind } = objectives[method];
  const objective = inputs.replayed ? withReplay(objectives[method]) : objectives[method];
  const filled = { ...defaults, ...settings };
  const given = await readInputs(engine, method, inputs, filled);
  const [base, fisher] = [inputs.baseParams, inputs.fisher].map((x) => x && { x: tensor(x) });
  const lossOf =
    (mask: Tensor) =>
    ({ logits, ...params }: Record<string, Tensor>): Tensor =>
      objectiveLoss(
        objective,
        { ...given, logits: logits as Tensor, mask, params, base, fisher },
        filled,
      );
  const start = {
    logits: tensor(inputs.logits),
    ...(penalty && inputs.params && { x: tensor(inputs.params) }),
  };
  const { mask, replayed } = given;
  const [loss, gradient] = await engine.run(() =>
    kind === "projected" && replayed
      ? projected(lossOf(mul(mask, sub(1, replayed))), lossOf(mul(mask, replayed)))(start, {})
      : valueAndGrad(lossOf(mask))(start),
  );
  const logits = gradient["logits"] as Tensor;
  return {
    loss: at(loss.data, 0),
    gradient: nested(logits),
    ...(gradient["x"] && { paramsGradient: [...gradient["x"].data] }),
  };
}

/** A vector's inputs as an objective takes them, what it compares with included. */
async function readInputs(
  engine: Engine,
  method: Method,
  inputs: VectorInputs,
  settings: ObjectiveSettings,
): Promise<Omit<ObjectiveInputs, "logits">> {
  const labels = integers(inputs.labels);
  const mask = tensor(inputs.mask);
  const target = targetOf(method, inputs, labels, settings);
  const scale = await scaleOf(engine, method, inputs, labels, settings);
  const replayed = inputs.replayed && tensor(inputs.replayed);
  return { labels, mask, target, scale, replayed };
}

function targetOf(
  method: Method,
  { baseLogits, referenceLogits, snapshotLogits }: VectorInputs,
  labels: Tensor,
  { alpha, interpolation, temperature }: ObjectiveSettings,
): Tensor | undefined {
  const { target } = objectives[method];
  if (target === "none") return undefined;
  if (target === "base") return cubeOf(baseLogits);
  if (target === "baseLabels") return logProbsAt(cubeOf(baseLogits), labels);
  if (target === "snapshot") return logProbsAt(cubeOf(snapshotLogits), labels);
  const reference = cubeOf(referenceLogits);
  if (!isAnchored(target)) return reference;
  const temper = tempered("vectors", temperature);
  if (target === "weightAnchor" || !snapshotLogits) return logSoftmax(temper(reference));
  return interpolate(interpolation, alpha)(temper(cubeOf(snapshotLogits)), temper(reference));
}

/** The factors of a method that weighs examples by the base's loss on them. */
async function scaleOf(
  engine: Engine,
  method: Method,
  { baseLogits, mask }: VectorInputs,
  labels: Tensor,
  settings: ObjectiveSettings,
): Promise<Tensor | undefined> {
  const { exampleWeights } = objectives[method];
  if (!exampleWeights) return undefined;
  const { data } = await engine.run(() => tokenCrossEntropy(cubeOf(baseLogits), labels));
  const losses = mask.map((row, b) => {
    const own = row.flatMap((counts, t) => (counts ? [at(data, b * row.length + t)] : []));
    return own.reduce((sum, x) => sum + x, 0) / own.length;
  });
  const weights = exampleWeights(losses, settings);
  return tensor(mask.map((row, b) => row.map(() => at(weights, b))));
}

const logProbsAt = (logits: Tensor, labels: Tensor): Tensor =>
  reshape(neg(tokenCrossEntropy(logits, labels)), [...labels.shape, 1]);

function cubeOf(logits: Cube | undefined): Tensor {
  if (!logits) throw new TypeError("vectors: expected logits of a frozen model, got none");
  return tensor(logits);
}

const integers = (rows: Rows): Tensor =>
  constant(Int32Array.from(rows.flat()), [rows.length, at(rows, 0).length]);

function nested({ data, shape }: Tensor): Cube {
  const [B, T, V] = [at(shape, 0), at(shape, 1), at(shape, 2)];
  // JSON has no −0.
  const row = (place: number): number[] =>
    Array.from(data.slice(place * V, (place + 1) * V), (x) => (x === 0 ? 0 : x));
  return Array.from({ length: B }, (_, b) => Array.from({ length: T }, (_, t) => row(b * T + t)));
}
