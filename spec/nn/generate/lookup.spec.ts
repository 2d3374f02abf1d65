import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FEW_ROWS } from "../../../kernels/wasm/abi.ts";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { loadModel } from "../../../src/finetune/load.ts";
import { expectReader } from "../../../src/finetune/reader.ts";
import { guesserOf, lookUp, MOST_ROWS } from "../../../src/nn/generate/lookup.ts";
import type { Seat } from "../../../src/nn/generate/seats.ts";
import { generate, type Transformer, transformer } from "../../../src/nn/index.ts";
import { full } from "../../../src/tensor/apply.ts";
import { key } from "../../../src/tensor/random.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { checkpoints, isAbsent, reason } from "../../weights/checkpoints.ts";
import { build, CONTEXT, prompted } from "../arbitraries.ts";

const letters = fc.array(fc.nat(2), { maxLength: 24 });

describe("lookUp(tokens, most)", () => {
  /** Every place behind which the newest tokens stood, with how many of them. */
  const runsOf = (tokens: readonly number[]) =>
    tokens.flatMap((_, next) => {
      if (next === 0) return [];
      const runs = [4, 3, 2].filter(
        (run) => run <= next && `${tokens.slice(next - run, next)}` === `${tokens.slice(-run)}`,
      );
      return runs.slice(0, 1).map((run) => ({ next, run }));
    });

  test("takes what followed the longest run of newest tokens, where it stood last", () => {
    fc.assert(
      fc.property(letters, fc.integer({ min: 1, max: 9 }), (tokens, most) => {
        const runs = runsOf(tokens);
        const longest = Math.max(...runs.map(({ run }) => run));
        const last = runs.findLast(({ run }) => run === longest)?.next;
        const guess = lookUp(tokens, most);
        const all = [...tokens, ...guess];
        const wanted = last === undefined ? [] : all.slice(last, last + most);
        expect(guess).toEqual(wanted);
      }),
    );
  });

  test("goes on with what repeats itself", () => {
    expect(lookUp([7, 1, 2, 3, 1, 2, 3, 1], 7)).toEqual([2, 3, 1, 2, 3, 1, 2]);
    expect(lookUp([5, 5, 5], 3)).toEqual([5, 5, 5]);
    expect(lookUp([1, 2, 3, 2], 3)).toEqual([]);
  });
});

