import fc from "fast-check";
import { expect, test } from "vitest";
import { createEngine } from "../../../../src/engines/create.ts";
import { constant } from "../../../../src/tensor/apply.ts";
import { grad } from "../../../../src/tensor/grad.ts";
import { topologicalOrder } from "../../../../src/tensor/graph.ts";
import * as ops from "../../../../src/tensor/ops.ts";
import * as random from "../../../../src/tensor/random.ts";
import type { Tensor } from "../../../../src/tensor/tensor.ts";
import { graphs } from "../../../compile/graphs.ts";
import { testEngine } from "../../../testEngine.ts";
import { fusesAsReference } from "../../fusing.ts";

const engine = await testEngine({ backend: "wasm", threads: 1 });

const part = (x: Tensor, from: number, to: number): Tensor => ops.slice(x, [from], [to - from]);
const counting = (elements: number): Tensor<"constant"> =>
  constant(
    Float32Array.from({ length: elements }, (_, i) => i),
    [elements],
  );

test.each([1, 2])("random programs equal the reference, with %d threads", async (threads) => {
  await using many = await createEngine({ backend: "wasm", threads });
  await fusesAsReference(many, 300);
});

test("donated inputs give way to results only where no part of them is read any more", async () => {
  await fc.assert(
    fc.asyncProperty(graphs, async (graph) => {
      const leaves = graph.shapes.map((shape, i) => random.normal(random.key(i), shape));
      const program = (...given: readonly Tensor[]) => [...graph.results(given)];
      const donating = engine.compile(program, { donate: [0, 1] });
      const keeping = engine.compile(program);
      const [own, same] = [engine.put(leaves), engine.put(leaves)];
      const [got, want] = [await donating(...own), await keeping(...same)];
      expect(await engine.read(got)).toEqual(await engine.read(want));
      engine.release([own.slice(2), same, got, want]);
    }),
    { numRuns: 300 },
  );
});

test("a part stays what it was when the whole dies and others are computed", async () => {
  const program = engine.compile((x: Tensor) => {
    const y = ops.tanh(x);
    const upper = part(y, 0, 32);
    const z = ops.mul(ops.exp(part(y, 32, 64)), 2);
    return ops.add(ops.exp(z), upper);
  });
  const x = counting(64);
  const [got] = await engine.read([await program(x)]);
  for (const [i, value] of (got as Float32Array).entries())
    expect(value).toBeCloseTo(Math.exp(2 * Math.exp(Math.tanh(i + 32))) + Math.tanh(i), 2);
});

test("parts that are returned outlive what they were cut from", async () => {
  const program = engine.compile((x: Tensor) => [part(x, 0, 32), part(x, 32, 64)], {
    donate: [0],
  });
  const [a, b] = (await program(engine.put(counting(64)))) as [Tensor, Tensor];
  engine.release(a);
  await engine.run(() => ops.exp(counting(512)));
  expect(Array.from((await engine.read([b]))[0] as Float32Array)).toEqual(
    Array.from({ length: 32 }, (_, i) => i + 32),
  );
});

test("cutting and joining moves no number", async () => {
  const program = engine.compile((x: Tensor) => {
    const y = ops.tanh(x);
    const parts = [0, 1, 2].map((i) => ops.reshape(part(y, 16 * i, 16 * (i + 1)), [4, 4]));
    return ops.exp(ops.concat(parts));
  });
  await program(counting(48));
  expect(program.stats()["launches"]).toBe(2);
});

test("what is cut up whole gets its gradient without a sum", () => {
  const cutUp = (sizes: readonly number[]) => (x: Tensor) => {
    let from = 0;
    const squares = sizes.map((size, i) => {
      from += size;
      return ops.sum(ops.mul(ops.square(part(x, from - size, from)), i + 1));
    });
    return squares.reduce((sum, square) => ops.add(sum, square));
  };
  const operations = (f: (x: Tensor) => Tensor): readonly string[] =>
    topologicalOrder([grad(f)(counting(48))]).map(({ op }) => op);
  expect(operations(cutUp([16, 20, 12]))).toContain("concat");
  expect(operations(cutUp([16, 20, 12]))).not.toContain("pad");
  expect(operations(cutUp([16, 20]))).toContain("pad");
});
