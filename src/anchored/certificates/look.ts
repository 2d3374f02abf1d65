import { joinedArrays } from "../../tensor/parts.ts";
import { TOLERANCE } from "./verdict.ts";

/** A number for each token, nats. */
export type Column = Float64Array;

/** The terms of `CertificateTerms`, and what the cumulative bound is made of. */
export interface StepColumns {
  readonly stepKl: Column;
  readonly referenceKl: Column;
  readonly bound: Column;
  readonly anchorKl: Column;
  readonly delta: Column;
  readonly eta: Column;
  readonly psi?: Column;
}

export interface StartColumns {
  /** KL(p_0 ‖ p_{t+1}). */
  readonly travelled: Column;
  /** KL(p_0 ‖ p_sft). */
  readonly whole: Column;
  /** E_{p_0}[log q − log p_{t+1}]. */
  readonly error: Column;
}

/** −log p of the tokens that stand in the data, nats, by the models of an outer step. */
export interface LossColumns {
  /** p_0, p_t, p_sft, the anchor and p_{t+1}. */
  readonly start: Column;
  readonly snapshot: Column;
  readonly reference: Column;
  readonly anchor: Column;
  readonly next: Column;
}

/** What an outer step is certified from: numbers at each target of some examples, in order. */
export interface Look {
  /** Example i's targets are starts[i] … starts[i + 1] − 1. */
  readonly starts: readonly number[];
  readonly step: StepColumns;
  readonly start: StartColumns | undefined;
  readonly losses?: LossColumns | undefined;
  /** How exact the numbers are, relative to 1 + the divergence; as float64 makes them by default. */
  readonly tolerance?: (token: number) => number;
}

export const toleranceAt = ({ tolerance }: Look, token: number): number =>
  tolerance?.(token) ?? TOLERANCE;

/** The look at the first examples. */
export function first(look: Look, examples: number): Look {
  const starts = look.starts.slice(0, examples + 1);
  const tokens = starts.at(-1) ?? 0;
  return {
    ...{ ...look, starts, step: columnsCut(look.step, tokens) },
    start: look.start && columnsCut(look.start, tokens),
    losses: look.losses && columnsCut(look.losses, tokens),
  };
}

/** Looks at some examples and at those that follow, as one. */
export function joined(looks: readonly Look[]): Look {
  const starts = [0];
  const firsts: number[] = [];
  for (const look of looks) {
    const first = starts.at(-1) ?? 0;
    firsts.push(first);
    starts.push(...look.starts.slice(1).map((start) => start + first));
  }
  const steps = columnsJoined(looks.map(({ step }) => step));
  const withStart = looks.flatMap(({ start }) => start ?? []);
  const withLosses = looks.flatMap(({ losses }) => losses ?? []);
  const exact = looks.every(({ tolerance }) => !tolerance);
  return {
    starts,
    step: steps,
    start: withStart.length > 0 ? columnsJoined(withStart) : undefined,
    losses: withLosses.length > 0 ? columnsJoined(withLosses) : undefined,
    ...(!exact && {
      tolerance: (token) => {
        const part = firsts.findLastIndex((first) => first <= token);
        const look = looks[part];
        return look ? toleranceAt(look, token - (firsts[part] ?? 0)) : TOLERANCE;
      },
    }),
  };
}

type AnyColumns = StepColumns | StartColumns | LossColumns;

const columnsCut = <Columns extends AnyColumns>(columns: Columns, tokens: number): Columns =>
  Object.fromEntries(
    Object.entries(columns).map(([name, x]) => [name, (x as Column).subarray(0, tokens)]),
  ) as unknown as Columns;

function columnsJoined<Columns extends AnyColumns>(parts: readonly Columns[]): Columns {
  const names = Object.keys(parts[0] ?? {}) as (keyof Columns)[];
  const joinedOf = (name: keyof Columns): Column =>
    joinedArrays(parts.map((part) => part[name] as Column));
  return Object.fromEntries(names.map((name) => [name, joinedOf(name)])) as unknown as Columns;
}
