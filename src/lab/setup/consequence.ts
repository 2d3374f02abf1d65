import { heeds } from "../../anchored/objectives/kinds.ts";
import { hasSurety, type Setup } from "./setup.ts";
import { SURETY_ABOUT } from "./surety.ts";

/** What the knobs amount to, in a sentence. */
export function consequence(setup: Setup): string {
  const { method, alpha, budget, outer } = setup;
  if (!heeds(method, "outer")) return "";
  if (hasSurety(setup)) return SURETY_ABOUT;
  if (budget > 0 && method === "anchored")
    return "α is chosen so that an exact step stays within the budget.";
  const total = 1 - (1 - alpha) ** outer;
  return `In all, exact steps come ${Math.round(100 * total)} % of the way to ordinary fine-tuning: 1 − (1 − α)^T = ${total.toFixed(2)}.`;
}
