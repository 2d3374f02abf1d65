import fc from "fast-check";
import { chai, expect } from "vitest";

/**
 * Every property draws the same cases in each run, so that a test's verdict belongs to the code
 * alone. `PROPERTY_SEED=7 npm test` draws others: worth doing now and then.
 */
const given = process.env["PROPERTY_SEED"] ?? "1";
if (!/^\d{1,9}$/.test(given))
  throw new Error(`PROPERTY_SEED: expected a whole number, got ${given}`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(given) });

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
