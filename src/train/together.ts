import { roundedLength } from "../nn/lengths.ts";
import { at } from "../tensor/shapes.ts";
import { type Example, type MarkedTokens, sequenceOf } from "./examples.ts";

/** Rows of several examples are rounded up to a multiple of this at least. */
const ROW_STEP = 64;

/** Indices cut into rows of so many; the last has the rest. */
export const inRows = (indices: readonly number[], perRow: number): number[][] =>
  Array.from({ length: Math.ceil(indices.length / perRow) }, (_, row) =>
    indices.slice(row * perRow, (row + 1) * perRow),
  );

/** How far rows are padded whose longest has so many positions and shares it among examples. */
export const sharedLength = (positions: number): number => roundedLength(positions, ROW_STEP);

/** Tokens of an example, without the padding behind its documents. */
export function tokensOf(example: Example): number {
  const { tokens, segments } = sequenceOf(example);
  const padding = segments?.indexOf(0) ?? -1;
  return padding < 0 ? tokens.length : padding;
}

/**
 * Examples behind one another in one row, each blind to the others: what a loss says of each token is
 * what it says of it alone.
 */
export function joined(examples: readonly Example[]): Example {
  if (examples.length === 1) return at(examples, 0);
  let documents = 0;
  const parts = examples.map((example) => {
    const whole = sequenceOf(example);
    const n = tokensOf(example);
    const own = (whole.segments ?? whole.tokens.map(() => 1)).slice(0, n);
    const segments = own.map((segment) => documents + segment);
    documents += at(own, n - 1);
    const weights = whole.weights ?? whole.tokens.map(() => 1);
    return {
      ...{ tokens: whole.tokens.slice(0, n), mask: whole.mask.slice(0, n) },
      ...{ segments, weights: weights.slice(0, n) },
    };
  });
  const all = <T>(of: (part: (typeof parts)[number]) => readonly T[]): T[] => parts.flatMap(of);
  return {
    tokens: all(({ tokens }) => tokens),
    mask: all(({ mask }) => mask),
    segments: all(({ segments }) => segments),
    ...(examples.some(({ weights }) => weights) && { weights: all(({ weights }) => weights) }),
  } satisfies MarkedTokens;
}
