import { expectKnown } from "../../tensor/options.ts";
import { calculators } from "./calculators/index.ts";
import { readFacts } from "./facts.ts";
import type { Answer, Calculator, Entities, Variant } from "./types.ts";

const byId: ReadonlyMap<number, Calculator> = new Map(calculators.map((each) => [each.id, each]));

/** The calculator of an id. @throws RangeError for an id that none has */
export function calculatorOf(id: number): Calculator {
  const found = byId.get(id);
  if (found === undefined)
    throw new RangeError(
      `medcalc: expected one of the ids ${[...byId.keys()].join(" ")}, got ${id}`,
    );
  return found;
}

/**
 * What a calculator gives for what a patient note says.
 * @param calculatorId the id in MedCalc-Bench, 2 … 69
 * @param entities by name; names of any version of the data files
 * @param options.variant `published` unless given
 * @returns a number; for dates `MM/DD/YYYY`; for the gestational age `["W weeks", "D days"]`
 * @throws RangeError for an unknown id, DataError for an entity that is missing or malformed
 * @see Khandekar et al.: MedCalc-Bench. NeurIPS (2024)
 */
export function calculate(
  calculatorId: number,
  entities: Entities,
  options: { readonly variant?: Variant } = {},
): Answer {
  expectKnown("medcalc.calculate", options, ["variant"]);
  const { variant = "published" } = options;
  const facts = readFacts(entities, variant);
  const answer = calculatorOf(calculatorId).compute(facts);
  return typeof answer === "number" ? facts.round(answer) : answer;
}
