import { BACKENDS } from "../../engines/create.ts";
import { refuse } from "../../text/jsonl.ts";
import { checkRecipe } from "../checkRecipe.ts";
import {
  type Check,
  count,
  countOrNone,
  type Fields,
  flag,
  line,
  listOf,
  name,
  number,
  objectAt,
  oneOf,
  record,
  recordOf,
  share,
  symbol,
  text,
} from "../checks.ts";
import { OVERLAPS } from "../look/closeness.ts";
import { type Attempt, PRE_TRAINING, type Written } from "../measurements.ts";
import { REPORTED } from "./config.ts";
import type { Failure, RunConfig } from "./run.ts";

/** What a run's files hold, where they are opened: nobody behind believes them unseen. */

const seed: Check = number(
  "an integer from 0 to 2147483647",
  (x) => Number.isInteger(x) && x >= 0 && x < 2 ** 31,
);

const seeds: Check = (value, path) => {
  listOf(seed, 2000)(value, path);
  const list = value as readonly number[];
  const twice = list.find((one, i) => list.indexOf(one) < i);
  if (twice !== undefined) refuse(path, "different seeds", twice);
};

const date: Check = (value, path) => {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value))
    refuse(path, "a time as 2026-01-02T03:04:05.000Z", value);
};

const numerics: Check = record({ class: name, version: count });

/** The recipe is checked by itself. */
const anything: Check = () => {};

const staging: Check = record({}, { halving: flag, report: oneOf(REPORTED) });

const configFields: { readonly [F in keyof RunConfig]-?: Check } = {
  recipe: anything,
  seeds,
  tuningSeeds: seeds,
  staging,
  backend: oneOf(BACKENDS),
  device: line,
  numerics,
  machine: line,
  versions: recordOf(text),
  started: date,
};

/**
 * A run's configuration, as its file holds it.
 * @throws DataError naming the field, what was expected and what stands there
 */
export function checkConfig(json: unknown): RunConfig {
  const { tuningSeeds, staging: staged, machine, ...needed } = configFields;
  checkRecipe(objectAt(json, "config")["recipe"]);
  record(needed, { tuningSeeds, staging: staged, machine })(json, "config");
  const config = json as RunConfig;
  const all = seedsOf(config);
  if (all.length === 0) refuse("config.seeds", "at least one seed", all);
  const both = config.tuningSeeds?.find((one) => config.seeds.includes(one));
  if (both !== undefined) refuse("config.tuningSeeds", "no seed that is reported", both);
  return config;
}

/** What lines of measurements are checked against: of a run, or of one of its rows. */
export type MeasuredBy = Pick<RunConfig, "recipe" | "seeds" | "tuningSeeds">;

const seedsOf = ({ seeds: reported, tuningSeeds = [] }: MeasuredBy): readonly number[] => [
  ...reported,
  ...tuningSeeds,
];

/** A figure that training that went wrong leaves without a number: JSON writes NaN as null. */
const figure: Check = (value, path) => {
  if (value !== null) number("a finite number or null", () => true)(value, path);
};

const closeness: Fields = {
  ...{ klFromBase: figure, klToBase: figure, entropy: figure },
  overlap: record({}, Object.fromEntries(OVERLAPS.map((k) => [`${k}`, figure]))),
};
const closenessToo: Fields = { klToReference: figure, klFromAnchor: figure };

const scores: Fields = {
  ...closeness,
  ...{ target: share, targetLoss: figure, prior: recordOf(share), signOff: share },
  ...{ onTarget: record(closeness, closenessToo), distance: figure },
};

const divergences = record({ klFromBase: figure, klToBase: figure });

/** Of finished rows; runs of before have none of it. */
const judgement: Fields = {
  ...{ rare: share, joint: share, leak: share, priorBare: recordOf(share) },
  ...{ priorLoss: figure, ece: figure, kept: figure, rarest: figure },
  byClass: record(
    {},
    { style: divergences, content: divergences, rare: divergences, end: divergences },
  ),
  anchorKept: record({
    ...{ weight: share, kept: share, certified: share },
    slack: record({ least: figure, tenth: figure, median: figure }),
  }),
};

const probabilities = listOf(share, 1000);

const token = record(
  {
    ...{ name: oneOf(["style", "sign-off", "prior"]), context: symbol, label: symbol },
    ...{ symbols: listOf(symbol, 1000), snapshot: probabilities, next: probabilities },
  },
  { anchor: probabilities, reference: probabilities },
);

const place: Fields = { kind: text, seed, row: name };

const planned = record({
  ...{ weight: share, prompts: count, lost: countOrNone, covered: countOrNone },
  slack: record({ least: figure, tenth: figure, median: figure }),
});

const risky: Fields = { risk: share, confidence: share, allowed: countOrNone };

