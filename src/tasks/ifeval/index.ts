/** IFEval: whether a response follows instructions that a program can check. */

export { english } from "./english.ts";
export { FIXES, type FixName } from "./fixes/fixes.ts";
export type { Case, Judgement, Row, Verdict } from "./follow.ts";
export {
  type Context,
  type Instruction,
  type InstructionId,
  instructions,
} from "./instructions.ts";
export type { Kwargs } from "./kwargs.ts";
export { detectLanguage } from "./language.ts";
export type { Kind as MiniKind } from "./mini/constraints.ts";
export { type MiniIfeval, type MiniOptions, miniIfeval, miniJudgement } from "./mini/mini.ts";
export { detokenize, miniSymbols } from "./mini/symbols.ts";
export { type PunktFiles, readPunkt } from "./punkt/files.ts";
export { type PunktParameters, sentences } from "./punkt/punkt.ts";
export {
  join,
  type Prompt,
  type Response,
  readPrompts,
  readResponses,
  toPrompt,
  writeVerdicts,
} from "./rows.ts";
export { type Accuracy, judge, type Score, score } from "./score.ts";
export { verify } from "./verify.ts";
