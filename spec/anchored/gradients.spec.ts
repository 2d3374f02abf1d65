import { expect, test } from "vitest";
import { fineTune } from "../../src/anchored/fineTune.ts";
import { projected, sharpnessAware } from "../../src/anchored/gradients.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import { planFineTune } from "../../src/anchored/plan.ts";
import type { Params } from "../../src/nn/config.ts";
import { tensor } from "../../src/tensor/apply.ts";
import { add, mul, square, sub, sum } from "../../src/tensor/ops.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";
import { endOf, expectClose, numbersOf, tinyStudy } from "./tiny.ts";

const engine = await testEngine();

const at = (...x: number[]): Params => ({ x: tensor(x) });
/** Its gradient is the direction. */
const along =
  (...direction: number[]) =>
  ({ x }: Params): Tensor =>
    sum(mul(x as Tensor, tensor(direction)));

const gradientOf = async (f: (p: Params, b: object) => [Tensor, Params], p: Params) => {
  const [value, gradient] = await engine.run(() => f(p, {}));
  return { value: value.data[0], gradient: [...((gradient["x"] as Tensor).data as Float64Array)] };
};

test("sharpness-aware: the gradient a step of length ρ uphill, the value where one is", async () => {
  const bowl = ({ x }: Params): Tensor => sum(mul(square(x as Tensor), tensor([1, 2])));
  const { value, gradient } = await gradientOf(sharpnessAware(bowl, 0.5), at(3, 1));
  // g = (6, 4), ‖g‖ = √52; uphill lies (3, 1) + ½·g/‖g‖.
  const norm = Math.sqrt(52);
  expect(value).toBeCloseTo(11, 12);
  expectClose(gradient, [2 * (3 + 3 / norm), 4 * (1 + 2 / norm)], 1e-12);
});

test("projected: nothing against the kept loss is left, and all where they agree", async () => {
  const against = await gradientOf(projected(along(1, 0), along(-1, 1)), at(0, 0));
  expectClose(against.gradient, [0.5, 0.5], 1e-12);
  const agree = await gradientOf(projected(along(1, 0), along(1, 1)), at(0, 0));
  expect(agree.gradient).toEqual([1, 0]);
  const none = await gradientOf(projected(along(1, 0), along(0, 0)), at(0, 0));
  expect(none.gradient).toEqual([1, 0]);
});

const run = (options: Partial<FineTuneOptions>): FineTuneOptions => ({
  ...{ ...tinyStudy, method: "sft", epochs: 2, ...options },
});
const ended = async (options: Partial<FineTuneOptions>) =>
  numbersOf(engine, (await endOf(fineTune(engine, run(options)))).params);

test("fineTune follows them, and refuses them in parts of batches", async () => {
  const plain = await ended({});
  expectClose(await ended({ sam: 1e-9 }), plain, 1e-6);
  expect(await ended({ sam: 0.5 })).not.toEqual(plain);
  // The same questions, answered otherwise: what one asks for undoes the other.
  const replay = tinyStudy.data.map(({ prompt }) => ({ prompt, response: [3, 3, 2] }));
  const agem = await ended({ method: "agem", replay, replayShare: 0.5 });
  const replayed = await ended({ method: "sft", replay, replayShare: 0.5 });
  expect(agem).not.toEqual(replayed);
  expect(agem).not.toEqual(plain);
  const refuses = (options: Partial<FineTuneOptions>, message: string) =>
    expect(() => planFineTune(run(options))).toThrow(message);
  refuses({ sam: 0.1, microBatchSize: 2 }, "expected whole batches with sam");
  refuses({ method: "agem", replay, replayShare: 0.5, microBatchSize: 2 }, "batches with agem");
  refuses({ method: "agem", replay }, "expected a replayShare above 0 for agem, got 0");
  const both = { method: "agem", replay, replayShare: 0.5, sam: 0.05 } as const;
  refuses(both, "expected no sam with agem, which has a gradient of its own, got 0.05");
});

test("the sum of both losses is a step down both where they conflict", async () => {
  const f = ({ x }: Params): Tensor => sum(square(sub(x as Tensor, tensor([1, 0]))));
  const g = ({ x }: Params): Tensor => sum(square(add(x as Tensor, tensor([1, -1]))));
  const { gradient } = await gradientOf(projected(f, g), at(0, 0));
  const after = at(...gradient.map((d) => -1e-3 * d));
  const [before, now] = await engine.run(() => [f(at(0, 0)), f(after)]);
  expect((now as Tensor).data[0]).toBeLessThan((before as Tensor).data[0] as number);
  const kept = await engine.run(() => [g(at(0, 0)), g(after)]);
  const [old = NaN, next = NaN] = kept.map(({ data }) => data[0]);
  expect(next).toBeLessThanOrEqual(old + 1e-5);
});
