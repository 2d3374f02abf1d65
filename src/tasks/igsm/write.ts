import { nameOf } from "./names.ts";
import type { ParameterId, Problem, Statement } from "./problem.ts";
import { type Style, type StyleName, styleOf } from "./style.ts";

/** How a problem is put into words. */
export interface ProblemFormat {
  readonly style?: StyleName;
  /** Where the question stands; the default is last. */
  readonly question?: "first" | "last";
}

/** A parameter's name as sentences and solutions print it. */
export function writeName(problem: Problem, id: ParameterId, { possessive }: Style): string {
  const { owner, owned } = nameOf(problem, id);
  return `${owner}${possessive}${owned}`;
}

function writeStatement(problem: Problem, statement: Statement, style: Style): string {
  const { parameter, constant, operator, operands } = statement;
  const reference = (id: ParameterId) => `${style.each}${writeName(problem, id, style)}`;
  const list = (ids: readonly ParameterId[]): string => {
    const { open, comma, last } = style.list[operator];
    const names = ids.map(reference);
    return `${open}${names.slice(0, -1).join(comma)}${last}${names.at(-1)}`;
  };
  const [open, close] = constant ? style.group : ["", ""];
  const body =
    operands.length === 1
      ? reference(operands[0] as ParameterId)
      : operands.length > 1
        ? `${open}${list(operands)}${close}`
        : "";
  const before = constant
    ? `${constant.value}${body === "" ? "" : style.constant[constant.operator]}`
    : "";
  return `${style.subject}${reference(parameter)}${style.equals}${before}${body}${style.stop}`;
}

/** The problem in words: its sentences and its question. @throws RangeError for unknown parameters */
export function writeProblem(problem: Problem, format: ProblemFormat = {}): string {
  const style = styleOf(format.style);
  const { owner, owned } = nameOf(problem, problem.question);
  const question = style.question(owner, owned);
  const sentences = problem.statements.map((statement) =>
    writeStatement(problem, statement, style),
  );
  const all = format.question === "first" ? [question, ...sentences] : [...sentences, question];
  return `${style.lead}${all.join(style.join)}`;
}
