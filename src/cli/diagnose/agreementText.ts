import {
  type AdvisedCase,
  type AdvisedSeed,
  adviceHits,
  chanceOf,
  familyHits,
  type Hits,
} from "../../experiment/look/agreement.ts";
import { NEAR } from "../../experiment/summary/volumes.ts";
import { percent } from "../../report/format.ts";
import { at } from "../../tensor/shapes.ts";

const WIDTHS = [20, 6, 11, 7, 19, 7, 10];

const line = (cells: readonly string[]): string =>
  cells
    .map((cell, i) =>
      i === 3 || i > 4
        ? cell.padStart(at(WIDTHS, i) - 2).padEnd(at(WIDTHS, i))
        : cell.padEnd(at(WIDTHS, i)),
    )
    .join("")
    .trimEnd();

const volumeText = (volume: number): string => volume.toFixed(3);

function caseLine({ study, seed }: AdvisedSeed, one: AdvisedCase): string {
  const { advice, agreement, volumes, isWhole } = one;
  const { best, volume, near, families, agrees } = agreement ?? {};
  return line([
    ...[study.slice(0, 19), `${seed}`, advice.family],
    ...(best === undefined || volume === undefined
      ? ["–", isWhole ? "none" : `${volumes.length} families yet`, "", ""]
      : [
          volumeText(volume),
          best.family.slice(0, 18),
          volumeText(best.volume),
          `${near}/${families}${agrees ? "" : " ✗"}`,
        ]),
  ]);
}

const hitsText = ({ near, cases }: Hits): string =>
  cases === 0 ? "–" : `${near} of ${cases} (${percent(near / cases, 0)} %)`;

/** Where no case can be told, there is no chance either. */
const chanceText = (cases: readonly AdvisedCase[]): string =>
  adviceHits(cases).cases === 0 ? "–" : `${percent(chanceOf(cases), 0)} %`;

function part(
  title: string,
  seeds: readonly AdvisedSeed[],
  kind: keyof AdvisedSeed["cases"],
): string[] {
  const cases = seeds.map((one) => one.cases[kind]);
  const families = [
    ...new Set(cases.flatMap(({ volumes }) => volumes.map(({ family }) => family))),
  ];
  // Whoever knew beforehand which family does best in all of these studies.
  const constant = families
    .map((family) => ({ family, hits: familyHits(family, cases) }))
    .toSorted((a, b) => b.hits.near - a.hits.near || a.hits.cases - b.hits.cases)
    .slice(0, 3);
  return [
    title,
    "",
    line(["", "seed", "advised", "", "best", "", "near"]),
    ...seeds.map((one) => caseLine(one, one.cases[kind])),
    "",
    `advised              ${hitsText(adviceHits(cases))}`,
    `a family by chance   ${chanceText(cases)}`,
    ...constant.map(
      ({ family, hits }) => `always ${family.slice(0, 13).padEnd(14)}${hitsText(hits)}`,
    ),
  ];
}

/** What was recommended against what was measured, for the terminal, in 80 columns. */
export function renderAgreement(seeds: readonly AdvisedSeed[]): string {
  return [
    "Hypervolume of the family that base and p_sft alone recommend, and of the best",
    `one; near: families within ${NEAR} of the best, ✗ where the recommended is none.`,
    "Seeds at which only some families were run are not counted.",
    "",
    ...part("With rows of the prior skills to train on", seeds, "rows"),
    "",
    ...part("Without", seeds, "texts"),
  ].join("\n");
}
