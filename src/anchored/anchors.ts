import { createEngine } from "../engines/create.ts";
import type { Engine } from "../engines/engine.ts";
import type { Params } from "../nn/config.ts";
import { logSoftmax } from "../tensor/ops.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { certificate } from "./certificate.ts";
import { kl } from "./divergences.ts";
import { interpolate } from "./interpolations.ts";
import { tempered } from "./losses.ts";
import { objectives } from "./objectives.ts";
import type { FineTunePlan } from "./options.ts";
import { hostRows, mapRows, type ResponseRows, responseReader } from "./responseRows.ts";
import { total } from "./totals.ts";
import { checkCertificate, type Verdict } from "./verdict.ts";

/** What the batches of one outer step are compared with. */
export interface OuterTarget {
  /** The reference's weight. */
  readonly alpha: number;
  readonly rows: ResponseRows | undefined;
}

/** Looks at the frozen models of a run: the student's snapshots, the reference, the base. */
export interface Anchors {
  /** The student's rows; undefined for methods that freeze no student. */
  observe(params: Params): Promise<ResponseRows | undefined>;
  /** The targets of an outer step that starts at this snapshot. */
  target(snapshot: ResponseRows | undefined): Promise<OuterTarget>;
  /** The certificate of a step, in float64; undefined for methods that have none. */
  certify(
    alpha: number,
    snapshot: ResponseRows | undefined,
    next: ResponseRows | undefined,
  ): Promise<Verdict | undefined>;
}

/** Reads what does not change during the run: the rows of the reference or of the base. */
export async function createAnchors(engine: Engine, plan: FineTunePlan): Promise<Anchors> {
  const { model, data, batchSize, reference, base, interpolation, temperature } = plan;
  const kind = objectives[plan.method].target;
  const read = responseReader(engine, model, batchSize);
  const fixed =
    kind === "none" ? undefined : await read(kind === "base" ? base : (reference as Params), data);
  const temper = tempered("fineTune", temperature);

  async function weight(snapshot: ResponseRows, other: ResponseRows): Promise<number> {
    if (typeof plan.alpha === "number") return plan.alpha;
    const divergence = (p: Tensor, s: Tensor): Tensor =>
      kl(logSoftmax(temper(p)), logSoftmax(temper(s)));
    const perToken = await mapRows(engine, divergence, snapshot, other);
    const mean = total(perToken) / perToken.length;
    return Math.min(1, plan.alpha.budget / Math.max(mean, Number.MIN_VALUE));
  }

  return {
    observe: async (params) => (kind === "anchor" ? read(params, data) : undefined),

    async target(snapshot) {
      if (kind !== "anchor" || !snapshot || !fixed)
        return { alpha: plan.alpha as number, rows: fixed };
      const alpha = await weight(snapshot, fixed);
      const anchor = (p: Tensor, s: Tensor): Tensor =>
        interpolate(interpolation, alpha)(temper(p), temper(s));
      return { alpha, rows: { ...snapshot, data: await mapRows(engine, anchor, snapshot, fixed) } };
    },

    async certify(alpha, snapshot, next) {
      if (!snapshot || !next || !fixed || plan.certified === 0) return undefined;
      await using float64 = await createEngine({ backend: "reference" });
      const [p, s, after] = [snapshot, fixed, next].map((rows) => hostRows(rows, plan.certified));
      const values = await float64.run(() =>
        certificate({
          snapshotLogits: p as Tensor,
          referenceLogits: s as Tensor,
          nextLogits: after as Tensor,
          alpha,
          interpolation,
          temperature,
        }),
      );
      return checkCertificate(values);
    },
  };
}
