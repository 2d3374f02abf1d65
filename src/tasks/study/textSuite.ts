import { pick, type Stream } from "../draw.ts";
import type { Generator } from "../exchange.ts";
import { fullSkills } from "./fullSkills.ts";
import { miniNames, miniOf, skillOfMini, targetOfMini } from "./minis.ts";
import type { Judged, Skill, TargetSkill } from "./skill.ts";
import { copy, countLetter } from "./skills.ts";
import { chainTarget } from "./target.ts";
import { letterSymbols, studyVocabularyWith } from "./vocabulary.ts";

/** Skills and targets of bases that read text: each symbol is a word. */
export interface TextSuite {
  /** Twelve, all of them answered as the study does. */
  readonly skills: Readonly<Record<string, Skill>>;
  /** What fine-tuning may teach; answered in two styles. */
  readonly targets: Readonly<Record<string, TargetSkill>>;
}

/** The study's seven skills, two more about letters, and three minis; arithmetic in steps and iGSM as targets. */
export const textSuite = (): TextSuite => ({
  skills: {
    ...fullSkills,
    copy: { draw: copy({ alphabet: letterSymbols, min: 3, max: 6 }), positions: 15 },
    count: {
      draw: countLetter({ alphabet: letterSymbols.slice(0, 4), min: 4, max: 8 }),
      positions: 14,
    },
    "mini-medcalc": skillOfMini(miniOf("mini-medcalc", {})),
    "mini-ifeval": skillOfMini(miniOf("mini-ifeval", {})),
    "mini-countdown": skillOfMini(miniOf("mini-countdown", {})),
  },
  targets: {
    chain: { ...chainTarget, positions: 24 },
    "mini-igsm": targetOfMini(miniOf("mini-igsm", {})),
  },
});

/** All symbols of its questions and answers. */
export function textSymbols(): readonly string[] {
  const minis = miniNames.flatMap((name) => miniOf(name, {}).symbols);
  const { symbols } = studyVocabularyWith(["COPY", "CHAIN", ...minis]);
  return symbols.filter((symbol) => !/^<\w+>$/.test(symbol));
}

/** A skill by its name and how it is answered: in either style, which differ for targets alone. */
export interface NamedSkill extends Judged {
  readonly name: string;
  readonly worked: Generator;
  readonly direct: Generator;
}

/** @throws RangeError for a skill or target that there is not */
export function skillNamed({ skills, targets }: TextSuite, name: string): NamedSkill {
  const [skill, target] = [skills[name], targets[name]];
  if (skill) return { ...skill, name, worked: skill.draw, direct: skill.draw };
  if (target) return { ...target, name };
  const names = [...Object.keys(skills), ...Object.keys(targets)];
  throw new RangeError(`skill: expected one of ${names.join(", ")}, got ${name}`);
}

/** The skill of that name; without one any but the targets, each as likely. */
export const drawSkill = (suite: TextSuite, name: string | undefined, next: Stream): NamedSkill =>
  skillNamed(suite, name ?? pick(next, Object.keys(suite.skills)));
