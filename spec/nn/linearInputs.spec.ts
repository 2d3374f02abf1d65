import { describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import { transformer } from "../../src/nn/transformer.ts";
import { ids, stored } from "../../src/tensor/apply.ts";
import { cast } from "../../src/tensor/ops.ts";
import { key } from "../../src/tensor/random.ts";
import { round } from "../../src/tensor/storage/types.ts";
import { isConstant, type Tensor } from "../../src/tensor/tensor.ts";

const config = { vocabSize: 64, contextLength: 32, layers: 2, heads: 2, width: 64, hidden: 96 };
const exact = transformer(config);
const rounded = transformer({ ...config, linearInputs: "q8_0" });
const tokens = ids([
  [3, 9, 1, 60, 17, 4, 4, 8, 22, 30, 31, 2, 5, 50, 40, 7, 9, 11, 13, 1, 2],
  [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21],
]);

/** A model's matrices in q8_0. */
const weights = Object.fromEntries(
  Object.entries(exact.init(key(1))).map(([name, x]) => {
    if (!isConstant(x) || x.shape.length < 2) return [name, x];
    return [name, stored("q8_0", round("q8_0", x.attrs.data), x.shape)];
  }),
);
const wide = Object.fromEntries(
  Object.entries(weights).map(([name, x]) => [name, cast(x, "float")]),
);

async function logits(backend: "wasm" | "reference", model: typeof exact): Promise<number[]> {
  await using engine = await createEngine({ backend });
  const last = ids([5, 3]);
  const results: Tensor[] = await engine.run(() => {
    const { logits, cache } = model.prefill(wide, tokens, last, 32);
    const next = { tokens: ids([7, 8]), previous: ids([1, 2]), positions: ids([6, 4]) };
    return [logits, model.decode(wide, cache, next).logits];
  });
  return results.flatMap((x) => (isConstant(x) ? [...x.attrs.data] : []));
}

describe("inputs of linear layers in q8_0", () => {
  test("are the same on wasm, which multiplies codes, and on the reference engine", async () => {
    const [got, want] = [await logits("wasm", rounded), await logits("reference", rounded)];
    // A code at a tie may fall on either side: a step of 1/127 of a block's largest.
    got.forEach((x, i) => {
      expect(x).toBeCloseTo(want[i] as number, 2);
    });
  });

  test("change logits, by little", async () => {
    const [got, want] = [await logits("wasm", rounded), await logits("wasm", exact)];
    const differences = got.map((x, i) => Math.abs(x - (want[i] as number)));
    const spread = Math.max(...want) - Math.min(...want);
    expect(Math.max(...differences)).toBeGreaterThan(0);
    expect(Math.max(...differences)).toBeLessThan(0.03 * spread);
  });

  test("are whole blocks", () => {
    expect(() => transformer({ ...config, hidden: 100, linearInputs: "q8_0" })).toThrow(
      "transformer: expected hidden to be a multiple of 32 for linearInputs q8_0, got 100",
    );
  });
});
