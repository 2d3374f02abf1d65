import { at } from "../../tensor/shapes.ts";
import { chance, pick } from "../draw.ts";
import type { Generator } from "../exchange.ts";
import { type Marker, marked, markerLength } from "./marker.ts";
import type { Skill } from "./skill.ts";
import type { Suite } from "./suite.ts";
import type { Target } from "./target.ts";

/** What the examples of a batch are drawn from. */
export interface Source {
  readonly draw: Generator;
  /** Positions that every row is padded to; undefined where lengths differ much. */
  readonly length: number | undefined;
}

/** Which part of pre-training the targets are, and how they are answered there. */
export interface MixtureOptions {
  /** Every so many batches one of a target, the targets taking turns. */
  readonly targetEvery: number;
  /** How likely a target's question is answered in style A. */
  readonly latent: number;
  /** What a share of those answers ends with; none by default. */
  readonly marker?: Marker | undefined;
  readonly markerSeen?: number | undefined;
}

/** Any of the skills, each as likely as the others. */
export const anySkill =
  (skills: readonly Skill[]): Generator =>
  (next) =>
    pick(next, skills).draw(next);

/** Style A with probability `latent`, else style B. */
export const mixedStyles =
  ({ worked, direct }: Target, latent: number): Generator =>
  (next) =>
    chance(next, latent) ? worked(next) : direct(next);

/**
 * What the base sees at each step of pre-training. A batch is of one target, of one mini among the
 * prior skills, or of all other prior skills together; those take turns so that each prior skill has
 * the same share of the examples.
 * @returns the source of a step's batch, from step 0
 */
export function mixture(
  { skills, targets, vocabulary }: Suite,
  { targetEvery, latent, marker, markerSeen = 0 }: MixtureOptions,
): (step: number) => Source {
  const all = Object.values(skills);
  const plain = all.filter(({ score }) => score === undefined);
  const together: Source = {
    draw: anySkill(plain),
    length: Math.max(...plain.map(({ positions }) => positions)),
  };
  // One turn a skill: plain ones have theirs together, minis one each, spread as they are listed.
  const turns = all.map(
    ({ score, draw }): Source => (score === undefined ? together : { draw, length: undefined }),
  );
  const more = markerSeen > 0 ? markerLength(marker, vocabulary) : 0;
  const asked = Object.values(targets).map(({ worked, direct, score, positions }): Source => {
    const styleA = marked(worked, marker, markerSeen);
    return {
      draw: mixedStyles({ worked: styleA, direct }, latent),
      length: score === undefined ? positions + more : undefined,
    };
  });
  return (step) => {
    const targetsBefore = Math.floor(step / targetEvery);
    return step % targetEvery === targetEvery - 1
      ? at(asked, targetsBefore % asked.length)
      : at(turns, (step - targetsBefore) % turns.length);
  };
}
