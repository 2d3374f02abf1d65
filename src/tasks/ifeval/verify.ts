import { expectKnown } from "../../tensor/options.ts";
import { type Case, follows, type Judgement } from "./follow.ts";
import { detectLanguage } from "./language.ts";

/**
 * Whether a response follows an instruction of IFEval, as the original program says. A blank
 * response follows none.
 * @throws DataError for an unknown instruction and for kwargs that it cannot have; RangeError for a
 *   repair that it does not know
 * @see Zhou et al., "Instruction-following evaluation for large language models" (2023)
 */
export function verify(asked: Case, judgement: Judgement = {}): boolean {
  expectKnown("ifeval.verify", judgement, ["loose", "punkt", "language", "fixes"]);
  return follows(asked, { ...judgement, language: judgement.language ?? detectLanguage });
}
