import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { certificateLaws } from "./laws/certificates.ts";
import { choiceLaws } from "./laws/choices.ts";
import { flowLaws } from "./laws/flows.ts";
import { judgeLaws } from "./laws/judges.ts";
import { linearLaws } from "./laws/linear.ts";
import { manyStepsLaws } from "./laws/manySteps.ts";
import { monotoneLaws, oneStepLaws } from "./laws/oneStep.ts";
import { powerLaws } from "./laws/powers.ts";
import { reweightingLaws } from "./laws/reweightings.ts";
import { thresholdLaws } from "./laws/thresholds.ts";
import { trustRegionLaws } from "./laws/trustRegion.ts";

const folder = new URL(".", import.meta.url);
const read = (name: string): Promise<string> => readFile(new URL(name, folder), "utf8");
const names = (await readdir(folder, { recursive: true })).filter((name) =>
  /\.spec\.ts$|^laws\//.test(name),
);
const sources = new Map(
  await Promise.all(names.map(async (name) => [name, await read(name)] as const)),
);
const readme = await read("README.md");

/** Names of laws, which tests bear: a chapter makes some of them. */
const laws: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    "laws/oneStep.ts": [...oneStepLaws, ...monotoneLaws],
    "laws/manySteps.ts": manyStepsLaws,
    "laws/certificates.ts": certificateLaws,
    "laws/judges.ts": judgeLaws,
    "laws/trustRegion.ts": trustRegionLaws,
    "laws/choices.ts": choiceLaws,
    "laws/powers.ts": powerLaws,
    "laws/thresholds.ts": thresholdLaws,
    "laws/linear.ts": linearLaws,
    "laws/reweightings.ts": reweightingLaws,
    "laws/flows.ts": flowLaws,
  }).map(([file, list]) => [file, list.map(({ name }) => name)]),
);

/** What stands in backticks, as tests have it. */
const quoted = (text: string): string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => (name as string).replaceAll("\\|", "|"));

/** Rows of the tables: what their last column names, and the files of its title. */
interface Cited {
  readonly files: readonly string[];
  readonly name: string;
}

const cited: readonly Cited[] = (() => {
  const all: Cited[] = [];
  let files: string[] = [];
  for (const line of readme.split("\n")) {
    if (!line.startsWith("|")) continue;
    const last = line.split(/(?<!\\)\|/).at(-2) ?? "";
    if (last.trim().startsWith("test (")) files = quoted(last);
    else for (const name of quoted(last)) all.push({ files, name });
  }
  return all;
})();

const exists = ({ files, name }: Cited): boolean =>
  files.some(
    (file) => sources.get(file)?.includes(`"${name}"`) || laws.get(file)?.includes(name) === true,
  );

test("every test that the chapter names exists", () => {
  expect(cited.length).toBeGreaterThan(100);
  expect(cited.filter((row) => !exists(row))).toEqual([]);
});

test("every law is in the chapter, and so is every counterexample", () => {
  const inChapter = new Set(cited.map(({ name }) => name));
  const counterexamples = [...sources.values()].flatMap((source) =>
    [...source.matchAll(/^ {4}name: "(.+)",\n(?:.*\n)*?.*claim:/gm)].map(
      ([, name]) => name as string,
    ),
  );
  const all = [...[...laws.values()].flat(), ...counterexamples];
  expect(counterexamples.length).toBeGreaterThan(10);
  expect(all.filter((name) => !inChapter.has(name))).toEqual([]);
});

test("every test of the theory is in the chapter", () => {
  const inChapter = new Set(cited.map(({ name }) => name));
  const written = [...sources].flatMap(([file, source]) =>
    /^(readme|engines|models)/.test(file)
      ? []
      : [...source.matchAll(/test(?:\.each[^"`]*?)?\(\s*"(.+?)"(?:,|\n)/g)].map(
          ([, name]) => name as string,
        ),
  );
  expect(written.length).toBeGreaterThan(30);
  expect(written.filter((name) => !inChapter.has(name))).toEqual([]);
});
