import type { Params } from "../../nn/config.ts";
import { at } from "../../tensor/shapes.ts";
import { labelsOf } from "../../train/examples.ts";
import { joined, type Look } from "../certificates/look.ts";
import { stepColumns } from "../certificates/stepTerms.ts";
import type { Plan } from "../plan.ts";
import type { Anchoring, AnchoringOptions } from "./anchoring.ts";
import { largestWeight } from "./budget.ts";
import {
  type AnchorSetting,
  anchorRows,
  likeArray,
  logSoftmaxRows,
  type ReadRows,
  type ResponseRows,
  rowsBetween,
  startsOf,
} from "./responseRows.ts";
import { hostTargets } from "./targets.ts";

interface Frozen {
  readonly plan: Plan;
  readonly reference: Params;
  readonly read: ReadRows;
  /** Reads the anchor where it is a model of its own. */
  readonly readBetween: ReadRows;
}

/**
 * Looks at the frozen models once, and keeps what they say on the host, [targets, V] each: the
 * quickest way with small vocabularies. Anchors and certificates are made in float64.
 */
export function hostAnchoring(
  { plan, reference, read, readBetween }: Frozen,
  { data, length, cumulative = false, resumed = false }: AnchoringOptions,
): Anchoring {
  const { vocabSize } = plan.model.config;
  const starts = startsOf(data);
  let tuned: ResponseRows | undefined;
  let start: ResponseRows | undefined;
  let observed: ResponseRows | undefined; // the student's rows at the end of the last step

  /** The rows of a student, and what they certify, a batch at a time. */
  async function lookAfter(
    next: Params,
    examples: number,
    rows: { [Name in "start" | "anchor"]: ResponseRows | undefined } & {
      [Name in "snapshot" | "reference"]: ResponseRows;
    },
    setting: AnchorSetting,
  ): Promise<Look> {
    const looks: Look[] = [];
    const all = likeArray(rows.snapshot.data, rows.snapshot.data.length);
    for (let from = 0; from < data.length; from += plan.batch.size) {
      const to = Math.min(from + plan.batch.size, data.length);
      const seen = await read(next, data.slice(from, to), length);
      all.set(seen.data, at(starts, from) * vocabSize);
      const certified = Math.min(to, examples);
      if (certified <= from) continue;
      const part = (x: ResponseRows): ResponseRows => rowsBetween(x, from, certified);
      const chunk = {
        start: rows.start && part(rows.start),
        ...{ snapshot: part(rows.snapshot), reference: part(rows.reference) },
        anchor: rows.anchor && part(rows.anchor),
        next: rowsBetween(seen, 0, certified - from),
        labels: data.slice(from, certified).flatMap(labelsOf),
      };
      looks.push({ starts: chunk.snapshot.starts, ...stepColumns(chunk, setting) });
    }
    observed = { vocabSize, starts, data: all };
    return joined(looks);
  }

  return {
    async begin(student, between, given) {
      const snapshot = observed ?? (await read(student, data, length));
      observed = undefined;
      if (cumulative) start ??= resumed ? await read(plan.base, data, length) : snapshot;
      tuned ??= await read(reference, data, length);
      const rows = {
        ...{ start, snapshot, reference: tuned },
        anchor: between && (await readBetween(between, data, length)),
      };
      const setting = given ?? settingOf(plan, snapshot, tuned);
      return {
        setting,
        target: async () =>
          hostTargets(
            rows.anchor
              ? logSoftmaxRows(rows.anchor, setting.temperature)
              : anchorRows(snapshot, rows.reference, setting),
            data,
          ),
        after: (next, examples) => lookAfter(next, examples, rows, setting),
        release: () => {},
      };
    },
  };
}

/** The anchor's place in one outer step; a budget is turned into a weight. */
function settingOf(
  { method: { alpha, settings } }: Plan,
  snapshot: ResponseRows,
  reference: ResponseRows,
): AnchorSetting {
  const { interpolation, temperature } = settings;
  const path = { interpolation, temperature };
  return typeof alpha === "object" && "budget" in alpha
    ? { alpha: largestWeight({ snapshot, reference, ...alpha, ...path }), ...path }
    : { alpha: settings.alpha, ...path };
}
