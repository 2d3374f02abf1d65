import type { Engine } from "../../engines/engine.ts";
import { type Advice, recommend } from "../../finetune/diagnosis/recommend.ts";
import type { RunDirectory } from "../runs/run.ts";
import {
  type Agreement,
  agreementOf,
  type FamilyVolume,
  familyVolumes,
} from "../summary/volumes.ts";
import { adviseSeed } from "./advice.ts";

/** What is recommended for a seed of a study, and what its families came to. */
export interface AdvisedSeed {
  readonly study: string;
  readonly seed: number;
  /** As one who has rows of the prior skills to train on, and as one who has none. */
  readonly cases: Readonly<Record<"rows" | "texts", AdvisedCase>>;
}

export interface AdvisedCase {
  readonly advice: Advice;
  /** Of the finished families that could be chosen, by falling volume. */
  readonly volumes: readonly FamilyVolume[];
  /** Whether these are all: else nobody knows which is the best. Of a sweep in stages, the seeds that
   * are reported have those families alone that were chosen before. */
  readonly isWhole: boolean;
  /** Undefined where they are not all, or where none comes into the square. */
  readonly agreement: Agreement | undefined;
}

/** Families whose rows train on, or take gradients at, examples of the prior skills. */
const ofPriorData: readonly string[] = ["replay", "ewc", "agem"];

/**
 * Compares what is recommended before any method is tried with the hypervolumes that a run has measured.
 * @returns undefined for seeds of which no family is finished
 * @throws DataError where the run has not kept the weights of its base or of p_sft
 */
export async function adviceAgainst(
  engine: Engine,
  run: RunDirectory,
  seed: number,
): Promise<AdvisedSeed | undefined> {
  const { recipe } = run.config;
  const all = familyVolumes(recipe, run.measurements, [seed]);
  if (all.length === 0) return undefined;
  const families = new Set(
    recipe.rows.flatMap(({ family, method }) => (method === "base" ? [] : [family])),
  );
  const isWhole = all.length === families.size;
  const { features } = await adviseSeed(engine, run, seed);
  const caseOf = (retained: "rows" | "texts"): AdvisedCase => {
    const advice = recommend({ ...features, retained }, { epochs: recipe.fineTuning.epochs });
    const volumes =
      retained === "rows" ? all : all.filter(({ family }) => !ofPriorData.includes(family));
    const agreement = isWhole ? agreementOf(advice.family, volumes) : undefined;
    return { advice, volumes, isWhole, agreement };
  };
  return { study: recipe.name, seed, cases: { rows: caseOf("rows"), texts: caseOf("texts") } };
}

/** How often a way to choose comes near the best, over the cases in which it can be told. */
export interface Hits {
  readonly cases: number;
  readonly near: number;
}

/** Of what was recommended. */
export function adviceHits(cases: readonly AdvisedCase[]): Hits {
  const told = cases.flatMap(({ agreement }) => agreement ?? []);
  return { cases: told.length, near: told.filter(({ agrees }) => agrees).length };
}

/** Of one and the same family, whatever the data. */
export function familyHits(family: string, cases: readonly AdvisedCase[]): Hits {
  const told = cases.flatMap(({ volumes, isWhole }) =>
    isWhole ? (agreementOf(family, volumes) ?? []) : [],
  );
  return { cases: told.length, near: told.filter(({ agrees }) => agrees).length };
}

/** Mean share of the families that come near the best: a choice by chance. */
export function chanceOf(cases: readonly AdvisedCase[]): number {
  const told = cases.flatMap(({ agreement }) => agreement ?? []);
  return told.reduce((sum, { near, families }) => sum + near / families, 0) / told.length;
}
