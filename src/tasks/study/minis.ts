import * as countdown from "../countdown/mini.ts";
import * as ifeval from "../ifeval/mini/mini.ts";
import * as igsm from "../igsm/mini.ts";
import * as medcalc from "../medcalc/mini/mini.ts";
import type { Mini } from "../mini.ts";
import type { Skill, TargetSkill } from "./skill.ts";

/** The knobs of each mini. */
export interface MiniKnobs {
  readonly "mini-igsm": igsm.MiniOptions;
  readonly "mini-medcalc": medcalc.MiniOptions;
  readonly "mini-ifeval": ifeval.MiniOptions;
  readonly "mini-countdown": countdown.MiniOptions;
}

export type MiniName = keyof MiniKnobs;

const makers: { readonly [N in MiniName]: (knobs?: MiniKnobs[N]) => Mini } = {
  "mini-igsm": igsm.miniIgsm,
  "mini-medcalc": medcalc.miniMedcalc,
  "mini-ifeval": ifeval.miniIfeval,
  "mini-countdown": countdown.miniCountdown,
};

export const miniNames: readonly MiniName[] = Object.keys(makers) as MiniName[];

export const isMini = (name: string): name is MiniName => Object.hasOwn(makers, name);

/** A mini with its knobs; its defaults where `knobs` says nothing. @throws RangeError as the minis */
export const miniOf = <N extends MiniName>(name: N, knobs: Partial<MiniKnobs>): Mini =>
  makers[name](knobs[name]);

/** `<bos>` and `<eos>` come to a mini's symbols; the last one predicts nothing. */
const judged = ({ positions, score }: Mini): Pick<Skill, "positions" | "score"> => ({
  positions: positions + 1,
  score: (prompt, response) => score(prompt, response),
});

/** A mini as something to keep: worked answers. */
export const skillOfMini = (mini: Mini): Skill => ({ ...judged(mini), draw: mini.target.worked });

/** A mini as what fine-tuning teaches. */
export const targetOfMini = (mini: Mini): TargetSkill => ({ ...judged(mini), ...mini.target });
