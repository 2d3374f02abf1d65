import { flopOf } from "../../dist/src/compile/statistics.js";
import { sizeOf } from "../peers/spec.mjs";
import { labelOf } from "../profileRows.mjs";
import { figure, groupBy, percent, table } from "../table.mjs";

/** What each group of steps that is computed at once is, takes and touches. @param times ms of each launch */
export function rowsOf(plan, sources, times) {
  const launches = sources.map(({ steps }, i) => ({ steps, ms: times[i] }));
  return [...groupBy(launches, ({ steps }) => steps.join()).values()].map((group) => {
    const steps = group[0].steps.map((step) => plan.steps[step]);
    const [step, ...more] = steps;
    return {
      label:
        more.length === 0
          ? labelOf(step.op, step)
          : `${chainOf(steps)} [${step.output.shape.join(",")}]`,
      apart: group.map(({ ms }) => ms),
      ms: group.reduce((sum, { ms }) => sum + ms, 0),
      flop: steps.reduce((sum, step) => sum + flopOf(step), 0),
      bytes: 4 * numbersTouched(steps),
    };
  });
}

const chainOf = (steps) => steps.map(({ op }) => op).join(" · ");

/** Numbers read from outside the steps and made by them, each once. */
function numbersTouched(steps) {
  const values = steps.flatMap(({ inputs, output }) => [...inputs, output]);
  const sizes = new Map(values.map(({ buffer, shape }) => [buffer, sizeOf(shape)]));
  return [...sizes.values()].reduce((sum, n) => sum + n, 0);
}

const MOST = 30;

/** What groups of one kind take and reach, the longest first, as Markdown. */
export function timeTable(rows, { gflops, gbs }) {
  const all = rows.reduce((sum, { ms }) => sum + ms, 0);
  const kinds = [...groupBy(rows, ({ label }) => label)].map(([label, kind]) => {
    const sum = (of) => kind.reduce((total, row) => total + row[of], 0);
    return { label, kind, ms: sum("ms"), flop: sum("flop"), bytes: sum("bytes") };
  });
  const lines = kinds
    .toSorted((a, b) => b.ms - a.ms)
    .map(({ label, kind, ms, flop, bytes }) => {
      const [done, unit, best] = flop > 0 ? [flop, "GFLOP/s", gflops] : [bytes, "GB/s", gbs.large];
      const rate = done / ms / 1e6;
      const each = kind[0].apart.map((time) => figure(1000 * time)).join(" + ");
      return [
        ...[label, kind.length, figure(ms), percent(ms / all), each],
        ...[`${figure(rate)} ${unit}`, percent(rate / best)],
      ];
    });
  const head = ["steps", "times", "ms", "share", "launches of one, µs", "rate", "of ceiling"];
  const rest = lines.length > MOST ? `\n\n${lines.length - MOST} more kinds are not shown` : "";
  return table(head, lines.slice(0, MOST)) + rest;
}
