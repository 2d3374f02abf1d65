import { DataError } from "../../tensor/errors.ts";
import { dependencyOrder } from "./definitions.ts";
import { nameTable } from "./names.ts";
import {
  type Constant,
  MODULUS,
  type ParameterId,
  type Problem,
  parameterOf,
  type Statement,
} from "./problem.ts";
import { type Style, type StyleName, styleOf } from "./style.ts";

/** A problem in words, and the words' meaning. */
export interface Source {
  readonly layerNames: readonly string[];
  readonly items: readonly (readonly string[])[];
  /** The sentences and the question, which may stand first or last. */
  readonly problemText: string;
  /** The default is 23. */
  readonly modulus?: number;
  readonly style?: StyleName;
}

/** A place in a text, and the words that may stand there. */
interface Reader {
  /** Passes `words` if they stand here. */
  readonly skip: (words: string) => boolean;
  /** Passes the longest of the names that stands here. */
  readonly name: (names: Names) => ParameterId | undefined;
  readonly number: () => number | undefined;
  readonly ended: () => boolean;
  readonly fail: (expected: string) => never;
}

/** Names from the longest to the shortest, so that no name hides a longer one. */
type Names = readonly (readonly [name: string, id: ParameterId])[];

const namesOf = (table: ReadonlyMap<string, ParameterId>): Names =>
  [...table].sort(([a], [b]) => b.length - a.length);

function reader(text: string): Reader {
  let at = 0;
  const skip = (words: string): boolean => {
    const here = text.startsWith(words, at);
    if (here) at += words.length;
    return here;
  };
  return {
    skip,
    name: (names) => names.find(([name]) => skip(name))?.[1],
    number: () => {
      const digits = /^\d+/.exec(text.slice(at, at + 16))?.[0];
      if (digits !== undefined) at += digits.length;
      return digits === undefined ? undefined : Number(digits);
    },
    ended: () => at === text.length,
    fail: (expected) => {
      const got = text.slice(at, at + 60);
      throw new DataError(
        `igsm.parse: expected ${expected} at character ${at}, got ${got === "" ? "the end" : `"${got}"`}`,
      );
    },
  };
}

/**
 * Reads a problem, and checks that every parameter follows from the sentences.
 * @throws DataError where the text is no problem about these items, saying where and what was expected
 */
export function parse({ layerNames, items, problemText, modulus, style }: Source): Problem {
  const words = styleOf(style);
  const world = { layerNames, items };
  const references = namesOf(
    nameTable(world, ({ owner, owned }) => `${words.each}${owner}${words.possessive}${owned}`),
  );
  const questions = namesOf(nameTable(world, ({ owner, owned }) => words.question(owner, owned)));
  const read = reader(problemText.replace(/\s+/g, " ").trim());
  const statements: Statement[] = [];
  let question: ParameterId | undefined;
  do {
    const asked = read.name(questions);
    if (asked === undefined) statements.push(readStatement(read, words, references));
    else if (question === undefined) question = asked;
    else read.fail("one question");
  } while (!read.ended() && (read.skip(words.join) || read.fail(`"${words.join}"`)));
  if (question === undefined) return read.fail("a question");
  return consistent({ layerNames, items, modulus: modulus ?? MODULUS, statements, question });
}

function readStatement(read: Reader, style: Style, references: Names): Statement {
  const reference = (): ParameterId =>
    read.name(references) ?? read.fail("the name of a parameter");
  if (!read.skip(style.subject)) read.fail(`"${style.subject}" or a question`);
  const parameter = reference();
  if (parameterOf(parameter).kind === "abstract") read.fail("a sentence about an item's items");
  if (!read.skip(style.equals)) read.fail(`"${style.equals}"`);
  const value = read.number();
  const operator =
    value !== undefined && (["+", "*"] as const).find((o) => read.skip(style.constant[o]));
  const isLeaf = value !== undefined && !operator;
  const constant: Constant | undefined =
    value === undefined ? undefined : { operator: operator || "+", value };
  const body = isLeaf
    ? { operator: "+" as const, operands: [] }
    : readBody(read, style, reference, constant);
  if (!read.skip(style.stop)) read.fail(`"${style.stop}"`);
  return { parameter, ...(constant && { constant }), ...body };
}

/** One operand, or several with one operator between them. */
function readBody(
  read: Reader,
  style: Style,
  reference: () => ParameterId,
  constant: Constant | undefined,
): Pick<Statement, "operator" | "operands"> {
  const grouped = constant !== undefined && style.group[0] !== "" && read.skip(style.group[0]);
  const announced = (["+", "-"] as const).find(
    (o) => style.list[o].open !== "" && read.skip(style.list[o].open),
  );
  const operands = [reference()];
  const isList = announced !== undefined || grouped || constant === undefined;
  const follows = (o: "+" | "-"): boolean =>
    read.skip(style.list[o].last) || read.skip(style.list[o].comma);
  const found = isList
    ? (announced ? [announced] : (["+", "-"] as const)).find(follows)
    : undefined;
  if (found === undefined) {
    if (announced || grouped) read.fail("a second operand");
    return { operator: "+", operands };
  }
  do operands.push(reference());
  while (follows(found));
  if (grouped && !read.skip(style.group[1])) read.fail(`"${style.group[1]}"`);
  return { operator: found, operands };
}

/** The problem, if each parameter is stated once and follows from the others. @throws DataError */
function consistent(problem: Problem): Problem {
  const stated = problem.statements.map(({ parameter }) => parameter);
  const twice = stated.find((id, i) => stated.indexOf(id) !== i);
  if (twice !== undefined)
    throw new DataError(`igsm.parse: expected one sentence a parameter, got two about ${twice}`);
  dependencyOrder(problem, [...stated, problem.question]);
  return problem;
}
