import { expectKnown } from "../../tensor/options.ts";
import { shareOf } from "../share.ts";
import { followed, type Judgement, type Row, type Verdict } from "./follow.ts";
import { detectLanguage } from "./language.ts";

/** Shares of what was followed, 0 to 1; 0 where there is nothing. */
export interface Accuracy {
  /** Prompts of which all instructions were followed. */
  readonly prompt: number;
  /** Instructions that were followed. */
  readonly instruction: number;
  /** By the part of the id before the colon, e.g. `keywords`. */
  readonly group: Readonly<Record<string, number>>;
  /** By instruction id. */
  readonly id: Readonly<Record<string, number>>;
}

/** The figures of IFEval. */
export interface Score {
  readonly strict: Accuracy;
  readonly loose: Accuracy;
  readonly prompts: number;
  readonly instructions: number;
  /** One a row, in order. */
  readonly verdicts: readonly Verdict[];
}

const meansBy = (
  rows: readonly Row[],
  kept: readonly (readonly boolean[])[],
  name: (id: string) => string,
): Readonly<Record<string, number>> => {
  const values = new Map<string, boolean[]>();
  rows.forEach(({ instruction_id_list }, row) => {
    instruction_id_list.forEach((id, i) => {
      const list = values.get(name(id)) ?? [];
      values.set(name(id), list);
      list.push(kept[row]?.[i] as boolean);
    });
  });
  return Object.fromEntries([...values].sort().map(([key, list]) => [key, shareOf(list)]));
};

const accuracy = (rows: readonly Row[], kept: readonly (readonly boolean[])[]): Accuracy => ({
  prompt: shareOf(kept.map((list) => list.every(Boolean))),
  instruction: shareOf(kept.flat()),
  group: meansBy(rows, kept, (id) => id.split(":")[0] as string),
  id: meansBy(rows, kept, (id) => id),
});

/** Which instructions of a row were followed. @throws DataError as `verify` does */
export function judge(row: Row, judgement: Omit<Judgement, "loose"> = {}): Verdict {
  expectKnown("ifeval.judge", judgement, ["punkt", "language", "fixes"]);
  return followed(row, { ...judgement, language: judgement.language ?? detectLanguage });
}

/**
 * The figures of IFEval, strict and loose, by prompt and by instruction.
 * @throws DataError as `verify` does
 */
export function score(rows: readonly Row[], judgement: Omit<Judgement, "loose"> = {}): Score {
  expectKnown("ifeval.score", judgement, ["punkt", "language", "fixes"]);
  const verdicts = rows.map((row) => judge(row, judgement));
  return {
    strict: accuracy(
      rows,
      verdicts.map(({ strict }) => strict),
    ),
    loose: accuracy(
      rows,
      verdicts.map(({ loose }) => loose),
    ),
    prompts: rows.length,
    instructions: rows.reduce((sum, row) => sum + row.instruction_id_list.length, 0),
    verdicts,
  };
}
