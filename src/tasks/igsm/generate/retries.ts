import { chance, pick, type Stream } from "../../draw.ts";
import { definitionsOf, parentsOf } from "../definitions.ts";
import type { ParameterId, Problem } from "../problem.ts";
import type { Solution } from "../solution.ts";
import { styles } from "../style.ts";
import { writeName } from "../write.ts";
import { type SolutionFormat, writeSteps } from "../writeSolution.ts";

/**
 * A solution in English with second thoughts: before a step, with probability `rate` each time,
 * "Define A's B as BACK." for a parameter that cannot be found yet.
 * @see Ye, Xu, Li, Allen-Zhu, "Physics of Language Models: Part 2.2" (arXiv 2408.16293)
 */
export function withRetries(
  next: Stream,
  problem: Problem,
  solution: Solution,
  { rate, ...format }: SolutionFormat & { readonly rate: number },
): string {
  const stated = problem.statements.map(({ parameter }) => parameter);
  const definition = definitionsOf(problem);
  const found = new Set<ParameterId>();
  const written = writeSteps(problem, solution, format);
  const sentences = solution.flatMap(({ parameter }, i) => {
    const early = [...new Set([...stated, problem.question])].filter(
      (id) => !found.has(id) && parentsOf(definition(id)).some((parent) => !found.has(parent)),
    );
    found.add(parameter);
    const taken: string[] = [];
    while (early.length > 0 && chance(next, rate))
      taken.push(`Define ${writeName(problem, pick(next, early), styles.text)} as BACK`);
    return [...taken, written[i] as string];
  });
  return ` ${sentences.join(". ")}.`;
}
