import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { full, tensor } from "../../src/tensor/apply.ts";
import { grad } from "../../src/tensor/grad.ts";
import * as ops from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { fillsInParts, givesUpWhenClosed, keepsNothingOfFailures } from "./fillsInParts.ts";

for (const backend of ["reference", "wasm"] as const) {
  describe(`an engine (${backend})`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await createEngine({ backend });
    });
    afterAll(() => engine.close());

    test("says which backend it took and why", () => {
      expect(engine.backend).toBe(backend);
      expect(engine.reason).toBe("it was asked for");
    });

    test("runs a tree of descriptions and reads it back", async () => {
      const { a, b } = await engine.run(() => ({ a: ops.exp(0), b: [ops.add(tensor([1, 2]), 1)] }));
      expect(a.data[0]).toBe(1);
      expect(a.shape).toEqual([]);
      expect([...(b[0] as { data: Float32Array }).data]).toEqual([2, 3]);
    });

    test("traces a function once for each combination of shapes", async () => {
      let traces = 0;
      const double = engine.compile((x: Tensor) => {
        traces++;
        return ops.mul(x, 2);
      });
      await double(tensor([1, 2]));
      const y = await double(tensor([3, 4]));
      expect(traces).toBe(1);
      await double(tensor([[3, 4]]));
      expect(traces).toBe(2);
      expect([...(await engine.read(y))]).toEqual([6, 8]);
    });

    test("names a program as it is told to, else after its function", async () => {
      const named = (x: Tensor): Tensor => ops.exp(x);
      expect(engine.compile(named).name).toBe("named");
      expect(engine.compile((x: Tensor) => ops.exp(x)).name).toBe("program");
      const told = engine.compile(named, { name: "told" });
      expect(told.name).toBe("told");
      expect(() => told("x" as never)).toThrow(/^told: argument 0/);
    });

    test("counts what a program does by the same names as every engine", async () => {
      const product = engine.compile((x: Tensor, w: Tensor) => ops.exp(ops.matmul(x, w)));
      expect(product.stats()).toMatchObject({ ops: 0, launches: 0, peakBytes: 0 });
      const element = backend === "reference" ? 8 : 4;
      const [x, w] = [full([32, 64], 1), full([64, 16], 1)];
      await product(x, w);
      const elements = { given: 32 * 64 + 64 * 16, made: 32 * 16 };
      expect(product.stats()).toEqual({
        ...{ ops: 2, kernels: 2, launches: 2 },
        bytes: 4 * (elements.given + 3 * elements.made),
        peakBytes: expect.any(Number),
        flop: 2 * 32 * 64 * 16,
      });
      const { peakBytes } = product.stats();
      expect(peakBytes).toBeGreaterThanOrEqual(element * (elements.given + elements.made));
      expect(peakBytes).toBeLessThanOrEqual(element * (elements.given + 2 * elements.made));
      await product(full([64, 64], 1), w);
      expect(product.stats()).toMatchObject({ ops: 4, launches: 4, flop: 3 * 2 * 32 * 64 * 16 });
    });

    test("takes numbers as scalars and trees as arguments", async () => {
      const f = engine.compile((p: { w: Tensor }, rate: Tensor | number) => ({
        w: ops.mul(p.w, rate),
      }));
      const { w } = await engine.read(await f({ w: tensor([1, 2]) }, 3));
      expect([...w]).toEqual([3, 6]);
    });

    test("lets a function use resident tensors that are no arguments", async () => {
      const w = engine.put(tensor([5, 7]));
      const f = engine.compile((x: Tensor) => ops.mul(x, w));
      expect([...(await engine.read(await f(tensor([1, 2]))))]).toEqual([5, 14]);
    });

    test("fills tensors in parts and reads them so", () => fillsInParts(engine, 60));

    test("holds nothing of a tensor that could not be filled", () =>
      keepsNothingOfFailures(engine));

    test("gives up what it was filling when it is closed", async () =>
      givesUpWhenClosed(await createEngine({ backend })));

    test("knows between which numbers ids lie that came in parts", async () => {
      const parts = () => [Int32Array.of(1, 2), Int32Array.of(5)];
      const rows = await engine.putParts({ shape: [3], dtype: "int", parts });
      const take = engine.compile((i: Tensor) => ops.gather(full([5, 2], 1), i));
      await expect(take(rows)).rejects.toThrow("5");
    });

    test("says of a tensor that was freed while it was read who freed it", async () => {
      const x = engine.put(full([3], 1));
      const reading = engine.readParts(x);
      engine.release(x);
      await expect(reading.next()).rejects.toThrow(
        "readParts: expected a live tensor, but it was released",
      );
    });

    test("consumes donated tensors and names whoever uses one again", async () => {
      const step = engine.compile(
        function train(p: { w: Tensor }) {
          return {
            w: ops.sub(p.w, ops.mul(grad((v: Tensor) => ops.sum(ops.square(v)))(p.w), 0.1)),
          };
        },
        { donate: [0] },
      );
      const start = engine.put({ w: full([100], 1) });
      const kept = engine.clone(start);
      const next = await step(start);
      await expect(step(start)).rejects.toThrow(
        "train: argument 0, w: expected a live tensor, but it was donated as train: argument 0, w",
      );
      await expect(engine.read(start)).rejects.toThrow("it was donated as train: argument 0, w");
      expect((await engine.read(kept)).w[99]).toBe(1);
      expect((await engine.read(next)).w[99]).toBeCloseTo(0.8, 6);
      const twice = engine.compile((a: Tensor, b: Tensor) => ops.add(a, b), { donate: [0] });
      expect(() => twice(kept.w, kept.w)).toThrow("expected a donated tensor once");
    });

    test("does not grow over 1,000 training steps", async () => {
      // Of its own: what earlier tests left to the garbage collector is counted while it is there.
      await using own = await createEngine({ backend });
      const step = own.compile(
        (p: { w: Tensor; b: Tensor }, x: Tensor) => {
          const f = (q: { w: Tensor; b: Tensor }) =>
            ops.mean(ops.square(ops.add(ops.matmul(x, q.w), q.b)));
          const g = grad(f)(p);
          return [
            { w: ops.sub(p.w, ops.mul(g.w, 0.01)), b: ops.sub(p.b, ops.mul(g.b, 0.01)) },
            f(p),
          ] as const;
        },
        { donate: [0] },
      );
      let p = own.put({ w: full([8, 4], 0.5) as Tensor, b: full([4], 0.1) as Tensor });
      const x = own.put(full([16, 8], 1) as Tensor);
      let after10 = { bytes: 0, buffers: 0 };
      let last = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 1000; i++) {
        const [next, loss] = await step(p, x);
        p = next;
        last = (await own.read(loss))[0] as number;
        if (i === 10) after10 = own.memory();
      }
      const { bytes, buffers } = own.memory();
      expect({ bytes, buffers }).toEqual({ bytes: after10.bytes, buffers: after10.buffers });
      expect(last).toBeLessThan(1e-3);
    });

    test("keeps nothing of what it ran once", async () => {
      const once = () => engine.run(() => ops.softmax(ops.add(full([40, 9], 2), tensor([1]))));
      await once();
      const { bytes, buffers } = engine.memory();
      for (let i = 0; i < 20; i++) await once();
      expect(engine.memory()).toMatchObject({ bytes, buffers });
    });

    test("gives the same bits again", async () => {
      const f = () => ops.softmax(ops.matmul(full([7, 33], 0.3), full([33, 5], 0.7)));
      const [a, b] = [await engine.run(f), await engine.run(f)];
      expect([...a.data]).toEqual([...b.data]);
    });

    test("refuses descriptions, strangers and things that are no tensors", async () => {
      const f = engine.compile((x: Tensor) => ops.exp(x));
      await expect(f(ops.exp(1))).rejects.toThrow("got a description of exp");
      await using other = await createEngine({ backend: "reference" });
      await expect(f(other.put(tensor([1])))).rejects.toThrow("expected a tensor of this engine");
      expect(() => f("seven" as never)).toThrow("expected a tensor or a number, got seven");
      await expect(engine.compile(() => "seven" as never)()).rejects.toThrow(
        "compile: expected a function that returns tensors, got seven",
      );
    });
  });
}

test("createEngine refuses an unknown backend", async () => {
  await expect(createEngine({ backend: "cuda" as never })).rejects.toThrow(
    "createEngine: expected one of auto, reference, wasm",
  );
});

test.each(["reference", "wasm", "cpu"] as const)("a closed %s engine says so", async (backend) => {
  const engine = await createEngine({ backend });
  const x = engine.put(tensor([1, 2]));
  const twice = engine.compile((y: Tensor) => ops.mul(y, 2));
  await twice(x);
  await engine.close();
  await engine.close();
  const says = "engine: expected an open engine, got a closed one";
  for (const call of [
    () => engine.read(x),
    () => engine.run(() => ops.mul(tensor(1), 2)),
    () => twice(x),
    () => twice(tensor([3])),
    () => twice.prepare(x),
  ]) {
    const answer = call();
    await expect(answer).rejects.toThrow(says);
    await expect(answer).rejects.toBeInstanceOf(TypeError);
  }
  expect(() => engine.put(tensor(1))).toThrow(says);
  expect(() => engine.clone(x)).toThrow(says);
  expect(() => engine.release(x)).not.toThrow();
});
