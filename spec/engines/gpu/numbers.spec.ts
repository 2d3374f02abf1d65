import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FunctionName, functions } from "../../../kernels/gpu/numbers/functions.ts";
import { glsl1, type Language } from "../../../kernels/gpu/numbers/language.ts";
import { at } from "../../../src/tensor/shapes.ts";

/** JavaScript as a shading language: what a body computes, with more digits than a GPU has. */
const script: Language = {
  ...glsl1,
  declare: (_, name, value) => `const ${name} = ${value};`,
  variable: (_, name, value) => `let ${name} = ${value};`,
  isNan: (x) => `Number.isNaN(${x})`,
  infinity: "Infinity",
  nan: "NaN",
  before: "",
};

type Numbers = (...args: number[]) => number;

const built = (parameters: readonly string[], body: string): Numbers =>
  new Function(
    ...parameters,
    `const { abs, min, max, exp, log, sqrt, floor } = Math;\n${body}`,
  ) as Numbers;

const inputs: Readonly<Record<FunctionName, readonly [min: number, max: number]>> = {
  ...{ exp: [-103, 88.7], log: [0, 1e6], logOnePlus: [0, 1e6], tanh: [-50, 50] },
  ...{ sqrt: [0, 1e30], sigmoid: [-87, 120], sin: [-1e4, 1e4], cos: [-1e4, 1e4] },
  ...{ maximum: [-5, 5], less: [-5, 5], exceeds: [-5, 5], nothing: [-1e30, 1e30] },
};

/** What is near 0 keeps its digits too, where the function is near 0 there. */
const isRelative: ReadonlySet<string> = new Set(["log", "logOnePlus", "tanh", "sigmoid", "exp"]);

describe.each(Object.keys(functions) as FunctionName[])("%s on GPUs", (name) => {
  const { parameters, host, body } = functions[name];
  const shader = built(parameters, body(script));
  const wanted = built(parameters, `return ${host(...parameters)};`);
  const [min, max] = inputs[name];
  const inside = fc.oneof(
    fc.double({ min, max, noNaN: true }),
    // Evenly, unlike doubles, of which most are all but 0.
    fc.integer({ min: 4096 * Math.max(min, -2), max: 8192 }).map((i) => i / 4096),
    fc.constantFrom(...[0, 1, 0.75, 1.25, 0.9999, 1.0001].filter((x) => x >= min)),
  );

  test("is JavaScript's to 10⁻⁶", () => {
    fc.assert(
      fc.property(fc.array(inside, { minLength: 2, maxLength: 2 }), (args) => {
        const [got, want] = [shader(...args), wanted(...args)];
        if (Object.is(got, want)) return;
        const size = isRelative.has(name) ? Math.abs(want) : Math.max(1, Math.abs(want));
        expect(Math.abs(got - want), `${args}: ${got}, ${want}`).toBeLessThanOrEqual(
          1e-6 * size + 1e-45,
        );
      }),
      { numRuns: 500 },
    );
  });

  test("of NaN, infinities and what is out of its domain is JavaScript's", () => {
    const edges = [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0, -0, 1, -1];
    for (const a of edges)
      for (const b of edges) {
        // Kernels call it with x ≥ 0 alone.
        if (name === "logOnePlus" && a < 0) continue;
        const [got, want] = [shader(a, b), wanted(a, b)];
        if (Number.isFinite(want)) expect(Math.abs(got - want)).toBeLessThan(1e-6);
        else expect(got, `${at(parameters, 0)} = ${a}, ${b}`).toBe(want);
      }
  });
});
