import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildPlan } from "../../src/compile/build.ts";
import { planStats } from "../../src/compile/statistics.ts";
import { apply } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { argument } from "./argument.ts";

const statsOf = (inputs: readonly Tensor[], output: Tensor) =>
  planStats(buildPlan([output], inputs));

const size = fc.integer({ min: 1, max: 9 });

describe("flop", () => {
  test("is 2mnk of a product, however its operands lie", () => {
    const cases = fc.record({
      ...{ B: size, m: size, k: size, n: size },
      ...{ transposeA: fc.boolean(), transposeB: fc.boolean() },
    });
    fc.assert(
      fc.property(cases, ({ B, m, k, n, ...turned }) => {
        const a = argument(0, turned.transposeA ? [B, k, m] : [B, m, k]);
        const b = argument(1, turned.transposeB ? [B, n, k] : [B, k, n]);
        expect(statsOf([a, b], ops.matmul(a, b, turned)).flop).toBe(2 * B * m * n * k);
      }),
    );
  });

  test("is that of attention's products, two forwards and five backwards, of all heads and slots", () => {
    const cases = fc.record({ B: size, G: size, share: size, T: size, S: size, D: size });
    fc.assert(
      fc.property(cases, ({ B, G, share, T, S, D }) => {
        const H = G * share;
        const [q, g] = [argument(0, [B, H, T, D]), argument(5, [B, H, T, D])];
        const stored = (slots: number) => [
          argument(1, [B, G, slots, D]),
          argument(2, [B, G, slots, D]),
        ];
        const where = [argument(3, [B, T], "int"), argument(4, [B, T], "int")];
        const flopOf = (output: Tensor, k: readonly Tensor[]) =>
          statsOf([q, ...k, ...where, g], output).flop;
        const [square, wide] = [stored(T), stored(S)] as [[Tensor, Tensor], [Tensor, Tensor]];
        const at = where as [Tensor, Tensor];
        const range = { scale: 1, softcap: null, window: null };
        const causal = apply("causalAttention", [q, ...square], { scale: 1 });
        const causalGrad = apply("causalAttentionGrad", [g, q, ...square], { scale: 1 });
        const ranged = apply("rangeAttention", [q, ...wide, ...at], range);
        const rangedGrad = apply("rangeAttentionGrad", [g, q, ...wide, ...at], range);
        const product = (slots: number) => 2 * B * H * T * slots * D;
        expect(flopOf(causal, square)).toBe(2 * product(T));
        expect(flopOf(causalGrad, square)).toBe(5 * product(T));
        expect(flopOf(ranged, wide)).toBe(2 * product(S));
        expect(flopOf(rangedGrad, wide)).toBe(5 * product(S));
      }),
    );
  });

  test("is none of what multiplies no matrices", () => {
    const x = argument(0, [4, 4]);
    expect(statsOf([x], ops.mul(ops.exp(x), ops.softmax(x))).flop).toBe(0);
  });
});

describe("bytes", () => {
  const n = 6;
  const [x, y] = [argument(0, [n]), argument(1, [n])];

  test("counts an operand that is read several times once", () => {
    const touched = (output: Tensor) => statsOf([x, y], output).bytes / (4 * n);
    expect(touched(ops.mul(x, y))).toBe(3);
    expect(touched(ops.mul(x, x))).toBe(2);
    expect(touched(apply("select", [x, y, x], {}))).toBe(3);
    expect(touched(apply("select", [x, x, x], {}))).toBe(2);
  });

  test("counts of a table the rows that are read", () => {
    const [table, rows] = [argument(0, [100, 8]), argument(1, [3], "int")];
    expect(statsOf([table, rows], ops.gather(table, rows)).bytes).toBe(4 * (2 * 3 * 8));
  });
});

test("peakBytes is what lives at one time: what is given, and no more of a chain than two links", () => {
  const n = 6;
  const x = argument(0, [n]);
  const peak = (links: number, donated: readonly number[] = []) => {
    let y = x;
    for (let i = 0; i < links; i++) y = ops.exp(y);
    return planStats(buildPlan([y], [x], { donated })).peakBytes / (4 * n);
  };
  expect([1, 2, 3, 8].map((links) => peak(links))).toEqual([2, 3, 3, 3]);
  // A result that takes over memory that was given takes none of its own.
  expect(peak(1, [0])).toBe(1);
});
