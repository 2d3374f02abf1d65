import type { FineTuneCheckpoint } from "../../anchored/resume.ts";
import { checkpointIn, checkpointWeights } from "../../finetune/files/checkpointFile.ts";
import type { Checkpoints } from "../../weights/store.ts";
import { readJson } from "../json.ts";
import {
  measurementOf,
  measurementText,
  type Result,
  type RowResult,
  type Written,
} from "../measurements.ts";

/** What a row tells while it is trained. */
export type RowMeasurement = Exclude<Result, RowResult>;

/** A row on its way: where its training stands, and what it told before. */
export interface UnfinishedRow {
  readonly checkpoint: FineTuneCheckpoint;
  /** All that was measured up to there, which the next attempt tells again. */
  readonly told: readonly RowMeasurement[];
  /** Positions that training went through so far. */
  readonly tokens: number;
  /** That all attempts took so far, without their probes. */
  readonly seconds: number;
}

/** Keeps a row on its way, so that another attempt goes on from there, to the same bits. */
export interface Keeper {
  /** @returns undefined where nothing was kept */
  load(): Promise<UnfinishedRow | undefined>;
  save(row: UnfinishedRow): Promise<void>;
}

/** Beside the weights, as JSON. */
interface About {
  readonly tokens: number;
  readonly seconds: number;
  readonly told: readonly string[];
}

/** @param name of the row: `seed-0/sft-3e-3` */
export function keeperIn(checkpoints: Checkpoints, name: string): Keeper {
  return {
    async load() {
      const weights = await checkpoints.load(name);
      if (!weights) return undefined;
      const { told, ...rest } = readJson(weights.metadata["row"] ?? "", name) as About;
      const results = told.flatMap((text): RowMeasurement[] => {
        const m = measurementOf(readJson(text, name) as Written);
        return m.kind === "row" ? [] : [m];
      });
      return { checkpoint: checkpointIn(weights, name), told: results, ...rest };
    },
    async save({ checkpoint, told, tokens, seconds }) {
      const { tensors, metadata } = checkpointWeights(checkpoint);
      const about: About = { tokens, seconds, told: told.map(measurementText) };
      await checkpoints.save(name, {
        tensors,
        metadata: { ...metadata, row: JSON.stringify(about) },
      });
    },
  };
}