describe("guesserOf(most, maxNewTokens, isStepped)", () => {
  const seatOf = (prompt: readonly number[], answer: number[] = []): Seat => ({
    ...{ row: 0, prompt, answer, isOpen: true },
  });
  const same = (n: number): number[] => Array.from({ length: n }, () => 1);

  test("guesses more while it is right, and pauses longer and longer while it is not", () => {
    const seat = seatOf(same(4));
    const guesser = guesserOf(10, 1000, true);
    const lengths = (count: number, rightOf: (length: number) => number) =>
      Array.from({ length: count }, () => {
        const { ofEach, length } = guesser.guess([seat]);
        expect(at(ofEach, 0)).toHaveLength(length);
        guesser.learn(seat, at(ofEach, 0), rightOf(length));
        return length;
      });
    expect(lengths(5, (length) => length)).toEqual([1, 3, 7, 10, 10]);
    expect(lengths(1, () => 3)).toEqual([10]);
    expect(lengths(12, () => 0)).toEqual([3, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
    expect(lengths(90, () => 0).filter((length) => length > 0).length).toBeLessThan(5);
  });

  test("guesses nothing that there is no room for, and nothing of sequences that have ended", () => {
    const ended = { ...seatOf(same(4)), isOpen: false };
    expect(guesserOf(7, 9, false).guess([ended, seatOf([1, 2, 3])]).length).toBe(0);
    // The second to last token is followed by one that is known in any case.
    const late = seatOf(same(4), same(7));
    expect(guesserOf(7, 9, false).guess([late, ended])).toEqual({ ofEach: [[1], []], length: 7 });
    expect(guesserOf(7, 8, false).guess([late]).length).toBe(0);
  });

  test("reads few rows, which half of a batch's guesses make worth it", () => {
    const seats = (repeating: number, others: number) => [
      ...Array.from({ length: repeating }, () => seatOf(same(4))),
      ...Array.from({ length: others }, () => seatOf([1, 2, 3])),
    ];
    for (const B of [1, 2, 3, 5, 8, 9]) {
      const { length } = guesserOf(15, 1000, false).guess(seats(B, 0));
      expect(length).toBe(Math.floor(MOST_ROWS / B) - 1);
    }
    const lengthOf = (repeating: number, others: number) => {
      const guesser = guesserOf(15, 1000, true);
      const all = seats(repeating, others);
      for (const seat of all) guesser.learn(seat, [1], 1);
      return guesser.guess(all).length;
    };
    expect([lengthOf(2, 0), lengthOf(1, 1), lengthOf(1, 3)]).toEqual([3, 1, 0]);
  });
});

describe("generate(engine, { promptLookup })", () => {
  const engines: Engine[] = [];
  beforeAll(async () => {
    engines.push(await createEngine({ backend: "reference" }));
    engines.push(await createEngine({ backend: "wasm", threads: 1 }));
  });
  afterAll(() => Promise.all(engines.map((engine) => engine.close())));

  test("gives the tokens that it gives without, greedy and drawn", async () => {
    const lookups = fc.integer({ min: 1, max: 20 });
    await fc.assert(
      fc.asyncProperty(prompted, lookups, fc.nat(), async (asked, promptLookup, seed) => {
        const { prompts, ...recipe } = asked;
        const stopTokens = seed % 2 === 0 ? [] : [seed % recipe.config.vocabSize];
        const common = { ...build(recipe), prompts, maxNewTokens: CONTEXT / 2, stopTokens };
        const drawn = { temperature: 1, key: key(seed) };
        const penalised = { ...drawn, repetitionPenalty: 1.2, topK: 3 };
        for (const engine of engines)
          for (const rules of [{}, { batchSize: 2 }, drawn, penalised]) {
            const heard = prompts.map((): number[] => []);
            const onToken = (token: number, row: number, step: number) => {
              expect(heard[row]?.push(token)).toBe(step + 1);
            };
            const options = { ...common, ...rules };
            const wanted = await generate(engine, options);
            expect(await generate(engine, { ...options, promptLookup, onToken })).toEqual(wanted);
            expect(heard).toEqual(wanted);
          }
      }),
      { numRuns: 8 },
    );
  });

  test("reads answers that repeat themselves in a few passes", async () => {
    const tiny = transformer({ vocabSize: 7, contextLength: 90, layers: 2, heads: 2, width: 8 });
    // Nothing but the last token counts: what follows a token is always the same.
    const zero = (name: string, x: Tensor) => (name.includes("v_proj") ? full(x.shape, 0) : x);
    const drawn = Object.entries(tiny.init(key(5)));
    const params = Object.fromEntries(drawn.map(([name, x]) => [name, zero(name, x)]));
    for (const engine of engines) {
      const reading = passesOf(engine);
      const options = { model: tiny, params, prompts: [[1, 2]], maxNewTokens: 80 };
      const wanted = await generate(reading.engine, options);
      expect(reading.count()).toBe(80);
      expect(await generate(reading.engine, { ...options, promptLookup: 15 })).toEqual(wanted);
      expect(reading.count() - 80).toBeLessThan(20);
    }
  });

  test.skipIf(isAbsent)(
    `gives a trained checkpoint's tokens in fewer passes${reason}`,
    async () => {
      const { model, params, tokenizer } = expectReader(
        await loadModel(`${checkpoints}/stories260K`),
      );
      const engine = at(engines, 1);
      const prompts = [
        [...tokenizer.encode("Tom and his dog went to the lake. The dog was very happy.")],
      ];
      const options = { model, params, prompts, maxNewTokens: 200 };
      const draws = { temperature: 0.5, key: key(1) };
      for (const [rules, share] of [
        [{}, 0.8],
        [draws, 1],
      ] as const) {
        const reading = passesOf(engine);
        const wanted = await generate(reading.engine, { ...options, ...rules });
        const plain = reading.count();
        const looked = { ...options, ...rules, promptLookup: 15 };
        expect(await generate(reading.engine, looked)).toEqual(wanted);
        expect(reading.count() - plain).toBeLessThan(share * plain);
      }
    },
  );

  test("guesses nothing where angles depend on the length", async () => {
    let checked = 0;
    const long = transformer({
      ...{ vocabSize: 3, contextLength: 40, layers: 1, heads: 1, width: 8 },
      ropeScaling: { type: "dynamic", factor: 2, originalLength: 16 },
    });
    const watching: Transformer = {
      ...long,
      extend: (...args) => {
        checked++;
        return long.extend(...args);
      },
    };
    const options = { model: watching, params: long.init(key(1)), prompts: [[1, 1, 1, 1]] };
    await generate(at(engines, 0), { ...options, maxNewTokens: 20, promptLookup: 7 });
    expect(checked).toBe(0);
    await generate(at(engines, 0), { ...options, maxNewTokens: 8, promptLookup: 7 });
    expect(checked).toBeGreaterThan(0);
  });

  test("reads as many rows as products keep their sums for", () => {
    expect(MOST_ROWS).toBe(FEW_ROWS);
  });
});

/** The engine, with a count of what was read: a step each. */
function passesOf(engine: Engine): { readonly engine: Engine; count(): number } {
  let passes = 0;
  const counting = Object.create(engine, {
    read: {
      value: (x: Tensor) => {
        passes++;
        return engine.read(x);
      },
    },
  }) as Engine;
  return { engine: counting, count: () => passes };
}
