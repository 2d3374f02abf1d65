import { DataError } from "../../tensor/errors.ts";
import {
  abstractId,
  type Constant,
  instanceId,
  type ParameterId,
  type Problem,
  parameterOf,
  type Statement,
} from "./problem.ts";

/**
 * What a parameter equals: constant ∘ (t₁ ± t₂ …), each term the product of one or two parameters.
 * No terms and no constant: 0.
 */
export interface Definition {
  readonly constant?: Constant;
  readonly operator: "+" | "-";
  readonly terms: readonly (readonly ParameterId[])[];
}

/** The definition of each parameter of a problem. */
export type Definitions = (id: ParameterId) => Definition;

const known = new WeakMap<Problem, Definitions>();

/** The definitions of a problem's parameters, stated and abstract, remembered with the problem. */
export function definitionsOf(problem: Problem): Definitions {
  const definitions = known.get(problem) ?? define(problem);
  known.set(problem, definitions);
  return definitions;
}

/** @throws DataError (the function returned) for an instance that no sentence states */
function define({ statements }: Problem): Definitions {
  const definitions = new Map<ParameterId, Definition>();
  const children = new Map<string, number[]>();
  for (const { parameter } of statements) {
    const { layer, item, of } = parameterOf(parameter);
    const owner = `${layer},${item}`;
    children.set(owner, [...(children.get(owner) ?? []), of]);
  }
  for (const list of children.values()) list.sort((a, b) => a - b);
  for (const statement of statements) definitions.set(statement.parameter, fromText(statement));
  return (id) => {
    const definition = definitions.get(id) ?? fromStructure(id, children);
    definitions.set(id, definition);
    return definition;
  };
}

const fromText = ({ constant, operator, operands }: Statement): Definition => ({
  ...(constant && { constant }),
  operator,
  terms: operands.map((operand) => [operand]),
});

function fromStructure(
  id: ParameterId,
  children: ReadonlyMap<string, readonly number[]>,
): Definition {
  const { kind, layer, item, of } = parameterOf(id);
  if (kind === "instance")
    throw new DataError(`igsm: expected a sentence that states parameter ${id}, got none`);
  const terms = (children.get(`${layer},${item}`) ?? []).map((child) =>
    of === layer + 1
      ? [instanceId(layer, item, child)]
      : [instanceId(layer, item, child), abstractId(layer + 1, child, of)],
  );
  return { operator: "+", terms };
}

/** The parameters that a definition names. */
export const parentsOf = ({ terms }: Definition): ParameterId[] => terms.flat();

/** How many operations a definition takes: one for up to two operands, then one less than they are. */
export const operationsOf = (definition: Definition): number =>
  Math.max(1, parentsOf(definition).length + (definition.constant ? 1 : 0) - 1);

/**
 * The roots and all that they depend on, each after what it depends on.
 * @throws DataError for a parameter that depends on itself, or on one that no sentence states
 */
export function dependencyOrder(
  problem: Problem,
  roots: readonly ParameterId[] = [problem.question],
): ParameterId[] {
  const definition = definitionsOf(problem);
  const done = new Set<ParameterId>();
  const open = new Set<ParameterId>();
  const visit = (id: ParameterId): void => {
    if (done.has(id)) return;
    if (open.has(id))
      throw new DataError(`igsm: expected no circle of parameters, got one through ${id}`);
    open.add(id);
    parentsOf(definition(id)).forEach(visit);
    done.add(id);
  };
  roots.forEach(visit);
  return [...done];
}
