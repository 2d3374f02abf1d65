import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Divergence,
  jeffreys,
  jensenShannon,
  kl,
  squaredHellinger,
} from "../../../src/anchored/objectives/divergences.ts";
import {
  type Interpolation,
  interpolate,
} from "../../../src/anchored/objectives/interpolations.ts";
import { anchoredLoss } from "../../../src/anchored/objectives/losses.ts";
import { checkGradient } from "../../../src/engines/checkGradient.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { logSoftmax } from "../../../src/tensor/ops.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";

/** Every row is a case of its own. */
const TOKENS = 24;

/** Logits of three models, [tokens, V] each. */
const models = fc.integer({ min: 2, max: 6 }).chain((vocabSize) => {
  const size = TOKENS * vocabSize;
  const logits = fc
    .array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: size, maxLength: size })
    .map((data): Tensor => constant(Float64Array.from(data), [TOKENS, vocabSize]));
  return fc.tuple(logits, logits, logits);
});

/** On 3,000 rows. */
const always = async (f: (...logits: [Tensor, Tensor, Tensor]) => Tensor): Promise<void> => {
  await fc.assert(
    fc.asyncProperty(models, fc.nat(), async (logits, seed) => {
      const options = { directions: 1, coordinates: 4, seed };
      expect(await checkGradient(f, logits, options)).toMatchObject({ wrong: 0 });
    }),
    { numRuns: 125 },
  );
};

describe("the gradient that central differences find is that of", () => {
  test.each<readonly [string, Divergence]>([
    ["kl", kl],
    ["jeffreys", jeffreys],
    ["jensenShannon", jensenShannon],
    ["squaredHellinger", squaredHellinger],
  ])("%s, in both arguments", (_, divergence) =>
    always((p, q) => divergence(logSoftmax(p), logSoftmax(q))),
  );

  test.each<readonly [Interpolation, number]>([
    ["logit", 0.3],
    ["probability", 0.3],
    [{ power: -0.5 }, 0.3],
    [{ power: 2 }, 0.8],
    ["probability", 0],
    ["logit", 1],
  ])("interpolate(%j, %d)", (space, alpha) => always((p, s) => interpolate(space, alpha)(p, s)));

  test.each([1, 0.5, 3])("anchoredLoss at temperature %d, in the student", (temperature) =>
    always((logits) =>
      anchoredLoss({
        ...{ logits, temperature, alpha: 0.3 },
        ...{ snapshotLogits: constantLike(logits, 1), referenceLogits: constantLike(logits, -1) },
      }),
    ),
  );
});

/** Other logits, which do not move. */
const constantLike = ({ shape }: Tensor, slope: number): Tensor => {
  const size = shape.reduce((product, n) => product * n, 1);
  return constant(
    Float64Array.from({ length: size }, (_, i) => slope * Math.sin(i)),
    shape,
  );
};
