/** Shapes that an operation cannot combine. `op` and `shapes` name the culprit. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
  readonly op: string;
  readonly shapes: readonly (readonly number[])[];

  constructor(op: string, expected: string, shapes: readonly (readonly number[])[]) {
    super(`${op}: expected ${expected}, got ${shapes.map(showShape).join(" and ")}`);
    this.op = op;
    this.shapes = shapes;
  }
}

/**
 * @param expected in words, or what makes them where they are wanted
 * @throws ShapeError with the shapes of the inputs unless they are as expected
 */
export function expectShapes(
  ok: boolean,
  op: string,
  expected: string | (() => string),
  inputs: readonly { readonly shape: readonly number[] }[],
): void {
  if (ok) return;
  const shapes = inputs.map(({ shape }) => shape);
  throw new ShapeError(op, typeof expected === "string" ? expected : expected(), shapes);
}

/** Data that cannot be used: an empty data set, a malformed file or row. */
export class DataError extends Error {
  override readonly name = "DataError";
}

/**
 * Says in errors of one kind where they arose: `place: …`.
 * @param Kind DataError by default
 */
export function located<T>(
  place: string,
  work: () => T,
  Kind: typeof DataError | typeof RangeError = DataError,
): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Kind)) throw error;
    throw new Kind(`${place}: ${error.message}`, { cause: error });
  }
}

/** Formats a shape as it is written in messages, e.g. `[2, 3]`. */
export function showShape(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
