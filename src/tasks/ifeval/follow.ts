import { DataError } from "../../tensor/errors.ts";
import { expectOneOf } from "../../tensor/options.ts";
import { FIXES, type Fixes, type FixName, repairedBy } from "./fixes/fixes.ts";
import {
  type Context,
  type Instruction,
  type InstructionId,
  instructions,
} from "./instructions.ts";
import type { Kwargs } from "./kwargs.ts";
import { isBlank, strip } from "./text.ts";

/** One instruction and a response to it. */
export interface Case {
  /** As in the data file, e.g. `punctuation:no_comma`. */
  readonly instructionId: string;
  /** Null stands for an argument that is not given. */
  readonly kwargs: Kwargs;
  readonly response: string;
  readonly prompt?: string | undefined;
}

/** How a response is judged. */
export interface Judgement extends Pick<Context, "punkt"> {
  /** Language of a text, ISO 639-1, or undefined if it has none. Default: `detectLanguage`. */
  readonly language?: Context["language"] | undefined;
  /** Also accept the response without `*`, without its first line, without its last line. */
  readonly loose?: boolean;
  /** Which of the original's known defects are mended. Default: none. */
  readonly fixes?: readonly FixName[] | "all" | undefined;
}

/** A judgement that says what tells languages: who has its own loads no other. */
export type Detecting = Omit<Judgement, "language"> & Pick<Context, "language">;

/** A prompt of IFEval with its instructions, as in `input_data.jsonl`, and a response. */
export interface Row {
  readonly key?: number | string | undefined;
  readonly prompt: string;
  readonly instruction_id_list: readonly string[];
  /** The arguments of each instruction. */
  readonly kwargs: readonly Kwargs[];
  readonly response: string;
}

/** What was followed of a row: a truth value for each instruction, in order. */
export interface Verdict {
  readonly strict: readonly boolean[];
  readonly loose: readonly boolean[];
}

/** The response as it is, and as it is without what chat models like to add. */
function variants(response: string): readonly string[] {
  const first = response.indexOf("\n");
  const last = response.lastIndexOf("\n");
  const cuts =
    first < 0
      ? [response]
      : [
          response,
          strip(response.slice(first + 1)),
          strip(response.slice(0, last)),
          strip(response.slice(first + 1, last)),
        ];
  const bare = response.includes("*") ? cuts.map((cut) => cut.replaceAll("*", "")) : [];
  return [...new Set([...cuts, ...bare])];
}

const given = (kwargs: Kwargs): Kwargs =>
  Object.fromEntries(Object.entries(kwargs).filter(([, value]) => value !== null));

const isInstruction = (id: string): id is InstructionId => Object.hasOwn(instructions, id);

const NAMES = Object.keys(FIXES) as readonly FixName[];
const NONE: Fixes = new Set();
const ALL: Fixes = new Set(NAMES);

function wantedFixes(fixes: Judgement["fixes"]): Fixes {
  if (fixes === undefined) return NONE;
  if (fixes === "all") return ALL;
  for (const name of fixes) expectOneOf("ifeval: fixes", name, NAMES);
  return new Set(fixes);
}

function instructionOf(id: string, fixes = NONE): Instruction {
  if (!isInstruction(id))
    throw new DataError(`ifeval.verify: expected an instruction id of IFEval, got ${id}`);
  return repairedBy(id, fixes);
}

/** Whether a response follows an instruction. @throws as `verify` does */
export function follows(
  { instructionId, kwargs, response, prompt }: Case,
  { loose = false, punkt, language, fixes }: Detecting,
): boolean {
  const isFollowed = instructionOf(instructionId, wantedFixes(fixes));
  const args = given(kwargs);
  return (loose ? variants(response) : [response]).some(
    (variant) => !isBlank(variant) && isFollowed(variant, args, { prompt, punkt, language }),
  );
}

/** Which instructions of a row are followed. @throws as `verify` does */
export function followed(row: Row, judgement: Omit<Detecting, "loose">): Verdict {
  const { prompt, response } = row;
  const all = (loose: boolean): readonly boolean[] =>
    row.instruction_id_list.map((instructionId, i) =>
      follows(
        { instructionId, kwargs: row.kwargs[i] ?? {}, response, prompt },
        { ...judgement, loose },
      ),
    );
  const strict = all(false);
  return { strict, loose: strict.every(Boolean) ? strict : all(true) };
}

/** @throws DataError if `verify` would, whatever the response */
export function check({ instructionId, kwargs, prompt }: Omit<Case, "response">): void {
  instructionOf(instructionId)("x", given(kwargs), { prompt, language: () => undefined });
}
