import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { causalAttention, type Range, rangeAttention } from "../../src/nn/index.ts";
import { full, ids, tensor } from "../../src/tensor/apply.ts";
import { ShapeError } from "../../src/tensor/errors.ts";
import { vjp } from "../../src/tensor/grad.ts";
import { key, normal, split } from "../../src/tensor/random.ts";
import { at, sizeOf } from "../../src/tensor/shapes.ts";
import type { Shape, Tensor } from "../../src/tensor/tensor.ts";

let wasm: Engine;
let reference: Engine;
beforeAll(async () => {
  wasm = await createEngine({ backend: "wasm", threads: 2 });
  reference = await createEngine({ backend: "reference" });
});
afterAll(async () => {
  await wasm?.close();
  await reference?.close();
});

const drawn = (seed: number, ...shapes: readonly Shape[]): Tensor[] =>
  split(key(seed), shapes.length).map((each, i) => normal(each, at(shapes, i)));

/** Value and cotangents of q, k and v. */
function all(q: Tensor, k: Tensor, v: Tensor, range: Range, softcap: number | null): Tensor[] {
  const [y, pullback] = vjp(
    (a: Tensor, b: Tensor, c: Tensor) => rangeAttention(a, b, c, range, { softcap }),
    ...[q, k, v],
  );
  return [y, ...pullback(at(drawn(9, y.shape), 0))];
}

/** Segments of a row: 0, 1, … in each. */
const positionsOf = (lengths: readonly number[]): number[] =>
  lengths.flatMap((n) => Array.from({ length: n }, (_, i) => i));

const inOrder = (T: number): number[] => Array.from({ length: T }, (_, t) => t);

describe("rangeAttention(q, k, v, range)", () => {
  // Longer than the blocks and tiles of the kernels.
  const lengths = [
    [70, 1, 50, 29],
    [5, 5, 17, 16, 107],
  ] as const;
  const positions = ids(lengths.map(positionsOf));
  const slots = ids(lengths.map(() => inOrder(150)));

  test.each([
    [null, null],
    [20, null],
    [null, 0.7],
    [20, 0.7],
  ])(
    "of packed rows on wasm is the reference's, window %s, softcap %s",
    async (window, softcap) => {
      const [q, k, v] = drawn(1, [2, 4, 150, 4], [2, 2, 150, 4], [2, 2, 150, 4]) as [
        ...[Tensor, Tensor, Tensor],
      ];
      const make = () => all(q, k, v, { slots, positions, window }, softcap);
      const [got, want] = await Promise.all([wasm.run(make), reference.run(make)]);
      got.forEach((y, i) => {
        const wanted = at(want, i).data;
        const off = y.data.map((x, j) => Math.abs(x - at(wanted, j)));
        expect(Math.max(...off)).toBeLessThan(3e-5);
      });
    },
  );

  test("of a row in one segment is causalAttention", async () => {
    const [q, k, v] = drawn(2, [1, 2, 40, 4], [1, 1, 40, 4], [1, 1, 40, 4]) as [
      ...[Tensor, Tensor, Tensor],
    ];
    const whole = ids([inOrder(40)]);
    for (const engine of [wasm, reference]) {
      const [a, b] = await engine.run(() => [
        rangeAttention(q, k, v, { slots: whole, positions: whole }),
        causalAttention(q, k, v),
      ]);
      a?.data.forEach((x, i) => {
        expect(x).toBeCloseTo(b?.data[i] as number, 5);
      });
    }
  });

  test("of single queries reads no slot beyond theirs, whatever is there", async () => {
    const [q, k, v] = drawn(3, [2, 6, 1, 4], [2, 2, 300, 4], [2, 2, 300, 4]) as [
      ...[Tensor, Tensor, Tensor],
    ];
    const places = ids([[299], [7]]);
    const spoilt = (x: Tensor) =>
      tensor(
        x.data.map((y, i) => (i >= sizeOf(x.shape) / 2 && Math.floor(i / 4) % 300 > 7 ? NaN : y)),
        x.shape,
      );
    const window = 5;
    const attend = (a: Tensor, b: Tensor) => [
      rangeAttention(q, a, b, { slots: places, positions: places }),
      rangeAttention(q, a, b, { slots: places, positions: places, window }),
    ];
    const run = async (engine: Engine, a: Tensor, b: Tensor) =>
      (await engine.run(() => attend(a, b))).map(({ data }) => [...data]);
    for (const engine of [wasm, reference])
      expect(await run(engine, spoilt(k), spoilt(v))).toEqual(await run(engine, k, v));
    const [got, want] = await Promise.all([run(wasm, k, v), run(reference, k, v)]);
    got.flat().forEach((x, i) => {
      expect(x).toBeCloseTo(at(want.flat(), i), 5);
    });
  });

  test("refuses shapes and windows that cannot be", () => {
    const make = (...shape: number[]) => full(shape, 0);
    const one = ids([[0]]);
    const attend = (slots: Tensor, window: number | null) =>
      rangeAttention(make(1, 2, 1, 2), make(1, 1, 3, 2), make(1, 1, 3, 2), {
        ...{ slots, positions: one, window },
      });
    expect(() => attend(ids([[0, 1]]), null)).toThrow(ShapeError);
    expect(() => attend(one, 0)).toThrow(
      new RangeError("rangeAttention: expected a window of at least one slot, got 0"),
    );
    expect(() => attend(make(1, 1), null)).toThrow(TypeError);
  });
});
