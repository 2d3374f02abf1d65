import type { FineTuneCheckpoint } from "../../anchored/resume.ts";
import { checkpointIn, checkpointWeights } from "../../finetune/files/checkpointFile.ts";
import { isRecord } from "../../json/isRecord.ts";
import { located } from "../../tensor/errors.ts";
import { isCount } from "../../tensor/shapes.ts";
import { refuse } from "../../text/jsonl.ts";
import type { Checkpoints } from "../../weights/store.ts";
import { readJson } from "../json.ts";
import { measurementOf, measurementText, type Result, type RowResult } from "../measurements.ts";
import type { Recipe } from "../recipe.ts";

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

/** Whose row it is. */
interface Of {
  readonly recipe: Recipe;
  readonly seed: number;
}

/**
 * @param name of the row: `seed-0/sft-3e-3`
 * @throws DataError, when it loads, for a file that holds something else
 */
export function keeperIn(checkpoints: Checkpoints, name: string, of: Of): Keeper {
  return {
    async load() {
      const weights = await checkpoints.load(name);
      if (!weights) return undefined;
      const { told, ...rest } = aboutIn(readJson(weights.metadata["row"] ?? "", name), name);
      // It knows all tasks: a page that keeps nothing does not load it.
      const { measurementCheck } = await import("../runs/checkRun.ts");
      const check = measurementCheck({ recipe: of.recipe, seeds: [of.seed] });
      const results = told.flatMap((text): RowMeasurement[] => {
        const json = readJson(text, name);
        const m = measurementOf(located(name, () => check(json)));
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

function aboutIn(value: unknown, name: string): About {
  const { tokens, seconds, told } = isRecord(value) ? value : {};
  const isText = (line: unknown): line is string => typeof line === "string";
  if (typeof tokens === "number" && isCount(tokens) && typeof seconds === "number")
    if (Array.isArray(told) && told.every(isText) && seconds >= 0) return { tokens, seconds, told };
  return refuse(name, "how far a row has come", value);
}
