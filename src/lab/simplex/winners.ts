import type { Interpolation } from "../../anchored/objectives/interpolations.ts";
import { at } from "../../tensor/shapes.ts";
import type { LogProbs } from "./distributions.ts";

/** A stretch of a path along which one token is the likeliest. */
export interface Stretch {
  readonly token: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Which token wins along a path, by the weight of s. On every path the tokens keep the order of
 * numbers that are linear in the weight — log-probabilities on the logit path, powers of
 * probabilities on the others — so the changes are where straight lines cross, exactly.
 * @returns stretches from 0 to 1, in order; their ends are the argmax-flip thresholds
 */
export function winnersAlong(path: Interpolation, p: LogProbs, s: LogProbs): readonly Stretch[] {
  const score = scoreOf(path);
  const lines = p.map((x, i) => ({ start: score(x), end: score(at(s, i)) }));
  const stretches: Stretch[] = [];
  let token = winnerAtStart(lines);
  let from = 0;
  for (;;) {
    const { next, at } = overtaken(lines, token, from);
    stretches.push({ token, from, to: at });
    if (next === undefined) return stretches;
    [token, from] = [next, at];
  }
}

interface Line {
  readonly start: number;
  readonly end: number;
}

/** What the tokens' order along a path goes by. */
function scoreOf(path: Interpolation): (logProb: number) => number {
  const power = typeof path === "object" ? path.power : path === "logit" ? 0 : 1;
  return power === 0 ? (x) => x : (x) => Math.sign(power) * Math.exp(power * x);
}

const slope = ({ start, end }: Line): number => end - start;

/** The largest at 0, and of several the one that grows fastest. */
function winnerAtStart(lines: readonly Line[]): number {
  let best = 0;
  lines.forEach((line, i) => {
    const other = at(lines, best);
    const ahead = line.start - other.start;
    if (ahead > 0 || (ahead === 0 && slope(line) > slope(other))) best = i;
  });
  return best;
}

/** The first line that crosses a line from below after a weight; `at` is 1 where none does. */
function overtaken(
  lines: readonly Line[],
  token: number,
  from: number,
): { readonly next?: number; readonly at: number } {
  const own = at(lines, token);
  let first: { next?: number; at: number } = { at: 1 };
  lines.forEach((line, i) => {
    const gain = slope(line) - slope(own);
    if (i === token || gain <= 0) return;
    const at = Math.max(from, (own.start - line.start) / gain);
    const steeper = first.next !== undefined && slope(line) > slope(lines[first.next] as Line);
    if (at < first.at || (at === first.at && at < 1 && steeper)) first = { next: i, at };
  });
  return first;
}
