import fc from "fast-check";
import { expect, test } from "vitest";
import { groupsOf, tiledMatmul, tilingOf } from "../../../kernels/gpu/products/tiledMatmul.ts";
import type { StorageType } from "../../../src/tensor/tensor.ts";

/** What every WebGPU device can do, by the specification's default limits. */
const LIMITS = { workgroups: 65535, threads: 256, bytes: 16384 };

const whole = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 100_000 }));
const length = fc.oneof(
  { arbitrary: whole.map((groups) => 4 * groups), weight: 9 },
  { arbitrary: whole, weight: 1 },
);
const product = fc.record({
  batch: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 200_000 })),
  ...{ m: length, k: length, n: length },
  ...{ transposeA: fc.boolean(), transposeB: fc.boolean() },
});

/** Bytes of what a shader's workgroups keep, of floats and of halves. */
const bytesKept = (code: string): readonly number[] =>
  [...code.matchAll(/var<workgroup> \w+ : array<vec4<f(32|16)>, (\d+)>/g)].map(
    ([, bits, n]) => (Number(bits) / 2) * Number(n),
  );

/** Numbered names that a shader uses and declares nowhere. */
function undeclared(code: string): string[] {
  const declared = new Set(
    [...code.matchAll(/\b(?:let|var) (\w+)/g)].map(([, name]) => name ?? ""),
  );
  const used = new Set([...code.matchAll(/(?<![\w.])[a-z]+\d+(?:_\d+)?\b/g)].map(([name]) => name));
  const builtin = /^(u32|i32|f32|vec\d)$/;
  return [...used].filter((name) => !declared.has(name) && !builtin.test(name));
}

const number = (pattern: RegExp, code: string): number => Number(pattern.exec(code)?.[1]);

test("a product is cut into what every device can do, and k into whole groups of four", () => {
  fc.assert(
    fc.property(product, (drawn) => {
      const tiling = tilingOf(drawn);
      if ([drawn.m, drawn.k, drawn.n].some((x) => x % 4 !== 0)) {
        expect(tiling).toBeUndefined();
        return;
      }
      if (!tiling) return;
      const cut = { ...drawn, parts: tiling.parts };
      expect(drawn.k % (4 * tiling.parts)).toBe(0);
      for (const count of groupsOf(cut, tiling.tile))
        expect(count).toBeLessThanOrEqual(LIMITS.workgroups);
      const code = tiledMatmul(cut, tiling.tile);
      expect(number(/@workgroup_size\((\d+)\)/, code)).toBeLessThanOrEqual(LIMITS.threads);
      const kept = bytesKept(code);
      expect(kept).toHaveLength(2);
      expect(kept.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(LIMITS.bytes);
      expect(undeclared(code)).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

test("a tile keeps f16 as it is stored, floats in half the bytes where they may be rounded, and bf16 in float32", () => {
  const lengths = { batch: 1, m: 64, k: 64, n: 64, parts: 1, transposeA: false, transposeB: true };
  const tile = { rows: 64, columns: 64, threadRows: 8, threadColumns: 4 };
  const kept = (halves: boolean, type?: StorageType, native = true): readonly number[] => {
    const stored = type && { type, native };
    const code = tiledMatmul({ ...lengths, halves, stored }, tile);
    // The directive is there where it is needed, and nowhere else, for there a module would be refused.
    expect(code.startsWith("enable f16;")).toBe(/\bf16\b/.test(code.replace("enable f16;", "")));
    return bytesKept(code);
  };
  expect(kept(false)).toEqual([4096, 4096]);
  expect(kept(true)).toEqual([2048, 2048]);
  expect(kept(false, "f16")).toEqual([4096, 2048]);
  expect(kept(false, "f16", false)).toEqual([4096, 4096]);
  for (const type of ["bf16", "q8_0"] as const) {
    expect(kept(false, type)).toEqual([4096, 4096]);
    expect(kept(true, type)).toEqual([2048, 4096]);
  }
});

test("only what no launch can hold is refused", () => {
  const lengths = { m: 4, k: 4, n: 4, transposeA: false, transposeB: false };
  expect(tilingOf({ ...lengths, batch: 65535 })).toBeDefined();
  expect(tilingOf({ ...lengths, batch: 65536 })).toBeUndefined();
  expect(tilingOf({ ...lengths, batch: 1, m: 4 * 2 ** 20 })).toBeUndefined();
  expect(tilingOf({ ...lengths, batch: 1, m: 64 * 65535 })).toBeDefined();
});
