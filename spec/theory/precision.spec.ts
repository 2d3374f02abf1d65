/**
 * Float32: what rounding does to anchors and divergences, on the engines that train.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kl } from "../../src/anchored/objectives/divergences.ts";
import { interpolate } from "../../src/anchored/objectives/interpolations.ts";
import {
  expectedRatio,
  interpolateRow,
  logSoftmaxRow,
} from "../../src/anchored/targets/hostRows.ts";
import { families } from "../../src/arbitraries/families.ts";
import { type Backend, createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { constant, tensor } from "../../src/tensor/apply.ts";
import {
  add,
  exp,
  log,
  logSoftmax,
  maximum,
  mul,
  softmax,
  sub,
  sum,
} from "../../src/tensor/ops.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type Choice, choices, pairs } from "./laws/arbitraries.ts";
import { FLOAT32, type Space } from "./laws/laws.ts";

let float64: Engine;
beforeAll(async () => {
  float64 = await createEngine({ backend: "reference" });
});
afterAll(() => float64.close());

/** The same numbers for both engines: rounded to float32 once. */
const rounded = (x: Tensor): Tensor<"constant"> => constant(Float32Array.from(x.data), x.shape);

/** 1,000 cases, each a pair of every family: eight of them share a program and its weights. */
const groups = choices.map((choice) => ({ ...choice, scenes: 8 }));
const numRuns = 125;

/** Logits of p and s, rows of them, and the weight of the anchor q between them. */
interface Anchored {
  readonly p: Tensor<"constant">;
  readonly s: Tensor<"constant">;
  readonly alpha: number;
}

function expectNear(x: number, wanted: number, row: number): void {
  if (!(Math.abs(x - wanted) < FLOAT32 * (1 + wanted)))
    expect.fail(`row ${row}: expected ${wanted}, got ${x}`);
}

/** KL(p‖q) + KL(q‖s) of each row. */
function divergences(space: Space, { p, s, alpha }: Anchored): Tensor {
  const q = interpolate(space, alpha)(p, s);
  return add(kl(logSoftmax(p), q), kl(q, logSoftmax(s)));
}

/** The same of one row, in float64. */
function hostDivergences(space: Space, { p, s, alpha }: Anchored, row: number): number {
  const V = p.shape[1] as number;
  const [logP, logS, logQ] = [new Float64Array(V), new Float64Array(V), new Float64Array(V)];
  logSoftmaxRow({ data: p.data, temperature: 1 }, row, logP);
  logSoftmaxRow({ data: s.data, temperature: 1 }, row, logS);
  interpolateRow(space, alpha)(logP, logS, logQ);
  return expectedRatio(logP, logP, logQ) + expectedRatio(logQ, logQ, logS);
}

/** Both engines get the same cases: what a case holds, and what float64 says of it, is found once. */
function once<Case, Found>(find: (of: Case) => Found): (of: Case) => Found {
  const known = new Map<string, Found>();
  return (of) => {
    const name = JSON.stringify(of);
    const found = known.get(name) ?? find(of);
    known.set(name, found);
    return found;
  };
}

const small = once(async ({ space, ...choice }: Choice & { readonly space: Space }) => {
  const { snapshot, reference } = pairs(choice);
  const [p, s] = [rounded(snapshot), rounded(reference)];
  const both = (): Tensor => divergences(space, { p, s, alpha: choice.alpha });
  return { both, exact: (await float64.run(both)).data };
});

const large = once((choice: Choice) => {
  const { snapshot, reference } = pairs(choice);
  const anchored = { p: rounded(snapshot), s: rounded(reference), alpha: choice.alpha };
  const rows = Array.from({ length: at(snapshot.shape, 0) }, (_, row) => row);
  return (["logit", "probability"] as const).map((space) => ({
    both: (): Tensor => divergences(space, anchored),
    exact: rows.map((row) => hostDivergences(space, anchored, row)),
  }));
});

describe.each<Backend>(["wasm", "cpu"])("%s", (backend) => {
  let float32: Engine;
  beforeAll(async () => {
    float32 = await createEngine({ backend, threads: 1 });
  });
  afterAll(() => float32.close());

  test.each<Space>(["logit", "probability"])(
    "divergences from the anchor are those of float64 (%s)",
    async (space) => {
      await fc.assert(
        fc.asyncProperty(groups, async (choice) => {
          const { both, exact } = await small({ ...choice, space });
          const { data } = await float32.run(both);
          data.forEach((x, row) => {
            expectNear(x, at(exact, row), row);
          });
        }),
        { numRuns },
      );
    },
  );

  test.each([
    [1024, 1000],
    [32_768, 50],
  ])("so they are for a vocabulary of %d, on %d pairs", async (vocabulary, count) => {
    await fc.assert(
      fc.asyncProperty(choices, async (choice) => {
        for (const { both, exact } of large({ ...choice, vocabulary })) {
          const { data } = await float32.run(both);
          data.forEach((x, row) => {
            expectNear(x, at(exact, row), row);
          });
        }
      }),
      { numRuns: Math.ceil(count / Object.keys(families).length) },
    );
  });

  test("the divergence from itself is zero, and of equal distributions nearly", async () => {
    await fc.assert(
      fc.asyncProperty(groups, async (choice) => {
        const { snapshot } = pairs(choice);
        const p = logSoftmax(snapshot);
        const [zero, nearly] = await float32.run(() => [
          kl(p, p),
          kl(p, logSoftmax(add(snapshot, 10))),
        ]);
        expect(zero?.data.every((x) => x === 0)).toBe(true);
        expect(nearly?.data.every((x) => Math.abs(x) < FLOAT32)).toBe(true);
      }),
      { numRuns },
    );
  });

  test("at both ends the anchor is the snapshot and the reference, to the bit", async () => {
    for (const seed of [1, 2, 3]) {
      const { snapshot, reference } = pairs({ vocabulary: 16, seed, alpha: 0, beta: 0, steps: 1 });
      for (const space of ["logit", "probability", { power: 2 }] as const) {
        const [atZero, p, atOne, s] = await float32.run(() => [
          interpolate(space, 0)(snapshot, reference),
          logSoftmax(snapshot),
          interpolate(space, 1)(snapshot, reference),
          logSoftmax(reference),
        ]);
        expect(atZero?.data).toEqual(p?.data);
        expect(atOne?.data).toEqual(s?.data);
      }
    }
  });

  test("anchors stay finite at the ends of the range", async () => {
    const [far, near] = [tensor([[100, -100, 0]]), tensor([[-100, 100, 0]])];
    for (const space of ["logit", "probability", { power: -1 }] as const)
      for (const alpha of [0, 1e-6, 0.5, 1 - 1e-6, 1]) {
        const { data } = await float32.run(() => interpolate(space, alpha)(far, near));
        expect(data.every(Number.isFinite)).toBe(true);
        expect(Array.from(data).reduce((total, x) => total + Math.exp(x), 0)).toBeCloseTo(1, 5);
      }
  });
});

test("not log(max(softmax, 1e-20)) in a divergence: beyond 46 nats it understates", async () => {
  const [p, s] = [tensor([0, 0]), tensor([100, 0])];
  const [clamped, right] = await float64.run(() => {
    const logS = log(maximum(softmax(s), 1e-20));
    const logP = logSoftmax(p);
    return [sum(mul(exp(logP), sub(logP, logS)), { axis: -1 }), kl(logP, logSoftmax(s))];
  });
  expect(clamped?.data[0]).toBeCloseTo(23.026 - Math.LN2, 2);
  expect(right?.data[0]).toBeCloseTo(50 - Math.LN2, 6);
});
