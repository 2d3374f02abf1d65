import { heeds } from "../../anchored/objectives/kinds.ts";
import type { Setup } from "./setup.ts";

/** What the knobs amount to, in a sentence. */
export function consequence({ method, alpha, budget, outer }: Setup): string {
  if (!heeds(method, "outer")) return "";
  if (budget > 0 && method === "anchored")
    return "α is chosen so that an exact step stays within the budget.";
  const total = 1 - (1 - alpha) ** outer;
  return `In all, exact steps come ${Math.round(100 * total)} % of the way to ordinary fine-tuning: 1 − (1 − α)^T = ${total.toFixed(2)}.`;
}
