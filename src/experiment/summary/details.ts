import type { RowResult } from "../measurements.ts";
import { mean } from "./statistics.ts";

/** What a finished row is judged by besides gain and drop, for tables. */
export type Detail =
  | "rare"
  | "leak"
  | "worstDrop"
  | "bareDrop"
  | "kept"
  | "lossRise"
  | "ece"
  | "targetKl"
  | "targetKlReverse"
  | "distance"
  | "anchorKept"
  | "anchorCertified"
  | "anchorSlack";

interface DetailOf {
  /** Above a column. */
  readonly title: string;
  /** Undefined, or no number, where it was not measured. */
  readonly of: (row: RowResult, base: RowResult) => number | undefined;
}

/** 1 − share / share of the base; undefined where the base had nothing to lose. */
const lost = (share: number | undefined, before: number | undefined): number | undefined =>
  share === undefined || !before ? undefined : 1 - share / before;

export const details: { readonly [D in Detail]: DetailOf } = {
  rare: { title: "marker right", of: ({ rare }) => rare },
  leak: { title: "marker after prior answers", of: ({ leak }) => leak },
  worstDrop: {
    title: "lost of the worst skill",
    of: ({ prior }, base) =>
      Math.max(...Object.entries(prior).map(([skill, x]) => lost(x, base.prior[skill]) ?? 0)),
  },
  bareDrop: {
    title: "lost, ends aside",
    of: ({ priorBare }, base) =>
      priorBare && base.priorBare
        ? lost(mean(Object.values(priorBare)), mean(Object.values(base.priorBare)))
        : undefined,
  },
  kept: { title: "right answers kept", of: ({ kept }) => kept },
  lossRise: {
    title: "rise of the prior loss, nats",
    of: ({ priorLoss }, base) =>
      priorLoss === undefined || base.priorLoss === undefined
        ? undefined
        : priorLoss - base.priorLoss,
  },
  ece: { title: "calibration error", of: ({ ece }) => ece },
  targetKl: { title: "KL(base‖θ) on the target", of: ({ onTarget }) => onTarget.klFromBase },
  targetKlReverse: { title: "KL(θ‖base) on the target", of: ({ onTarget }) => onTarget.klToBase },
  distance: { title: "‖θ − base‖", of: ({ distance }) => distance },
  anchorKept: { title: "kept by the anchor", of: ({ anchorKept }) => anchorKept?.kept },
  anchorCertified: { title: "certified by κ", of: ({ anchorKept }) => anchorKept?.certified },
  anchorSlack: { title: "median slack, nats", of: ({ anchorKept }) => anchorKept?.slack.median },
};
