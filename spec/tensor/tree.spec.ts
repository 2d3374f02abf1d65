import { describe, expect, test } from "vitest";
import * as tree from "../../src/tensor/tree.ts";

const sample = { a: 1, b: [2, { c: 3 }] };

describe("tree", () => {
  test("flattens and rebuilds", () => {
    const { leaves, structure } = tree.flatten<number>(sample);
    expect(leaves).toEqual([1, 2, 3]);
    expect(tree.unflatten(structure, [10, 20, 30])).toEqual({ a: 10, b: [20, { c: 30 }] });
  });

  test("maps several trees of one structure", () => {
    const sum = tree.map((x: number, y: number) => x + y, sample, sample);
    expect(sum).toEqual({ a: 2, b: [4, { c: 6 }] });
    const other = { a: 1, b: [2] };
    expect(() => tree.map((x: number) => x, sample, other as never)).toThrow(
      "tree.map: expected trees of one structure",
    );
  });

  test("names leaves by their paths", () => {
    expect(tree.entries<number>(sample).map(([path]) => path)).toEqual(["a", "b.0", "b.1.c"]);
    expect(tree.entries<number>(5)).toEqual([["", 5]]);
  });
});
