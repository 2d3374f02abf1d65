import fc from "fast-check";
import { expect, test } from "vitest";
import { groupsOf, tiledMatmul, tilingOf } from "../../../kernels/gpu/products/tiledMatmul.ts";

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
      const kept = [...code.matchAll(/var<workgroup> \w+ : array<vec4<f32>, (\d+)>/g)];
      expect(kept).toHaveLength(2);
      expect(kept.reduce((sum, [, n]) => sum + 16 * Number(n), 0)).toBeLessThanOrEqual(
        LIMITS.bytes,
      );
      expect(undeclared(code)).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

test("only what no launch can hold is refused", () => {
  const lengths = { m: 4, k: 4, n: 4, transposeA: false, transposeB: false };
  expect(tilingOf({ ...lengths, batch: 65535 })).toBeDefined();
  expect(tilingOf({ ...lengths, batch: 65536 })).toBeUndefined();
  expect(tilingOf({ ...lengths, batch: 1, m: 4 * 2 ** 20 })).toBeUndefined();
  expect(tilingOf({ ...lengths, batch: 1, m: 64 * 65535 })).toBeDefined();
});
