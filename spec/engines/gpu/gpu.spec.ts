import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { createGpuDevice } from "../../../src/engines/gpu/device.ts";
import { checkMode, type GpuJsLauncher } from "../../../src/engines/gpu/gpujs/gpujs.ts";
import { probeGpu } from "../../../src/engines/gpu/probe.ts";
import { type full, ids, tensor } from "../../../src/tensor/apply.ts";
import * as ops from "../../../src/tensor/ops.ts";
import { agreesWithReference } from "../../laws/agreement.ts";
import { agreesAtEdges } from "../../laws/edges.ts";
import { keepsStorage } from "../../laws/storage.ts";
import { turnsAnyAngle } from "../angles.ts";
import { fillsInParts, keepsNothingOfFailures } from "../fillsInParts.ts";
import { fusesAsReference } from "../fusing.ts";
import { trainsFlat } from "../training.ts";
import { warmsUp } from "../warm.ts";
import { agreesOnWide, sumsManyTerms, wideOperations } from "../wide/laws.ts";

for (const backend of ["webasm", "cpu"] as const) {
  describe(`the GPU.js engine (${backend})`, () => {
    agreesWithReference(() => createEngine({ backend }), {
      runs: 8,
      cases: 5,
      exact: 2e-6,
      summed: 5e-6,
    });

    describe("at the edges", () => {
      agreesAtEdges(() => createEngine({ backend }), { runs: 3, cases: 8, signs: true });
    });

    describe("numbers in storage types", () => {
      keepsStorage(() => createEngine({ backend }));
    });

    let engine: Engine;
    beforeAll(async () => {
      engine = await createEngine({ backend });
    });
    afterAll(() => engine.close());

    test("says what it is", () => {
      expect(engine.backend).toBe(backend);
      expect(engine.description).toContain("GPU.js");
    });

    test("turns by any angle", () => turnsAnyAngle(engine, 1));

    test.each(wideOperations)("computes %s of many elements", (operation) =>
      agreesOnWide(engine, operation),
    );

    test("compiles before the first run and shows its kernels", () => warmsUp(engine));

    test("computes elementwise steps together as it computes them apart", () =>
      fusesAsReference(engine, 40));

    test("adds to axes that are repeated between others", async () => {
      const columns = tensor([1, 2, 3, 4, 5, 6, 7, 8]);
      const sums = engine.compile((x: ReturnType<typeof tensor>) => {
        const repeated = ops.broadcastTo(ops.reshape(x, [2, 1, 4, 1]), [2, 3, 4, 2]);
        return ops.add(repeated, ops.neg(repeated));
      });
      expect(await engine.read(await sums(columns))).toEqual(new Float32Array(48));
    });

    test("sums more terms than GPU.js lets a loop of unknown length have", () =>
      sumsManyTerms(engine, [5000]));

    test("fills tensors in parts", async () => {
      await fillsInParts(engine, 30);
      await keepsNothingOfFailures(engine);
    });

    test("reads ids back as integers", async () => {
      const x = engine.put(
        ids([
          [3, 0],
          [7, 16777215],
        ]),
      );
      expect(await engine.read(x)).toEqual(Int32Array.of(3, 0, 7, 16777215));
    });

    test("keeps memory flat over a training run", () => trainsFlat(engine, 100));

    test("counts its kernels and launches", async () => {
      const program = engine.compile((x: ReturnType<typeof full>) => ops.softmax(ops.exp(x)));
      await program(tensor([[1, 2, 3]]));
      expect(program.stats()).toMatchObject({ ops: 2, launches: 3 });
    });
  });
}

test("a back end that cannot start says what is missing", async () => {
  await expect(createGpuDevice("webgl2")).rejects.toThrow(/webgl2 cannot start here.*browser/);
  await expect(createGpuDevice("headlessgl")).rejects.toThrow(/headlessgl cannot.*npm i gl/);
});

test("a kernel that GPU.js ran elsewhere is an error", () => {
  const launcher = (mode: string, fallbackReason: string | null) =>
    ({ kernel: { constructor: { mode }, fallbackReason } }) as unknown as GpuJsLauncher;
  expect(() => checkMode(launcher("gpu", null), "webgl2")).not.toThrow();
  expect(() => checkMode(launcher("cpu", "no such type"), "webgl2")).toThrow(
    "webgl2: GPU.js ran a kernel on cpu: no such type",
  );
});

test("there is no GPU in Node", async () => {
  expect(await probeGpu()).toBeUndefined();
});
