import { type Key, stream } from "../../../tensor/random.ts";
import type { Stream } from "../../draw.ts";
import { OptionsError } from "../../optionsError.ts";
import { dependencyOrder } from "../definitions.ts";
import type { ParameterId, Problem } from "../problem.ts";
import { letters, type Solution, solve } from "../solution.ts";
import { operations, values } from "../values.ts";
import { writeProblem } from "../write.ts";
import { writeSolution } from "../writeSolution.ts";
import { chooseParameters } from "./choose.ts";
import { drawDependency } from "./dependency.ts";
import { drawDistractors } from "./distractors.ts";
import { type Options, type Settings, settingsOf } from "./options.ts";
import { shuffled } from "./random.ts";
import { withRetries } from "./retries.ts";
import { drawOp, drawSizes } from "./sizes.ts";
import { arrange, drawStatement, drawWorld } from "./statements.ts";
import { drawStructure, graphOf } from "./structure.ts";
import { binOf, isIn } from "./template.ts";

/** A problem with its solution, in words and as data. */
export interface Generated extends Problem {
  readonly problemText: string;
  readonly solution: Solution;
  readonly solutionText: string;
  /** 0 … modulus−1 */
  readonly answer: number;
  /** Operations, which are the equations of the solution. */
  readonly nOp: number;
  /** The parameters that the solution finds, in its order. */
  readonly solutionOrder: readonly ParameterId[];
  /** Bin 0 … 22 of the solution's template: 0 … 15 are for training, 16 … 22 for tests. */
  readonly hashBin: number;
}

/** How many problems in a row may fail to be as asked for. */
const PATIENCE = 20_000;

/** After so many failures another number of operations is drawn: few templates have one or two. */
const REDRAW = 50;

/**
 * Draws a problem; the same key gives the same problem.
 * @throws OptionsError for options out of range, or that no problem meets
 * @see Ye, Xu, Li, Allen-Zhu, "Physics of Language Models: Part 2.1" (arXiv 2407.20311), appendix
 */
export const generate = (key: Key, options: Options = {}): Generated => draw(stream(key), options);

/** As `generate`, from a stream of random numbers. */
export function draw(next: Stream, options: Options = {}): Generated {
  const settings = settingsOf(options);
  let op = drawOp(next, settings);
  for (let i = 1; i <= PATIENCE; i++) {
    if (i % REDRAW === 0) op = drawOp(next, settings);
    const drawn = drawProblem(next, op, settings);
    if (drawn && isIn(settings.split, drawn.hashBin)) return present(next, drawn, settings);
  }
  throw new OptionsError(
    `igsm.generate: expected options that allow ${op} operations, got none in ${PATIENCE} draws`,
  );
}

type Drawn = Omit<Generated, "problemText" | "solutionText">;

function drawProblem(next: Stream, op: number, settings: Settings): Drawn | undefined {
  const { modulus, lexicon, order, maxOperands } = settings;
  const sizes = drawSizes(next, op, settings);
  const structure = drawStructure(next, sizes);
  const graph = graphOf(structure);
  const chosen = chooseParameters(next, graph, sizes);
  const dependency = drawDependency(next, graph, chosen, op, maxOperands);
  if (!dependency) return undefined;
  const distractors = drawDistractors(next, graph, dependency, maxOperands);
  const sentences = [...dependency.operands, ...distractors].map(([node, operands]) =>
    drawStatement(next, graph, node, operands, modulus),
  );
  const ids = dependency.order.map((node) => graph.ids[node] as ParameterId);
  const world = drawWorld(next, lexicon, structure.widths);
  const statements = arrange(next, sentences, order);
  const question = ids.at(-1) as ParameterId;
  return solved(next, { ...world, modulus, statements, question }, ids, settings);
}

/** Solves a problem in the order given. */
function solved(
  next: Stream,
  problem: Problem,
  order: readonly ParameterId[],
  { symbols = shuffled(next, letters) }: Settings,
): Drawn {
  const solution = solve(problem, { order, symbols });
  return {
    ...problem,
    solution,
    answer: solution.at(-1)?.equations.at(-1)?.result as number,
    nOp: solution.reduce((sum, { equations }) => sum + equations.length, 0),
    solutionOrder: order,
    hashBin: binOf(solution),
  };
}

/** Puts a problem and its solution into words. */
function present(next: Stream, drawn: Drawn, settings: Settings): Generated {
  const { retryRate: rate = 0, style = "text", question = "last", detailLevel = 0 } = settings;
  const format = { style, detailLevel };
  const solutionText =
    rate > 0 && style !== "compact"
      ? withRetries(next, drawn, drawn.solution, { ...format, rate })
      : writeSolution(drawn, drawn.solution, format);
  return { ...drawn, problemText: writeProblem(drawn, { style, question }), solutionText };
}

/**
 * Asks for another parameter of the same problem: the paper's "reask" test.
 * @param options as for `generate`; only the form of problem and solution is read
 * @throws RangeError where the problem has no other parameter
 */
export function reask(key: Key, problem: Problem, options: Options = {}): Generated {
  const next = stream(key);
  const settings = settingsOf(options);
  const { layerNames, items, modulus, statements, question } = problem;
  const most = (settings.symbols ?? letters).length;
  const asked = shuffled(next, Object.keys(values(problem)))
    .filter((id) => id !== question)
    .map((id): Problem => ({ layerNames, items, modulus, statements, question: id }))
    .find((other) => operations(other) <= most);
  if (!asked) throw new RangeError("igsm.reask: expected a problem of two parameters, got one");
  return present(next, solved(next, asked, dependencyOrder(asked), settings), settings);
}
