import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wgslBody } from "../../../kernels/gpu/translation/wgslBody.ts";
import type { WgslFunction } from "../../../kernels/gpu/wgsl.ts";

const functions: readonly WgslFunction[] = [
  { name: "number0", parameters: ["n"], returnType: "Number", body: "" },
  { name: "group0", parameters: ["n"], returnType: "Array(4)", body: "" },
  { name: "store", parameters: ["n", "x", "y", "z", "w"], returnType: "Number", body: "" },
  { name: "expOf", parameters: ["x"], returnType: "Number", body: "" },
];
const body = (code: string): string => wgslBody(`function(a0) {\n${code}\n}`, functions);

describe("a kernel's code in WGSL", () => {
  test("counts places in whole numbers, and the rest in floats", () => {
    expect(
      body(`const v0 = this.thread.x;
const v1 = quotient(v0, 12);
const v2 = 0 * 7 + 1;
const v3 = whole(number0(v1 * 4 + v2));
let v4 = 0;
for (let v5 = 0; v5 < 8; v5++) {
if (v5 + v3 >= 9) { break; }
const v6 = group0(v3 * 2 + v5);
v4 += v6[0] * v6[v5] + expOf(-v6[2] / 3);
}
v4 = v5 * 2;
store(v0, v4, 1, 1e-9, 3e60);
return v3 == v4 ? v4 : v3;`),
    ).toMatchInlineSnapshot(`
      "let user_v0 = i32(threadGid.x);
      let user_v1 = i32(u32(user_v0) / u32(12));
      let user_v3 = i32(fn_number0(((user_v1 * 4) + 1)));
      var user_v4 = 0.0;
      for (var user_v5 : i32 = 0; (user_v5 < 8); user_v5++)
      {
      if (((user_v5 + user_v3) >= 9))
      {
      break;
      }
      let user_v6 = fn_group0(((user_v3 * 2) + user_v5));
      user_v4 += ((user_v6[0] * user_v6[user_v5]) + fn_expOf(((-user_v6[2]) / 3.0)));
      }
      user_v4 = f32((user_v5 * 2));
      fn_store(user_v0, user_v4, 1.0, 1e-9, 3.4028234663852886e+38);
      result[0] = select(f32(user_v3), user_v4, (f32(user_v3) == user_v4));
      return;"
    `);
  });

  test.each([
    ["const v0 = 1 # 2;", "expected a word, got # 2;"],
    ["const v0 = v1;", "expected a name that was declared, got v1"],
    ["const v0 = Math.cos(1);", "expected a function that it was given, got Math.cos"],
    ["const v0 = 1", "expected ;, got }"],
    ["v0 += 1;", "expected a variable, got v0"],
    ["const v0 = 1; v0 = 2;", "expected a variable, got v0"],
    ["let v0 = this.thread.x; v0 = 0.5 * v0;", "expected a whole number for v0, got a number"],
    ["if (1) { break; }", "expected a condition, got a literal"],
  ])("refuses %s", (code, message) => {
    expect(() => body(code)).toThrow(`kernel: ${message}`);
  });

  /** Expressions of a place, in the words of kernels. */
  const { place } = fc.letrec<{ place: string }>((tie) => ({
    place: fc.oneof(
      { maxDepth: 4 },
      fc.constant("v0"),
      fc.integer({ min: 0, max: 9 }).map(String),
      fc
        .tuple(tie("place"), fc.constantFrom("+", "*", "-"), tie("place"))
        .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
      fc
        .tuple(tie("place"), fc.integer({ min: 1, max: 99 }))
        .map(([a, b]) => `(v0 > 5 && v0 < 2000000000 ? ${a} : 3) + remainder(v0, ${b})`),
      fc.integer({ min: 1, max: 5000 }).map((b) => `quotient(v0, ${b}) * ${b}`),
    ),
  }));

  test("means what it means in JavaScript, for every place that 32 bits count", () => {
    const floor = (a: number, b: number): number => Math.floor(a / b);
    const rest = (a: number, b: number): number => a % b;
    const choose = (otherwise: unknown, then: unknown, is: boolean) => (is ? then : otherwise);
    fc.assert(
      fc.property(place, fc.integer({ min: 0, max: 2 ** 31 - 1 }), (code, index) => {
        const wanted = new Function(...["quotient", "remainder", "v0", `return ${code};`])(
          floor,
          rest,
          index,
        ) as number;
        fc.pre(Math.abs(wanted) < 2 ** 31);
        const text = body(`const v0 = this.thread.x;\nreturn number0(${code});`);
        const runnable = text.replaceAll(/\bvar (\w+) : i32/g, "let $1");
        const got: unknown[] = [];
        new Function(...["threadGid", "result", "fn_number0", "i32", "u32", "select"], runnable)(
          { x: index },
          got,
          (n: number) => n,
          Math.trunc,
          Number,
          choose,
        );
        expect(got).toEqual([wanted]);
      }),
      { numRuns: 500 },
    );
  });
});
