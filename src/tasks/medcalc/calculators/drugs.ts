import { DataError } from "../../../tensor/errors.ts";
import type { Calculator, Facts, Quantity } from "../types.ts";

/** Glucocorticoid doses in mg of equal effect. */
const STEROID_DOSES: Readonly<Record<string, number>> = {
  "betamethasone iv": 1,
  "cortisone po": 33.33,
  "dexamethasone iv": 1,
  "dexamethasone po": 1,
  "hydrocortisone iv": 26.67,
  "hydrocortisone po": 26.67,
  "methylprednisolone iv": 5.33,
  "methylprednisolone po": 5.33,
  "prednisolone po": 6.67,
  "prednisone po": 6.67,
  "triamcinolone iv": 5.33,
};

function equivalentDose(facts: Facts, name: string): number {
  const steroid = facts.word(name);
  const dose = Object.hasOwn(STEROID_DOSES, steroid) ? STEROID_DOSES[steroid] : undefined;
  if (dose === undefined)
    throw new DataError(
      `calculate: expected ${Object.keys(STEROID_DOSES).join(" | ")} for "${name}", got "${steroid}"`,
    );
  return dose;
}

/** Milligrams of oral morphine that one milligram equals; a microgram for buccal fentanyl. */
const MORPHINE_EQUIVALENTS: Readonly<Record<string, number>> = {
  Buprenorphine: 10,
  Codeine: 0.15,
  "FentaNYL buccal": 0.13,
  "FentaNYL patch": 2.4,
  HYDROcodone: 1,
  HYDROmorphone: 5,
  Methadone: 4.7,
  Morphine: 1,
  OxyCODONE: 1.5,
  OxyMORphone: 3,
  Tapentadol: 0.4,
  TraMADol: 0.2,
};

const isMicrograms = ({ unit }: Quantity): boolean => /^([µμu]|mc)g/i.test(unit);

/**
 * A dose in the unit of the drug's equivalent: µg for buccal fentanyl and the patch (µg an hour),
 * mg for all others. The benchmark takes patches in mg.
 */
function dose(facts: Facts, drug: string): number {
  const given = facts.quantity(`${drug} Dose`);
  const wanted =
    drug === "FentaNYL buccal" || (drug === "FentaNYL patch" && facts.variant === "published");
  if (isMicrograms(given) === wanted) return given.value;
  return wanted ? given.value * 1000 : given.value / 1000;
}

export const drugs: readonly Calculator[] = [
  {
    // mg. Liu et al.: A practical guide to the monitoring and management of the complications of
    // systemic corticosteroid therapy. Allergy, Asthma & Clinical Immunology 9 (2013).
    id: 24,
    name: "Steroid Conversion Calculator",
    category: "dosage",
    output: "decimal",
    compute: (facts) => {
      const factor =
        equivalentDose(facts, "target steroid") / equivalentDose(facts, "input steroid");
      return facts.number("input steroid") * facts.round(factor);
    },
  },
  {
    // mg of morphine a day. Dowell et al.: CDC clinical practice guideline for prescribing opioids
    // for pain (2022).
    id: 49,
    name: "Morphine Milligram Equivalents (MME) Calculator",
    category: "dosage",
    output: "decimal",
    compute: (facts) =>
      Object.entries(MORPHINE_EQUIVALENTS)
        .filter(([drug]) => facts.has(`${drug} Dose`))
        .reduce(
          (sum, [drug, equivalent]) =>
            sum + dose(facts, drug) * facts.number(`${drug} Dose Per Day`) * equivalent,
          0,
        ),
  },
];
