import { expect, test } from "vitest";
import { drawDependency } from "../../../src/tasks/igsm/generate/dependency.ts";
import type { Graph } from "../../../src/tasks/igsm/generate/structure.ts";
import { fold, key, stream } from "../../../src/tensor/random.ts";

test("a sentence has one operand as often as two, where no more operations are asked for", () => {
  const nodes = [0, 1, 2, 3, 4];
  // Five instances, which all have to lead to the last: most must take the one before.
  const graph: Graph = {
    ids: nodes.map((node) => `0,0,1,${node}`),
    instances: nodes.length,
    needs: nodes.map(() => []),
    reach: nodes.map(() => 0),
  };
  const counts = Array.from({ length: 300 }, (_, seed) => {
    const chosen = { nodes, op: nodes.length };
    const drawn = drawDependency(stream(fold(key(3), seed)), graph, chosen, chosen.op, 4);
    const { order = [], operands = new Map<number, never>() } = drawn ?? {};
    return order.slice(1).map((node) => {
      const { parents = [], number = false } = operands.get(node) ?? {};
      return parents.length + Number(number);
    });
  }).flat();
  expect(counts).toHaveLength(300 * 4);
  expect(new Set(counts)).toEqual(new Set([1, 2]));
  const single = counts.filter((count) => count === 1).length / counts.length;
  expect(Math.abs(single - 1 / 2)).toBeLessThan(0.05);
});
