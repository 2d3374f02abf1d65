import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { evaluateExpression } from "../../../src/tasks/medcalc/scoring/expression.ts";

/** A text and what Python makes of it: a number, and whether that is a float. */
interface Drawn {
  readonly text: string;
  readonly value: number;
  readonly float: boolean;
}

const number: fc.Arbitrary<Drawn> = fc
  .tuple(fc.nat(40), fc.boolean())
  .map(([n, float]) =>
    float
      ? { text: `${n / 4}`.replace(/^\d+$/, "$&.0"), value: n / 4, float }
      : { text: `${n}`, value: n, float },
  );

const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "//": (a, b) => Math.floor(a / b),
  "%": (a, b) => a - b * Math.floor(a / b),
};

const { drawn } = fc.letrec<{ drawn: Drawn }>((tie) => ({
  drawn: fc.oneof(
    { maxDepth: 4, depthIdentifier: "drawn" },
    number,
    fc
      .tuple(tie("drawn"), fc.constantFrom(...Object.keys(operators)), tie("drawn"))
      .map(([a, sign, b]) => ({
        text: `(${a.text}) ${sign} (${b.text})`,
        value: operators[sign]?.(a.value, b.value) ?? Number.NaN,
        float: sign === "/" || a.float || b.float,
      })),
    tie("drawn").map(({ text, value, float }) => ({ text: `-(${text})`, value: -value, float })),
    fc
      .tuple(
        fc.constantFrom("min" as const, "max" as const),
        fc.array(tie("drawn"), { minLength: 2, maxLength: 4 }),
      )
      .map(([name, all]) => {
        const value = Math[name](...all.map((one) => one.value));
        const first = all.find((one) => one.value === value);
        const text = `${name}(${all.map((one) => one.text).join(", ")})`;
        return { text, value, float: first?.float ?? false };
      }),
    tie("drawn").map(({ text, value, float }) => ({
      text: `abs(${text})`,
      value: Math.abs(value),
      float,
    })),
    tie("drawn").map(({ text, value }) => ({
      text: `int(${text})`,
      value: Math.trunc(value),
      float: false,
    })),
    tie("drawn").map(({ text, value }) => ({
      text: `math.exp(${text})`,
      value: Math.exp(value),
      float: true,
    })),
  ),
}));

describe("evaluateExpression(text)", () => {
  test("is what Python makes of it", () => {
    fc.assert(
      fc.property(drawn, ({ text, value, float }) => {
        // A quotient by zero anywhere has no value, and neither has what is made of it.
        fc.pre(Number.isFinite(value) && !/NaN|Infinity/.test(text));
        const found = evaluateExpression(text);
        if (found === undefined) expect(text).toMatch(/[/%]|exp/);
        else {
          expect(found.value + 0, text).toBe(value + 0);
          expect(found.float, text).toBe(float);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["2 + 3 * 4 - 5", 9],
    ["2 ** 3 ** 2", 512],
    ["-2 ** 2", -4],
    ["2 ^ -1", 0.5],
    ["7 - 2 - 1", 4],
    ["min(3, 2)", 2],
    ["max(3, 2, 5)", 5],
    ["round(1234, -2)", 1200],
    ["round(2.675, 2)", 2.67],
    ["round(0.5)", 0],
    ["pow(2, 10)", 1024],
    ["np.sqrt(16)", 4],
    ["math.log(8, 2)", 3],
    ["log10(1000)", 3],
    ["(1 + 2", 3],
  ])("%s is %d", (text, value) => {
    expect(evaluateExpression(text)?.value).toBeCloseTo(value, 12);
  });

  it.each([
    "min(3)",
    "max()",
    "pow(2)",
    "sqrt(4, 2)",
    "1 / 0",
    "7 // 0",
    "5 % 0",
    "0 ** -1",
    "x",
    "1 2",
    "",
  ])("%j has no value", (text) => {
    expect(evaluateExpression(text)).toBeUndefined();
  });
});
