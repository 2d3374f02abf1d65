import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { QuotientGraph } from "../../src/compile/quotient.ts";
import { at } from "../../src/tensor/shapes.ts";
import { isConvex } from "./plain.ts";

/** A random graph, each node of which depends on earlier ones, mostly on those just before. */
const graph = (nodes: number) =>
  fc
    .array(fc.array(fc.nat(7), { maxLength: 3 }), { minLength: nodes, maxLength: nodes })
    .map((all) =>
      all.map((back, i) => [...new Set(back.map((n) => i - 1 - n))].filter((n) => n >= 0)),
    );

const merges = (nodes: number) =>
  fc.array(fc.array(fc.nat(nodes - 1), { minLength: 1, maxLength: 4 }), { maxLength: 2 * nodes });

describe("QuotientGraph", () => {
  test("puts together what no cycle forbids, as a search of the whole graph does", () => {
    const drawn = fc
      .integer({ min: 1, max: 40 })
      .chain((nodes) => fc.tuple(graph(nodes), merges(nodes)));
    // A gap of 1 has all labels counted anew wherever something is moved.
    fc.assert(
      fc.property(drawn, fc.constantFrom(undefined, 1), ([edges, wanted], leastGap) => {
        const quotient = new QuotientGraph(edges, leastGap);
        const groupOf: (readonly number[])[] = edges.map((_, i) => [i]);
        for (const nodes of wanted) {
          const all = [...new Set(nodes.flatMap((node) => at(groupOf, node)))].sort(
            (a, b) => a - b,
          );
          const isAllowed = isConvex(edges, groupOf, all);
          const block = quotient.merge(nodes);
          expect(block !== undefined).toBe(isAllowed);
          if (isAllowed) for (const node of all) groupOf[node] = all;
          for (const node of all)
            expect([...quotient.blockOf(node).nodes].sort((a, b) => a - b)).toEqual(groupOf[node]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("finds its way however often blocks are put in the same place", () => {
    // Each pair moves what lies between it to one spot: the labels there halve until they are counted anew.
    const pairs = 400;
    const edges = Array.from({ length: 3 * pairs + 1 }, (_, i): number[] =>
      i <= 2 * pairs ? [] : [i - 2 * pairs - 1, i - pairs - 1],
    );
    const quotient = new QuotientGraph(edges);
    for (let i = 0; i < pairs; i++) {
      const [a, b] = [i, 2 * pairs + 1 + i];
      expect(quotient.merge([a, b])?.nodes.toSorted((x, y) => x - y)).toEqual([a, b]);
      expect(quotient.merge([pairs + i, a])?.nodes.length).toBe(3);
    }
  });

  test("refuses a cycle through a block that has begun before", () => {
    const quotient = new QuotientGraph([[], [0], [], [0, 2], [1, 2]]);
    expect(quotient.merge([0, 3])).toBeDefined();
    expect(quotient.merge([2, 4])).toBeUndefined();
    expect(quotient.blockOf(2).nodes).toEqual([2]);
  });
});
