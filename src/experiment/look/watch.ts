import { targetOf } from "../../anchored/objectives/kinds.ts";
import { interpolateWeights } from "../../anchored/objectives/weights.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Params } from "../../nn/config.ts";
import type { Vocabulary } from "../../tasks/study/vocabulary.ts";
import type { Distributions, FinalScores, Probe } from "../measurements.ts";
import type { RowRecipe } from "../recipe.ts";
import { anchorOf, type Compared, type LogProbRows } from "./closeness.ts";
import type { About, Evaluator, Observation } from "./evaluate.ts";
import { hasWeight } from "./judge.ts";
import { type Known, know, type Landmarks } from "./landmarks.ts";
import { viewTokens } from "./tokenViews.ts";

export interface WatchOptions {
  readonly evaluator: Evaluator;
  readonly vocabulary: Vocabulary;
  readonly about: About;
  readonly landmarks: Landmarks;
  /** p_sft, on the host. */
  readonly reference: Params | undefined;
  readonly row: RowRecipe;
  readonly seed: number;
  /** Seconds, from any origin. */
  readonly now: () => number;
  /** Is shown every student that is looked at. */
  readonly show?: ((student: Student) => Promise<void>) | undefined;
}

/** A student that a study looks at while it is trained. */
export interface Student {
  readonly seed: number;
  readonly row: string;
  /** Outer step, from 0. */
  readonly outer: number;
  /** The weight of p_sft in this outer step's anchor, for methods with a frozen one. */
  readonly alpha?: number;
  /** Whether it is the end of the outer step, or of a training that has none. */
  readonly ended: boolean;
  /** Resident, and only until the promise is kept; not consumed. */
  readonly params: Params;
}

/** What a probe says about itself. */
type Standing = Pick<Probe, "step" | "steps" | "outer"> & {
  readonly alpha: number | undefined;
  readonly params: Params;
};

/** Looks at one row while it is trained. */
export interface Watch {
  /** Training goes on in an outer step that began with this student. */
  goOn(snapshot: Params): Promise<void>;
  /** A student in the middle of an outer step. */
  probe(at: Standing): Promise<Probe>;
  /** A student at the end of an outer step, which is the snapshot of the next one. */
  outer(at: Pick<Standing, "outer" | "alpha" | "params">): Promise<Distributions>;
  /** The finished row. */
  evaluate(params: Params): Promise<FinalScores>;
  /** Seconds that looking took. */
  spent(): number;
}

export function watchRow(engine: Engine, options: WatchOptions): Watch {
  const { evaluator, vocabulary, about, row, seed, now } = options;
  const { base, reference, watched } = options.landmarks;
  const inWeightSpace = targetOf(row.method) === "weightAnchor";
  let snapshot = base;
  let snapshotParams = about.base;
  let anchor: { readonly outer: number; readonly known: Known } | undefined;
  let seconds = 0;
  /** What the outer steps so far leave of the base in an exact anchor. */
  let left = 1;

  /** Each outer step's anchor is made once. */
  async function knownAnchor(outer: number, alpha: number | undefined): Promise<Known | undefined> {
    if (alpha === undefined || !reference) return undefined;
    if (anchor?.outer !== outer) anchor = { outer, known: await anchorAt(alpha, reference) };
    return anchor.known;
  }
  /** Between models, or the model between their weights. */
  async function anchorAt(alpha: number, tuned: Known): Promise<Known> {
    if (!inWeightSpace) return between(row, alpha, snapshot, tuned);
    const weights = interpolateWeights(snapshotParams, options.reference as Params, alpha);
    return know(evaluator, await engine.run(() => weights), about.data, watched);
  }
  const others = (anchored: Known | undefined): Compared<Observation> => ({
    base: base.observed,
    reference: reference?.observed,
    anchor: anchored?.observed,
  });
  async function timed<T>(look: () => Promise<T>): Promise<T> {
    const start = now();
    const seen = await look();
    seconds += now() - start;
    return seen;
  }

  async function show(at: Pick<Standing, "outer" | "alpha" | "params">, ended: boolean) {
    const { outer, alpha, params } = at;
    const where = { seed, row: row.id, outer, ...(alpha !== undefined && { alpha }) };
    await options.show?.({ ...where, ended, params });
  }

  return {
    goOn: (params) =>
      timed(async () => {
        snapshot = await know(evaluator, params, about.data, watched);
        snapshotParams = params;
      }),
    probe: ({ step, steps, outer, alpha, params }) =>
      timed(async () => {
        await show({ outer, alpha, params }, false);
        const anchored = await knownAnchor(outer, alpha);
        const observed = await evaluator.observe(params, about.data);
        const scores = await evaluator.probe(params, observed, others(anchored), about);
        const where = { seed, row: row.id, step, steps, outer };
        return { kind: "probe", ...where, ...(alpha !== undefined && { alpha }), ...scores };
      }),
    outer: ({ outer, alpha, params }) =>
      timed(async () => {
        await show({ outer, alpha, params }, true);
        left *= 1 - (alpha ?? 0);
        const anchored = await knownAnchor(outer, alpha);
        const next = await know(evaluator, params, about.data, watched);
        const tokens = viewTokens(
          watched,
          {
            snapshot: snapshot.watched,
            anchor: anchored?.watched,
            reference: reference?.watched,
            next: next.watched,
          },
          vocabulary,
        );
        snapshot = next;
        if (inWeightSpace) snapshotParams = await engine.run(() => params);
        const where = { seed, row: row.id, outer, ...(alpha !== undefined && { alpha }) };
        return { kind: "distributions", ...where, tokens };
      }),
    evaluate: (params) => {
      const toward = hasWeight(row) && left < 1 ? { row, weight: 1 - left } : undefined;
      return evaluator.evaluate(params, others(anchor?.known), about, toward);
    },
    spent: () => seconds,
  };
}

/** The same wherever models were looked at. */
function between(row: RowRecipe, alpha: number, snapshot: Known, reference: Known): Known {
  const mix = (from: LogProbRows, to: LogProbRows): LogProbRows => anchorOf(row, alpha, from, to);
  return {
    observed: {
      target: mix(snapshot.observed.target, reference.observed.target),
      skills: snapshot.observed.skills.map((rows, i) =>
        mix(rows, reference.observed.skills[i] as LogProbRows),
      ),
    },
    watched: mix(snapshot.watched, reference.watched),
  };
}
