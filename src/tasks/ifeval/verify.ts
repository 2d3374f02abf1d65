import { DataError } from "../../tensor/errors.ts";
import { expectKnown, expectOneOf } from "../../tensor/options.ts";
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
export interface Judgement extends Omit<Context, "prompt"> {
  /** Also accept the response without `*`, without its first line, without its last line. */
  readonly loose?: boolean;
  /** Which of the original's known defects are mended. Default: none. */
  readonly fixes?: readonly FixName[] | "all" | undefined;
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

/**
 * Whether a response follows an instruction of IFEval, as the original program says. A blank
 * response follows none.
 * @throws DataError for an unknown instruction and for kwargs that it cannot have; RangeError for a
 *   repair that it does not know
 * @see Zhou et al., "Instruction-following evaluation for large language models" (2023)
 */
export function verify(
  { instructionId, kwargs, response, prompt }: Case,
  judgement: Judgement = {},
): boolean {
  expectKnown("ifeval.verify", judgement, ["loose", "punkt", "language", "fixes"]);
  const { loose = false, punkt, language, fixes } = judgement;
  const follows = instructionOf(instructionId, wantedFixes(fixes));
  const args = given(kwargs);
  return (loose ? variants(response) : [response]).some(
    (variant) => !isBlank(variant) && follows(variant, args, { prompt, punkt, language }),
  );
}

/** @throws DataError if `verify` would, whatever the response */
export function check({ instructionId, kwargs, prompt }: Omit<Case, "response">): void {
  instructionOf(instructionId)("x", given(kwargs), { prompt, language: () => undefined });
}
