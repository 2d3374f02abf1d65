import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import {
  expectSameNumerics,
  gpuClass,
  type Numerics,
  numericsName,
  numericsOf,
} from "../../src/engines/numerics.ts";

const numerics: fc.Arbitrary<Numerics> = fc.record({
  class: fc.constantFrom("wasm-fma", "wasm-plain", "reference", "webgpu-a"),
  version: fc.integer({ min: 1, max: 3 }),
});

describe("numerics", () => {
  test("differ where class or version do, and so do their names", () =>
    fc.assert(
      fc.property(numerics, numerics, (a, b) => {
        const same = a.class === b.class && a.version === b.version;
        expect(numericsName(a) === numericsName(b)).toBe(same);
        if (same) expectSameNumerics("runs/a", a, b);
        else
          expect(() => expectSameNumerics("runs/a", a, b)).toThrow(
            `runs/a: expected the numerics that it was begun with, ${numericsName(a)}, got ${numericsName(b)}: `,
          );
      }),
    ));

  test("refuse a run that names none", () => {
    expect(() => expectSameNumerics("runs/a", undefined, { class: "cpu", version: 1 })).toThrow(
      "expected the numerics that it was begun with, numerics that it does not name, got cpu-1",
    );
  });

  test("tell GPUs apart, in letters that file names take", () => {
    expect(gpuClass("webgpu", "webgpu on NVIDIA H200 (Vulkan)")).toBe("webgpu-nvidia-h200-vulkan");
    expect(gpuClass("webgl2", "webgl2 on ANGLE/SwiftShader")).toBe("webgl2-angle-swiftshader");
  });

  test.each(["reference", "wasm", "cpu"] as const)("%s says its class", async (backend) => {
    await using engine = await createEngine({ backend });
    expect(numericsOf(engine).class).toMatch(
      backend === "wasm" ? /^wasm-(fma|plain)$/ : new RegExp(`^${backend}$`),
    );
  });
});
