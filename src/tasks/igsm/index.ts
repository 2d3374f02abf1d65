export { type CheckMode, check, type Verdict } from "./check.ts";
export { parse, type Source } from "./parse.ts";
export type { ParameterId, Problem, Statement } from "./problem.ts";
export { type Equation, type Solution, type Step, solve } from "./solution.ts";
export type { StyleName } from "./style.ts";
export { answer, operations, values } from "./values.ts";
export { type ProblemFormat, writeProblem } from "./write.ts";
export { type SolutionFormat, writeSolution } from "./writeSolution.ts";
