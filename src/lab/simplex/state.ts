import { at } from "../../tensor/shapes.ts";
import { decimalIn, shownIn } from "../decimal.ts";
import { logSoftmax } from "./distributions.ts";
import { findPreset, type Preset, presets } from "./presets.ts";

/** Logits of the three tokens. */
export type Logits = readonly [number, number, number];

/** All that the view shows follows from this. */
export interface SimplexState {
  /** The preset that it began as: it names the tokens. */
  readonly preset: string;
  /** The snapshot that the outer steps begin with. */
  readonly p: Logits;
  /** The fine-tuned reference, p_sft. */
  readonly s: Logits;
  /** Where an inexact inner loop ended; undefined for exact steps. */
  readonly landed?: Logits | undefined;
  readonly alpha: number;
  /** T, outer steps. */
  readonly steps: number;
  /** A power mean to draw besides the two paths. */
  readonly power?: number | undefined;
}

export const MOST_STEPS = 12;
/** Powers that can be chosen: 0 is the logit path, 1 the probability path. */
export const POWERS: readonly [least: number, most: number] = [-2, 2];
/** The smallest log-probability, near 1e-15. */
export const LEAST = -34.5;

/** Logits as a link can carry them: log-probabilities in ten-thousandths. */
export function rounded(logits: readonly number[]): Logits {
  const [a, b, c] = logSoftmax(logits).map(
    (x) => Math.round(Math.max(LEAST, x) * 1e4) / 1e4 || 0,
  ) as [number, number, number];
  return [a, b, c];
}

export function stateOf({ id, p, s, landed, alpha, steps }: Preset): SimplexState {
  return {
    preset: id,
    p: rounded(p),
    s: rounded(s),
    ...(landed && { landed: rounded(landed) }),
    alpha,
    steps,
  };
}

/** Names of the parameters in a link, which other views may share. */
const PREFIX = "x.";

/**
 * A state as parameters of a link: the preset, and what differs from it.
 * @see readState
 */
export function writeState(state: SimplexState): Readonly<Record<string, string>> {
  const start = fields(stateOf(findPreset(state.preset) as Preset));
  const changed = Object.entries(fields(state)).filter(([name, value]) => value !== start[name]);
  return Object.fromEntries(
    [["preset", state.preset], ...changed].map(([name, value]) => [PREFIX + name, value as string]),
  );
}

const fields = (state: SimplexState): Readonly<Record<string, string>> => ({
  p: state.p.join("_"),
  s: state.s.join("_"),
  alpha: `${state.alpha}`,
  T: `${state.steps}`,
  landed: state.landed?.join("_") ?? "none",
  power: `${state.power ?? "none"}`,
});

/**
 * The state that a link describes; what it does not say is as in its preset, or in the first.
 * @throws RangeError naming the first parameter that cannot be
 */
export function readState(parameters: URLSearchParams): SimplexState {
  const text = (name: string): string | undefined => parameters.get(PREFIX + name) ?? undefined;
  const id = text("preset") ?? at(presets, 0).id;
  const preset = findPreset(id);
  if (!preset) throw refusal("preset", presets.map((one) => one.id).join(", "), id);
  const start = stateOf(preset);
  const logits = (name: string): Logits | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const numbers = value.split("_").map(decimalIn);
    if (numbers.length === 3 && numbers.every((x) => x >= LEAST && x <= -LEAST))
      return rounded(numbers);
    throw refusal(name, `three logits from ${LEAST} to ${-LEAST}`, value);
  };
  const number = (name: string, least: number, most: number): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const x = decimalIn(value);
    if (x >= least && x <= most) return x;
    throw refusal(name, `a number from ${least} to ${most}`, value);
  };
  const unlessNone = <T>(name: string, value: T | undefined, read: () => T | undefined) =>
    text(name) === "none" ? undefined : (read() ?? value);
  return {
    preset: id,
    p: logits("p") ?? start.p,
    s: logits("s") ?? start.s,
    landed: unlessNone("landed", start.landed, () => logits("landed")),
    alpha: number("alpha", 0, 1) ?? start.alpha,
    steps: Math.round(number("T", 1, MOST_STEPS) ?? start.steps),
    power: unlessNone("power", start.power, () => number("power", ...POWERS)),
  };
}

const refusal = (name: string, expected: string, got: string): RangeError =>
  new RangeError(`readState: expected ${expected} for ${PREFIX}${name}, got ${shownIn(got)}`);
