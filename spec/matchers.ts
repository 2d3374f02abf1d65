import { chai, expect } from "vitest";

// Once for each process: unlike a setup file, what it imports is not read again for every spec.

// Matchers that do not exist are TypeScript's to find; looking out for them costs a third of an expectation.
chai.config.useProxy = false;

const isNumbers = (x: unknown): x is ArrayLike<number> =>
  ArrayBuffer.isView(x) && !(x instanceof DataView) && !(x instanceof BigInt64Array);

/** Arrays of numbers as `toEqual` compares them, element by element, at a hundredth of its cost. */
expect.addEqualityTesters([
  function sameNumbers(a: unknown, b: unknown): boolean | undefined {
    if (!(isNumbers(a) && isNumbers(b)) || a.constructor !== b.constructor) return undefined;
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
    return true;
  },
]);