/** What the lines of each kind hold: what they must, and what they may. */
const kinds: { readonly [K in Written["kind"]]: readonly [needed: Fields, known: Fields] } = {
  progress: [
    {
      ...{ kind: text, seed, stage: name, step: countOrNone, steps: count },
      loss: figure,
      tokens: countOrNone,
    },
    {},
  ],
  retention: [
    { ...place, ...risky, alpha: share, planned, audited: countOrNone },
    { certified: share },
  ],
  certificate: [
    {
      ...place,
      ...{ outer: countOrNone, held: flag, linear: flag, alpha: figure },
      ...{ measured: figure, bound: figure, inexactness: figure, referenceKl: figure },
      ...{ anchorKl: figure, eta: figure, leastSlack: figure },
      ...{ tokens: countOrNone, withoutDelta: countOrNone },
    },
    {
      psi: figure,
      cumulative: record({ weight: figure, measured: figure, bound: figure }),
      sequence: record({
        ...{ responses: countOrNone, measured: figure, standardError: figure },
        ...{ bound: figure, delta: figure },
      }),
      ledger: record(
        {
          ...{ start: figure, reference: figure, measured: figure },
          path: figure,
          inexactness: figure,
        },
        { bound: figure },
      ),
      retention: record(
        {
          ...{ ...risky, prompts: count, lost: countOrNone, upper: share, passed: flag },
          steps: countOrNone,
        },
        { planned },
      ),
    },
  ],
  probe: [
    { ...place, ...scores, step: countOrNone, steps: count, outer: countOrNone },
    { ...closenessToo, alpha: figure },
  ],
  distributions: [{ ...place, outer: countOrNone, tokens: listOf(token, 100) }, { alpha: figure }],
  row: [
    { ...place, ...scores },
    { ...closenessToo, ...judgement },
  ],
};

const isKind = (kind: unknown): kind is keyof typeof kinds =>
  typeof kind === "string" && Object.hasOwn(kinds, kind);

/**
 * Lines of a run's measurements, as its file holds them.
 * @param config of the run, whose seeds and rows they are
 * @returns a check for one line after the other, that skills are the same in all of them
 * @throws DataError naming the field, what was expected and what stands there
 */
export function measurementCheck(config: MeasuredBy): (json: unknown) => Written {
  const known = new Set(seedsOf(config));
  const rows = new Set([...config.recipe.rows.map(({ id }) => id), PRE_TRAINING]);
  let skills: string | undefined;
  return (json) => {
    const given = objectAt(json, "measurement");
    const { kind } = given;
    if (!isKind(kind))
      return refuse("measurement.kind", `one of ${Object.keys(kinds).join(", ")}`, kind);
    record(...kinds[kind])(given, kind);
    const written = json as Written;
    if (!known.has(written.seed)) refuse(`${kind}.seed`, "a seed of the run", written.seed);
    const [field, row] =
      written.kind === "progress" ? ["stage", written.stage] : ["row", written.row];
    if (!rows.has(row)) refuse(`${kind}.${field}`, "the id of a row of the run", row);
    if (written.kind === "distributions")
      for (const [i, one] of written.tokens.entries()) sameLengths(one, `${kind}.tokens[${i}]`);
    if (written.kind === "row" || written.kind === "probe") {
      const mine = Object.keys(written.prior).join();
      skills ??= mine;
      if (mine !== skills) refuse(`${kind}.prior`, `the skills ${skills}`, mine);
    }
    return written;
  };
}

const attempt: Check = record(
  {
    ...{ ...place, seconds: number("a number ≥ 0", (x) => x >= 0) },
    ...{ backend: oneOf(BACKENDS), device: line, numerics },
  },
  { machine: line, versions: recordOf(text) },
);

/**
 * Lines of a run's attempts, as their file holds them.
 * @throws DataError naming the field, what was expected and what stands there
 */
export function attemptCheck(config: RunConfig): (json: unknown) => Attempt {
  const known = new Set(seedsOf(config));
  const rows = new Set(config.recipe.rows.map(({ id }) => id));
  return (json) => {
    attempt(json, "attempt");
    const given = json as Attempt;
    if (given.kind !== "attempt") refuse("attempt.kind", "attempt", given.kind);
    if (!known.has(given.seed)) refuse("attempt.seed", "a seed of the run", given.seed);
    if (!rows.has(given.row)) refuse("attempt.row", "the id of a row of the run", given.row);
    return given;
  };
}

type Token = Extract<Written, { readonly kind: "distributions" }>["tokens"][number];

function sameLengths({ symbols, snapshot, anchor, reference, next }: Token, path: string): void {
  for (const [source, list] of Object.entries({ snapshot, anchor, reference, next }))
    if (list && list.length !== symbols.length)
      refuse(`${path}.${source}`, `${symbols.length} probabilities, one a symbol`, list.length);
}

const failure: Check = record({ seed, row: name, error: symbol });

/** The rows that could not be finished, as their file holds them. @throws DataError as the others */
export function checkFailures(json: unknown): readonly Failure[] {
  listOf(failure)(json, "failures");
  return json as readonly Failure[];
}
