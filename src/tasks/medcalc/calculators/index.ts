import type { Calculator } from "../types.ts";
import { body } from "./body.ts";
import { comorbidity } from "./comorbidity.ts";
import { criticalCare } from "./criticalCare.ts";
import { drugs } from "./drugs.ts";
import { electrolytes } from "./electrolytes.ts";
import { heart } from "./heart.ts";
import { heartRhythm } from "./heartRhythm.ts";
import { infection } from "./infection.ts";
import { liver } from "./liver.ts";
import { metabolic } from "./metabolic.ts";
import { pregnancy } from "./pregnancy.ts";
import { renal } from "./renal.ts";
import { thrombosis } from "./thrombosis.ts";

/** All 55 calculators of MedCalc-Bench, by their ids there. */
export const calculators: readonly Calculator[] = [
  ...renal,
  ...body,
  ...heartRhythm,
  ...electrolytes,
  ...liver,
  ...metabolic,
  ...pregnancy,
  ...drugs,
  ...heart,
  ...thrombosis,
  ...infection,
  ...comorbidity,
  ...criticalCare,
].sort((a, b) => a.id - b.id);
