import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataError } from "../../src/tensor/errors.ts";
import * as random from "../../src/tensor/random.ts";
import { checkExamples, collate, shuffledBatches } from "../../src/train/batches.ts";

const id = fc.nat(9);
const sequence = fc.array(id, { minLength: 1, maxLength: 7 });
const examples = fc.array(fc.record({ prompt: sequence, response: sequence }), {
  minLength: 1,
  maxLength: 5,
});

describe("collate", () => {
  test("lays prompt and response side by side and counts the response", () => {
    const batch = collate([
      { prompt: [1, 5, 6], response: [7, 2] },
      { prompt: [1], response: [2] },
    ]);
    expect(batch.tokens.shape).toEqual([2, 4]);
    expect([...batch.tokens.data]).toEqual([1, 5, 6, 7, 1, 0, 0, 0]);
    expect([...batch.labels.data]).toEqual([5, 6, 7, 2, 2, 0, 0, 0]);
    expect([...batch.mask.data]).toEqual([0, 0, 1, 1, 1, 0, 0, 0]);
  });

  test("masked labels are the responses, whatever the examples", () => {
    fc.assert(
      fc.property(examples, (data) => {
        const { labels, mask, tokens } = collate(data);
        const [, T] = tokens.shape as [number, number];
        expect(T % 4).toBe(0);
        data.forEach(({ prompt, response }, row) => {
          const kept = Array.from(labels.data.slice(row * T, (row + 1) * T)).filter(
            (_, t) => mask.data[row * T + t] === 1,
          );
          expect(kept).toEqual(response);
          expect(Array.from(tokens.data.slice(row * T, row * T + prompt.length))).toEqual(prompt);
        });
      }),
      { numRuns: 1000 },
    );
  });

  test("pads to a given length with a given token", () => {
    const { tokens } = collate([{ prompt: [1], response: [2] }], { length: 3, padding: 9 });
    expect([...tokens.data]).toEqual([1, 9, 9]);
  });

  test.each([
    ["no examples", [], "collate: expected examples, got none"],
    [
      "an empty prompt",
      [{ prompt: [], response: [1] }],
      "collate: expected a prompt, got an empty one in example 0",
    ],
    [
      "an empty response",
      [
        { prompt: [1], response: [1] },
        { prompt: [1], response: [] },
      ],
      "collate: expected a response, got an empty one in example 1",
    ],
    [
      "a long example",
      [
        { prompt: [1], response: [1] },
        { prompt: [1, 2], response: [3, 4] },
      ],
      "collate: expected at most 2 positions, got 3 in example 1",
    ],
  ])("refuses %s", (_, data, message) => {
    expect(() => collate(data, { length: 2 })).toThrow(new DataError(message));
  });
});

describe("checkExamples", () => {
  const good = { prompt: [1], response: [2] };

  test("names the example with an id outside the vocabulary", () => {
    expect(() =>
      checkExamples("fineTune", [good, { prompt: [1], response: [3] }], { vocabSize: 3 }),
    ).toThrow(new DataError("fineTune: expected ids in [0, 3), got 3 in example 1"));
    expect(() =>
      checkExamples("fineTune", [{ prompt: [0.5], response: [1] }], { vocabSize: 3 }),
    ).toThrow("got 0.5 in example 0");
  });

  test("names the example that is longer than the context", () => {
    expect(() =>
      checkExamples("fineTune", [good, { prompt: [1, 1], response: [1, 1] }], { contextLength: 2 }),
    ).toThrow(new DataError("fineTune: expected at most 2 positions, got 3 in example 1"));
  });
});

describe("shuffledBatches", () => {
  test("an epoch visits as many different examples as fill batches, in an order of its own", () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 31),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 8 }),
        (seed, count, size) => {
          fc.pre(size <= count);
          const batches = shuffledBatches(random.key(seed), count, size);
          expect(batches.every((batch) => batch.length === size)).toBe(true);
          const seen = batches.flat();
          expect(seen.length).toBe(count - (count % size));
          expect(new Set(seen).size).toBe(seen.length);
          expect(seen.every((i) => i >= 0 && i < count)).toBe(true);
          expect(shuffledBatches(random.key(seed), count, size)).toEqual(batches);
        },
      ),
      { numRuns: 1000 },
    );
    expect(shuffledBatches(random.key(1), 40, 4)).not.toEqual(
      shuffledBatches(random.key(2), 40, 4),
    );
  });

  test("refuses a batch larger than the data", () => {
    expect(() => shuffledBatches(random.key(0), 3, 4)).toThrow(
      new DataError("shuffledBatches: expected at least one batch of 4, got 3 examples"),
    );
    expect(() => shuffledBatches(random.key(0), 3, 0)).toThrow(RangeError);
  });
});
