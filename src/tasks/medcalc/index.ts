/** MedCalc-Bench: the calculators, the data files, the prompts and the scorers. */
export { type Accuracy, accuracy } from "./accuracy.ts";
export { type Audit, audit, type Disagreement, describeAudit, type Unchecked } from "./audit.ts";
export { calculate, calculatorOf } from "./calculate.ts";
export { calculators } from "./calculators/index.ts";
export { type Literal, readLiteral } from "./data/literal.ts";
export { type Dataset, type ParquetReader, readCsvRows, readRows } from "./data/read.ts";
export { describeProblem, type Problem, type Row } from "./data/row.ts";
export { type MiniOptions, miniMedcalc, miniSymbols } from "./mini/mini.ts";
export type { MiniName } from "./mini/questions.ts";
export * as prompts from "./prompts.ts";
export { UNPARSED } from "./scoring/paper.ts";
export { type Response, type Scorer, score } from "./scoring/score.ts";
export type { Verdict } from "./scoring/verdict.ts";
export type { Answer, Calculator, Category, Entities, Output, Variant } from "./types.ts";
