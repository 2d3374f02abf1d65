import type { Generator } from "../exchange.ts";
import type { Mini } from "../mini.ts";
import type { Target } from "./target.ts";

/** How responses are judged, and how long they are. */
export interface Judged {
  /** Positions that the longest question and answer take. */
  readonly positions: number;
  /** Judges what greedy decoding gives; undefined where only the drawn response is right. */
  readonly score?: Mini["score"];
}

/** What a model is to keep: questions of one kind. */
export interface Skill extends Judged {
  readonly draw: Generator;
}

/** What fine-tuning teaches. */
export interface TargetSkill extends Target, Judged {}
