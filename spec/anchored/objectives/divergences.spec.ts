import fc from "fast-check";
import { expect, test } from "vitest";
import {
  jeffreys,
  jensenShannon,
  kl,
  squaredHellinger,
  totalVariation,
} from "../../../src/anchored/objectives/divergences.ts";
import { tensor } from "../../../src/tensor/apply.ts";
import { at } from "../../../src/tensor/shapes.ts";
import { testEngine } from "../../testEngine.ts";
import { softmax } from "./formulas.ts";

const engine = await testEngine();

const logits = fc.array(fc.double({ min: -8, max: 8, noNaN: true }), {
  ...{ minLength: 5, maxLength: 5 },
});
const pairs = fc.array(fc.tuple(logits, logits), { minLength: 1, maxLength: 4 });

test("divergences are their formulas, written out in plain numbers, token by token", () =>
  fc.assert(
    fc.asyncProperty(pairs, async (drawn) => {
      const [ps, qs] = [drawn.map(([p]) => softmax(p)), drawn.map(([, q]) => softmax(q))];
      const [logP, logQ] = [ps, qs].map((all) => tensor(all.map((row) => row.map(Math.log))));
      if (!logP || !logQ) throw new Error("expected two tensors");
      const found = await engine.run(() =>
        [kl, jeffreys, totalVariation, jensenShannon, squaredHellinger].map((d) => d(logP, logQ)),
      );
      for (const [i, p] of ps.entries()) {
        const q = at(qs, i);
        const sum = (term: (p: number, q: number) => number): number =>
          p.reduce((all, x, v) => all + term(x, at(q, v)), 0);
        const meant = [
          sum((p, q) => p * Math.log(p / q)),
          sum((p, q) => p * Math.log(p / q) + q * Math.log(q / p)),
          sum((p, q) => Math.abs(p - q)) / 2,
          sum((p, q) => p * Math.log((2 * p) / (p + q)) + q * Math.log((2 * q) / (p + q))) / 2,
          1 - sum((p, q) => Math.sqrt(p * q)),
        ];
        for (const [k, value] of meant.entries())
          expect(at(at(found, k).data, i), `${k}`).toBeCloseTo(value, 9);
      }
    }),
    { numRuns: 30 },
  ));
