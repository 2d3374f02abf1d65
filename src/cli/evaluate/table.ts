import type { Measures } from "../../finetune/measure.ts";
import { count, percent } from "../../report/format.ts";

/** The measures as text, a line each. */
export function renderMeasures(measures: Measures, against: string | undefined): string {
  const { examples, targets, logLoss, perplexity, accuracy, exactMatch } = measures;
  const { klFromOther, klToOther } = measures;
  const rows: (readonly [string, string])[] = [
    ["rows", count(examples)],
    ["target tokens", count(targets)],
    ["log-loss, nats a token", logLoss.toFixed(4)],
    ["perplexity", perplexity.toFixed(perplexity < 1000 ? 3 : 0)],
    ["targets that are likeliest", `${percent(accuracy)} %`],
    ["exact match", `${percent(exactMatch)} %`],
    ...(klFromOther === undefined
      ? []
      : [[`KL(${against} ‖ model), nats a token`, small(klFromOther)] as const]),
    ...(klToOther === undefined
      ? []
      : [[`KL(model ‖ ${against}), nats a token`, small(klToOther)] as const]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("");
}

/** Four decimals, or as many digits where they would be lost. */
const small = (x: number): string =>
  Math.abs(x) >= 1e-3 || x === 0 ? x.toFixed(4) : x.toExponential(3);
