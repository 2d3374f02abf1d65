import fc from "fast-check";
import { expect } from "vitest";
import type { Engine } from "../../src/engines/engine.ts";
import * as ops from "../../src/tensor/ops.ts";
import type { TensorParts } from "../../src/tensor/parts.ts";
import type { TypedArray } from "../../src/tensor/tensor.ts";

/** Cut anywhere, some parts empty; one array serves for all of them, as a reader's would. */
const cutAt = (data: TypedArray, cuts: readonly number[]): TensorParts["parts"] =>
  async function* parts() {
    const ends = [...cuts, data.length].sort((a, b) => a - b);
    const shared = data.slice();
    let from = 0;
    for (const to of ends) {
      shared.set(data.subarray(from, to));
      yield shared.subarray(0, to - from);
      shared.fill(-77);
      from = to;
    }
  };

const numbers = (length: number, dtype: "float" | "int"): TypedArray =>
  dtype === "int"
    ? Int32Array.from({ length }, (_, i) => (i * 7919) % 10007)
    : Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(i) + i));

/** A tensor that was put in parts is the one that is put at once; so is what is read in parts. */
export const fillsInParts = async (engine: Engine, numRuns: number): Promise<void> => {
  const cases = fc.record({
    rows: fc.nat(70),
    columns: fc.oneof(fc.constantFrom(1, 64, 129), fc.nat(200)),
    dtype: fc.constantFrom("float", "int"),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
  });
  const property = fc.asyncProperty(cases, async ({ rows, columns, dtype, cuts }) => {
    const data = numbers(rows * columns, dtype);
    const places = cuts.map((cut) => Math.round(cut * data.length));
    const x = await engine.putParts({
      ...{ shape: [rows, columns], dtype },
      parts: cutAt(data, places),
    });
    expect({ shape: x.shape, dtype: x.dtype }).toEqual({ shape: [rows, columns], dtype });
    const parts: number[] = [];
    for await (const part of engine.readParts(x)) parts.push(...part);
    expect(parts).toEqual([...data]);
    expect([...(await engine.read(x))]).toEqual([...data]);
    if (dtype === "float" && data.length > 0) {
      const doubled = (await engine.run(() => ops.mul(x, 2))).data;
      expect([...doubled]).toEqual([...data].map((n) => Math.fround(2 * n)));
    }
    engine.release(x);
  });
  await fc.assert(property, { numRuns });
};

/** Whatever goes wrong, the device holds what it held before. */
export const keepsNothingOfFailures = async (engine: Engine): Promise<void> => {
  const { buffers } = engine.memory();
  const [three, four] = [Float32Array.of(1, 2, 3), Float32Array.of(1, 2, 3, 4)];
  const put = (parts: TensorParts["parts"], dtype: "float" | "int" = "float") =>
    engine.putParts({ shape: [2, 2], dtype, parts });
  await expect(put(() => [three])).rejects.toThrow(
    "putParts: expected parts of 4 numbers in all for [2, 2], got [3]",
  );
  await expect(put(() => [three, three])).rejects.toThrow("in all for [2, 2], got [6]");
  await expect(put(() => [Int32Array.of(1, 2, 3, 4)])).rejects.toThrow(
    "putParts: expected each part to be a Float32Array or Float64Array, got Int32Array",
  );
  await expect(put(() => [four], "int")).rejects.toThrow("to be an Int32Array, got Float32Array");
  async function* torn(): AsyncGenerator<TypedArray> {
    yield three;
    throw new Error("the wire was cut");
  }
  await expect(put(torn)).rejects.toThrow("the wire was cut");
  // A device that recycles what was freed has no more than one buffer of that size for all of them.
  expect(engine.memory().buffers).toBeLessThanOrEqual(buffers + 1);
  const x = await put(() => [four]);
  expect(engine.memory().buffers).toBeLessThanOrEqual(buffers + 1);
  engine.release(x);
};

/** A tensor that was being filled when the engine was closed is refused, not waited for. */
export const givesUpWhenClosed = async (engine: Engine): Promise<void> => {
  let go = (): void => {};
  const waited = new Promise<void>((resolve) => {
    go = resolve;
  });
  async function* slow(): AsyncGenerator<TypedArray> {
    yield new Float32Array(64);
    await waited;
    yield new Float32Array(64);
  }
  const put = engine.putParts({ shape: [128], dtype: "float", parts: slow });
  const refused = expect(put).rejects.toThrow("engine: expected an open engine, got a closed one");
  await engine.close();
  go();
  await refused;
  const again = engine.putParts({ shape: [128], dtype: "float", parts: slow });
  await expect(again).rejects.toThrow("expected an open engine");
};
