import type { Mini } from "../mini.ts";
import { alike, fullSkills } from "./fullSkills.ts";
import {
  isMini,
  type MiniKnobs,
  type MiniName,
  miniNames,
  miniOf,
  skillOfMini,
  targetOfMini,
} from "./minis.ts";
import type { Judged, Skill, TargetSkill } from "./skill.ts";
import { convert, decide, echo, reverse } from "./skills.ts";
import { arithmeticTarget, reversalTarget } from "./target.ts";
import { textSuite } from "./textSuite.ts";
import {
  letterSymbols,
  studyVocabulary,
  studyVocabularyWith,
  type Vocabulary,
} from "./vocabulary.ts";
import { type WordTable, wordVocabulary } from "./words.ts";

/** The skills that a base model has before fine-tuning, and what fine-tuning may teach it. */
export interface Suite {
  readonly vocabulary: Vocabulary;
  /** Prior skills by name. */
  readonly skills: Readonly<Record<string, Skill>>;
  /** By name; each is latent in the base. */
  readonly targets: Readonly<Record<string, TargetSkill>>;
}

const firstLetters = letterSymbols.slice(0, 6);

export type SuiteName = "full" | "smoke";

const suites: Readonly<Record<SuiteName, Suite>> = {
  full: {
    vocabulary: studyVocabulary,
    skills: fullSkills,
    targets: { med: { ...arithmeticTarget, positions: 25 } },
  },
  smoke: {
    vocabulary: studyVocabulary,
    skills: alike(11, {
      rev: reverse({ alphabet: firstLetters, min: 3, max: 3 }),
      echo: echo({ alphabet: firstLetters, min: 2, max: 2 }, ["UP", "BANG"]),
      conv: convert([{ from: "m", to: "n", factor: 3 }]),
      bool: decide,
    }),
    targets: { med: { ...reversalTarget(firstLetters), positions: 10 } },
  },
};

export const suiteNames: readonly SuiteName[] = Object.keys(suites) as SuiteName[];

/** Minis as targets, beside skills of the full study and minis as what the model is to keep. */
export interface MiniSuite {
  readonly priors: readonly string[];
  readonly targets: readonly MiniName[];
  /** How hard the minis are, by their name. */
  readonly knobs: Partial<MiniKnobs>;
}

/** All skills and targets of `textSuite`, for a base that reads text. */
export interface WordSuite {
  /** How the base's tokenizer and chat template write them. */
  readonly words: WordTable;
  /** Positions that questions and answers take, by the name of their skill or target. */
  readonly positions: Readonly<Record<string, number>>;
}

/** A suite as a recipe has it. */
export type SuiteRecipe = SuiteName | MiniSuite | WordSuite;

export const isWordSuite = (recipe: SuiteRecipe): recipe is WordSuite =>
  typeof recipe !== "string" && "words" in recipe;

/** @throws RangeError for skills that there are not, one that is prior and target, or wrong knobs */
export function suiteOf(recipe: SuiteRecipe): Suite {
  if (typeof recipe === "string") return suites[recipe];
  return isWordSuite(recipe) ? wordSuite(recipe) : miniSuite(recipe);
}

function wordSuite({ words, positions }: WordSuite): Suite {
  const { skills, targets } = textSuite();
  const placed = <T extends Judged>(all: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(all).map(([name, judged]) => {
        const length = positions[name];
        if (length === undefined)
          throw new RangeError(`suiteOf: expected positions of ${name}, got none`);
        return [name, { ...judged, positions: length }];
      }),
    );
  return { vocabulary: wordVocabulary(words), skills: placed(skills), targets: placed(targets) };
}

/** What prior skills may be called. */
export const priorNames: readonly string[] = [...Object.keys(fullSkills), ...miniNames];

export const isPrior = (name: string): boolean => priorNames.includes(name);

function miniSuite({ priors, targets, knobs }: MiniSuite): Suite {
  const names = [...priors, ...targets];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new RangeError(`suiteOf: expected each skill once, got ${twice} twice`);
  const stranger = priors.find((name) => !isPrior(name)) ?? targets.find((name) => !isMini(name));
  if (stranger !== undefined)
    throw new RangeError(
      `suiteOf: expected skills of ${priorNames.join(", ")} and minis as targets, got ${stranger}`,
    );
  if (priors.length === 0 || targets.length === 0)
    throw new RangeError("suiteOf: expected prior skills and targets, got none");
  const minis = Object.fromEntries(names.filter(isMini).map((name) => [name, miniOf(name, knobs)]));
  const skillOf = (name: string): Skill => fullSkills[name] ?? skillOfMini(minis[name] as Mini);
  return {
    vocabulary: studyVocabularyWith(Object.values(minis).flatMap(({ symbols }) => symbols)),
    skills: Object.fromEntries(priors.map((name) => [name, skillOf(name)])),
    targets: Object.fromEntries(targets.map((name) => [name, targetOfMini(minis[name] as Mini)])),
  };
}

/** What fine-tuning teaches: the target of that name, the suite's first by default.
 * @throws RangeError for a target that the suite has not */
export function targetOf(
  { targets }: Suite,
  name: string | undefined = Object.keys(targets)[0],
): TargetSkill {
  const target = name === undefined ? undefined : targets[name];
  if (target === undefined)
    throw new RangeError(
      `targetOf: expected one of ${Object.keys(targets).join(", ")}, got ${name}`,
    );
  return target;
}

/** Positions of the longest question and answer, of all skills and of all targets. */
export const lengthsOf = ({
  skills,
  targets,
}: Suite): Readonly<Record<"skill" | "target", number>> => ({
  skill: longest(Object.values(skills)),
  target: longest(Object.values(targets)),
});

const longest = (judged: readonly Judged[]): number =>
  Math.max(...judged.map(({ positions }) => positions));
