import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  binary,
  type Expression,
  format,
  numberOf,
  parse,
} from "../../../src/tasks/countdown/expression.ts";
import { evaluatePython } from "../../../src/tasks/countdown/python.ts";
import { evaluate } from "../../../src/tasks/countdown/rational.ts";
import { DataError } from "../../../src/tensor/errors.ts";

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3, depthIdentifier: "expression" },
    fc.nat({ max: 20 }).map(numberOf),
    fc
      .tuple(tie("expression"), fc.constantFrom("+", "-", "*", "/"), tie("expression"))
      .map(([left, operator, right]) => binary(left, operator, right)),
    tie("expression").map((operand): Expression => ({ kind: "negate", operand })),
  ),
}));

/** What a fraction is worth; bigger ones are not drawn. */
const toNumber = (text: string): number | undefined => {
  const value = evaluate(parse(text));
  return value && Number(value.numerator) / Number(value.denominator);
};

/** What JavaScript makes of the same text. */
const javascript = (text: string): number => Function(`return (${text});`)() as number;

describe("parse(text)", () => {
  it("reads what format(expression) writes", () => {
    fc.assert(
      fc.property(expression, (drawn) => {
        const text = format(drawn);
        expect(format(parse(text))).toBe(text);
        expect(evaluate(parse(text))).toEqual(evaluate(drawn));
      }),
    );
  });

  it.each([
    ["1+2*3", 7],
    ["(1+2)*3", 9],
    ["8-4-2", 2],
    ["8/4/2", 1],
    ["-3+5", 2],
    ["2--3", 5],
    ["2*-+-3", 6],
    ["1/3*3", 1],
    [" 1.5\t* .5 ", 0.75],
    ["7//2", 3],
    ["-7//2", -4],
    ["2**3**2", 512],
    ["-2**2", -4],
    ["2**-1", 0.5],
    ["00", 0],
  ])("%s is %d", (text, value) => {
    expect(toNumber(text)).toBe(value);
  });

  it.each([
    "",
    "()",
    "1 2",
    "1+",
    "(1",
    "1)",
    "07",
    "1..2",
    "2(3)",
    "x",
    "1×2",
    "*3",
    "1e5",
    "1_0",
  ])("refuses %j", (text) => {
    expect(() => parse(text)).toThrow(DataError);
  });

  it("refuses more nested parentheses than Python reads", () => {
    const nested = (depth: number): string => `${"(".repeat(depth)}1${")".repeat(depth)}`;
    expect(toNumber(nested(200))).toBe(1);
    expect(() => parse(nested(201))).toThrow(DataError);
    expect(toNumber(Array(300).fill(nested(1)).join("+"))).toBe(300);
  });
});

describe("evaluate(expression)", () => {
  it("is exact, and near what doubles give", () => {
    fc.assert(
      fc.property(expression, (drawn) => {
        const value = evaluate(drawn);
        const rounded = evaluatePython(drawn);
        fc.pre(value !== undefined && rounded !== undefined);
        const exact = Number(value.numerator) / Number(value.denominator);
        fc.pre(Number.isFinite(exact) && Math.abs(exact) > 1e-6 && Math.abs(exact) < 1e6);
        expect(Math.abs(Number(rounded) - exact)).toBeLessThanOrEqual(1e-6 * Math.abs(exact));
      }),
    );
  });

  it("has no value where something is divided by zero", () => {
    for (const text of ["1/0", "1/(2-2)", "3//0", "0**-1", "1+2/(3-3)"]) {
      expect(evaluate(parse(text))).toBeUndefined();
      expect(evaluatePython(parse(text))).toBeUndefined();
    }
  });

  it("does not work out giant powers", () => {
    const bits = (text: string) => evaluate(parse(text))?.numerator.toString(2).length;
    expect([bits("2**2730"), bits("2**2731")]).toEqual([2731, undefined]);
    expect([bits("1**4096"), bits("1**4097")]).toEqual([1, undefined]);
    expect(evaluate(parse("1000**3000"))).toBeUndefined();
    expect(evaluate(parse("99**99**99"))).toBeUndefined();
    expect(evaluatePython(parse("99**99**99"))).toBeUndefined();
  });
});

describe("evaluatePython(expression)", () => {
  it("rounds as doubles do", () => {
    fc.assert(
      fc.property(expression, (drawn) => {
        const value = evaluatePython(drawn);
        fc.pre(value !== undefined);
        expect(Number(value) === javascript(format(drawn))).toBe(true);
      }),
    );
  });
});
