import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { keepLast } from "../../src/engines/kept.ts";
import { tensor } from "../../src/tensor/apply.ts";
import * as ops from "../../src/tensor/ops.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

describe("keepLast", () => {
  test("keeps what was asked for last, makes the rest anew, and tells of each that goes", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(7)), fc.integer({ min: 1, max: 5 }), (asked, most) => {
        const [made, dropped]: [string[], string[]] = [[], []];
        const kept = keepLast<string>(most, (value) => dropped.push(value));
        asked.forEach((n, i) => {
          const before = asked.slice(0, i);
          const since = before.slice(before.lastIndexOf(n) + 1);
          const isKept = before.includes(n) && new Set(since).size < most;
          const own = `${n} at ${i}`;
          const value = kept.get(`${n}`, () => {
            made.push(own);
            return own;
          });
          expect(value === own).toBe(!isKept);
          expect(value.startsWith(`${n} `)).toBe(true);
        });
        const last = [...new Set(asked.toReversed())].slice(0, most).toReversed();
        expect(kept.values().map((value) => Number(value.split(" ")[0]))).toEqual(last);
        expect([...dropped, ...kept.values()].toSorted()).toEqual(made.toSorted());
      }),
    );
  });

  test("forgets without a word", () => {
    const kept = keepLast<number>(1, () => expect.unreachable());
    kept.get("a", () => 1);
    kept.delete("a");
    expect(kept.get("b", () => 2)).toBe(2);
  });
});

for (const backend of ["reference", "wasm"] as const)
  test(`a program keeps plans for 64 combinations of shapes (${backend})`, async () => {
    await using engine = await createEngine({ backend, threads: 1 });
    let traces = 0;
    const double = engine.compile((x: Tensor) => {
      traces++;
      return ops.add(x, tensor(new Float32Array(at(x.shape, 0)).fill(1), x.shape));
    });
    const ask = async (n: number): Promise<void> => {
      const y = await double(tensor(new Float32Array(n).fill(2), [n]));
      expect([...(await engine.read(y))]).toEqual(Array(n).fill(3));
      engine.release(y);
    };
    for (let n = 1; n <= 64; n++) await ask(n);
    const { bytes } = engine.memory();
    await ask(1);
    expect([traces, double.plans().length]).toEqual([64, 64]);
    for (let n = 65; n <= 127; n++) await ask(n);
    expect(traces).toBe(127);
    // 1 was asked for again, 2 was not.
    await ask(1);
    expect(traces).toBe(127);
    await ask(2);
    expect(traces).toBe(128);
    await engine.read(tensor([0]));
    const lengths = double.plans().map(({ inputs }) => at(at(inputs, 0).shape, 0));
    expect(lengths.toSorted((a, b) => a - b)).toEqual([
      1,
      2,
      ...Array.from({ length: 62 }, (_, i) => i + 66),
    ]);
    expect(double.stats().ops).toBe(64);
    if (backend === "wasm") expect(engine.memory().bytes).toBeLessThan(2 * bytes);
  });

test("who was given a plan that goes meanwhile still runs it", async () => {
  await using engine = await createEngine({ backend: "wasm", threads: 1 });
  const double = engine.compile((x: Tensor) => ops.mul(x, 2));
  const asked = Array.from({ length: 200 }, (_, i) =>
    tensor(new Float32Array(i + 1).fill(i), [i + 1]),
  );
  const made = await Promise.all(asked.map((x) => double(x)));
  for (const [i, y] of made.entries())
    expect([...(await engine.read(y))]).toEqual(Array(i + 1).fill(2 * i));
  expect(double.plans().length).toBe(64);
});
