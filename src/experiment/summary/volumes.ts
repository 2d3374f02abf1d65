import type { Measurement } from "../measurements.ts";
import type { Recipe } from "../recipe.ts";
import { familiesOf } from "./choose.ts";
import { pointsOf } from "./front.ts";
import { hypervolume } from "./hypervolume.ts";
import { summarize } from "./summary.ts";

/** What a family's rows make together. */
export interface FamilyVolume {
  readonly family: string;
  readonly volume: number;
}

/**
 * The hypervolume of each family all of whose rows are finished on the seeds, of the rows' means over
 * them; by falling volume.
 * @param seeds of which every one counts
 */
export function familyVolumes(
  recipe: Recipe,
  measurements: readonly Measurement[],
  seeds: readonly number[],
): FamilyVolume[] {
  const rows = summarize(recipe, measurements, seeds).filter(
    (row) => row.seeds.length === seeds.length,
  );
  const isWhole = (family: string, count: number): boolean =>
    count === recipe.rows.filter((row) => row.family === family).length;
  return [...familiesOf(rows)]
    .filter(([family, mine]) => isWhole(family, mine.length))
    .map(([family, mine]) => ({ family, volume: hypervolume(pointsOf(mine)) }))
    .toSorted((a, b) => b.volume - a.volume);
}

/** How a recommended family compares with the best one. */
export interface Agreement {
  readonly family: string;
  readonly volume: number;
  readonly best: FamilyVolume;
  /** Families that were compared, and those that are as near to the best. */
  readonly families: number;
  readonly near: number;
  readonly agrees: boolean;
}

/** As near to the best as the study can tell on a few seeds. */
export const NEAR = 0.05;

/** @returns undefined where the family is not finished, or none has a volume at all */
export function agreementOf(
  family: string,
  volumes: readonly FamilyVolume[],
): Agreement | undefined {
  const mine = volumes.find((one) => one.family === family);
  const [best] = volumes;
  if (!mine || !best || best.volume === 0) return undefined;
  const isNear = ({ volume }: FamilyVolume): boolean => volume >= best.volume - NEAR;
  return {
    ...{ family, volume: mine.volume, best, families: volumes.length },
    ...{ near: volumes.filter(isNear).length, agrees: isNear(mine) },
  };
}
