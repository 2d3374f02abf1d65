import { describe, expect, test } from "vitest";
import { transformer } from "../../src/nn/index.ts";
import { full, ids } from "../../src/tensor/apply.ts";
import { ShapeError } from "../../src/tensor/errors.ts";
import { key } from "../../src/tensor/random.ts";

const model = transformer({
  vocabSize: 5,
  contextLength: 8,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  width: 8,
});
const params = model.init(key(0));
const prompts = ids([
  [1, 2, 3],
  [4, 0, 0],
]);
const last = ids([2, 0]);
const one = { tokens: ids([1, 2]), previous: ids([3, 4]), positions: ids([3, 1]) };

describe("transformer(config).prefill and decode", () => {
  test("keep keys and values of the key/value heads alone, at the capacity asked for", () => {
    const { logits, cache } = model.prefill(params, prompts, last, 6);
    expect(logits.shape).toEqual([2, 5]);
    expect(cache.map(({ keys, values }) => [keys.shape, values.shape])).toEqual([
      [
        [2, 2, 6, 2],
        [2, 2, 6, 2],
      ],
      [
        [2, 2, 6, 2],
        [2, 2, 6, 2],
      ],
    ]);
    const next = model.decode(params, cache, one);
    expect(next.logits.shape).toEqual([2, 5]);
    expect(next.cache.map(({ keys }) => keys.shape)).toEqual(cache.map(({ keys }) => keys.shape));
  });

  test("refuse a capacity below the prompts' length", () => {
    expect(() => model.prefill(params, prompts, last, 2)).toThrow(
      new RangeError("prefill: expected a capacity of at least 3, got 2"),
    );
  });

  test("refuse a cache that is not the model's, or another batch's", () => {
    const { cache } = model.prefill(params, prompts, last, 6);
    expect(() => model.decode(params, cache.slice(1), one)).toThrow(ShapeError);
    expect(() => model.decode(params, [], one)).toThrow(ShapeError);
    const single = { tokens: ids([1]), previous: ids([3]), positions: ids([3]) };
    expect(() => model.decode(params, cache, single)).toThrow(
      "decode: expected a cache of 2 layers [B, 2, S, 2] and tokens [B], got [2, 2, 6, 2] and [1]",
    );
    const wide = cache.map(({ keys }) => ({ keys, values: full([2, 2, 6, 3], 0) }));
    expect(() => model.decode(params, wide, one)).toThrow(ShapeError);
  });
});
