import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataError } from "../../src/tensor/errors.ts";
import * as random from "../../src/tensor/random.ts";
import { collate, shuffledBatches } from "../../src/train/batches.ts";
import {
  checkExamples,
  type MarkedTokens,
  promptOf,
  spansOf,
  targetsOf,
} from "../../src/train/examples.ts";

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

  test("pads in few lengths, and to none beyond the context", () => {
    const T = (positions: number, contextLength?: number) => {
      const example = { prompt: [1], response: Array<number>(positions).fill(2) };
      const bounded = contextLength === undefined ? {} : { contextLength };
      return collate([example, { prompt: [1], response: [2] }], bounded).tokens.shape[1];
    };
    expect([61, 125, 130, 1000].map((n) => T(n))).toEqual([64, 128, 136, 1024]);
    expect([T(61, 62), T(62, 62), T(1000, 1002), T(30, 1002)]).toEqual([62, 62, 1002, 32]);
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

/** The same example in the form for several turns. */
const marked = ({ prompt, response }: { prompt: number[]; response: number[] }): MarkedTokens => ({
  tokens: [...prompt, ...response],
  mask: [...prompt.map(() => 0 as const), ...response.map(() => 1 as const)],
});

describe("marked tokens", () => {
  test("say the same as prompt and response", () => {
    fc.assert(
      fc.property(examples, (data) => {
        expect(collate(data.map(marked))).toEqual(collate(data));
        expect(data.map(marked).map(spansOf)).toEqual(data.map(spansOf));
        expect(data.map(marked).map(promptOf)).toEqual(data.map(promptOf));
      }),
      { numRuns: 300 },
    );
  });

  test("may be targets in several places", () => {
    const two = { tokens: [0, 5, 6, 2, 7, 8, 2], mask: [0, 0, 1, 1, 0, 1, 1] } as const;
    expect(spansOf(two)).toEqual([
      [1, 3],
      [4, 6],
    ]);
    expect(targetsOf(two)).toBe(4);
    const { mask, labels, weights, segments } = collate([two]);
    expect([...mask.data]).toEqual([0, 1, 1, 0, 1, 1, 0, 0]);
    expect([...labels.data]).toEqual([5, 6, 2, 7, 8, 2, 0, 0]);
    expect([weights, segments]).toEqual([undefined, undefined]);
  });

  test("begin anew in every packed document", () => {
    const packed = {
      tokens: [1, 5, 2, 1, 6, 7, 2, 0],
      mask: [0, 1, 1, 0, 0, 1, 1, 0],
      segments: [1, 1, 1, 2, 2, 2, 2, 0],
    } as const;
    const { segments, positions, mask } = collate([packed, { prompt: [3, 4], response: [2] }]);
    expect([...(segments?.data ?? [])]).toEqual([1, 1, 1, 2, 2, 2, 2, 0, 1, 1, 0, 0, 0, 0, 0, 0]);
    expect([...(positions?.data ?? [])]).toEqual([0, 1, 2, 0, 1, 2, 3, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect([...mask.data]).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  });

  test("and responses have weights, 1 where nothing is said", () => {
    const { weights } = collate([
      { prompt: [1, 2], response: [3, 4], weights: [0.5, 2] },
      { tokens: [1, 2], mask: [0, 1], weights: [9, 3] },
      { prompt: [1], response: [2] },
    ]);
    expect([...(weights?.data ?? [])]).toEqual([1, 0.5, 2, 1, 3, 1, 1, 1, 1, 1, 1, 1]);
  });

  test.each([
    [{ mask: [0, 1] }, "expected a mask of 3 numbers, got 2 in example 0"],
    [{ mask: [0, 1, 2] }, "expected a mask of zeros and ones, got 2 in example 0"],
    [{ mask: [1, 1, 1] }, "expected no target before the second token"],
    [{ mask: [0, 0, 0] }, "expected a mask with a target, got none in example 0"],
    [{ segments: [1, 1] }, "expected 3 numbers of segments, got 2"],
    [{ segments: [2, 2, 2] }, "expected segments 1, 2, … in order"],
    [{ segments: [1, 3, 3] }, "got 3 after 1 in example 0"],
    [{ segments: [0, 1, 1] }, "expected zeros of segments at the end, got 1"],
    [{ segments: [1, 2, 2] }, "expected no target at the start of a segment"],
    [{ segments: [1, 1, 0] }, "or in padding, got one at token 2 in example 0"],
    [{ weights: [1, 1] }, "expected 3 weights, got 2"],
    [{ weights: [1, -1, 1] }, "expected finite weights ≥ 0, got -1"],
    [{ tokens: [1, 2.5, 3] }, "expected ids in [0, Infinity), got 2.5"],
  ])("are refused: %j", (wrong, message) => {
    const good = { tokens: [1, 2, 3], mask: [0, 1, 1] };
    const example = { ...good, ...wrong } as MarkedTokens;
    expect(() => collate([example])).toThrow(DataError);
    expect(() => collate([example])).toThrow(message);
  });
});
