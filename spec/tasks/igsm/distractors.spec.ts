import fc from "fast-check";
import { expect, it } from "vitest";
import { drawDistractors } from "../../../src/tasks/igsm/generate/distractors.ts";
import type { Graph } from "../../../src/tasks/igsm/generate/structure.ts";
import { key, stream } from "../../../src/tensor/random.ts";

/** Two instances, and a chain of abstract parameters over the first: each needs the one before. */
const chain = (length: number): Graph => ({
  ids: Array.from({ length: 2 + length }, (_, node) => `${node}`),
  instances: 2,
  needs: [[], [], ...Array.from({ length }, (_, n) => [n === 0 ? 0 : n + 1])],
  reach: [0, 0, ...Array.from({ length }, () => 1)],
});

const most = 4;
const draw = (seed: number, graph: Graph, order: readonly number[]) =>
  drawDistractors(stream(key(seed)), graph, { order, operands: new Map() }, most);

it("states every instance that the solution does not use, by what is known before", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 6 }), fc.boolean(), (seed, n, used) => {
      const graph = chain(n);
      const operands = draw(seed, graph, used ? [0] : []);
      expect([...operands.keys()].sort()).toEqual(used ? [1] : [0, 1]);
      const stated = new Set(used ? [0] : []);
      const known = (node: number): boolean =>
        stated.has(node) || (node >= 2 && (graph.needs[node] ?? []).every(known));
      for (const [node, { parents, number }] of operands) {
        expect(parents.filter((parent) => !known(parent))).toEqual([]);
        expect(new Set(parents).size).toBe(parents.length);
        expect(parents.length + Number(number)).toBeGreaterThan(0);
        expect(parents.length + Number(number)).toBeLessThanOrEqual(most);
        stated.add(node);
      }
    }),
  );
});

it("knows all that follows from what was stated, however far", () => {
  const graph = chain(5);
  const referred = new Set<number>();
  for (let seed = 0; seed < 300; seed++) {
    const operands = [...draw(seed, graph, [])];
    // Where the chain's own instance was stated first.
    if (operands[0]?.[0] === 0)
      for (const parent of operands[1]?.[1].parents ?? []) referred.add(parent);
  }
  expect([...referred].sort()).toEqual([0, 2, 3, 4, 5, 6]);
});
