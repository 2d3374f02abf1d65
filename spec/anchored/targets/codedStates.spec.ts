import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BLOCK,
  type Coded,
  codedRows,
  codedTargets,
  encodeStates,
} from "../../../src/anchored/targets/codedStates.ts";
import { expectedRatio, logSoftmaxRow } from "../../../src/anchored/targets/hostRows.ts";
import { startsOf } from "../../../src/anchored/targets/responseRows.ts";
import { key, stream } from "../../../src/tensor/random.ts";
import { at } from "../../../src/tensor/shapes.ts";

const decoded = ({ codes, low, step }: Coded): number[] =>
  Array.from(codes, (code, i) => {
    const c = i % low.length;
    return at(low, c) + code * at(step, c);
  });

const size = fc.double({ min: -6, max: 6, noNaN: true }).map((x) => 10 ** x);
const statesOf = (width: number) =>
  fc
    .array(fc.tuple(size, fc.float({ noNaN: true, min: -100, max: 100 })), {
      ...{ minLength: width, maxLength: width },
    })
    .chain((channels) =>
      fc
        .array(
          fc.array(fc.float({ noNaN: true, min: -1, max: 1 }), {
            minLength: width,
            maxLength: width,
          }),
          {
            ...{ minLength: 1, maxLength: 12 },
          },
        )
        .map((rows) =>
          Float32Array.from(
            rows.flatMap((row) =>
              row.map((x, c) => {
                const [scale, offset] = at(channels, c);
                return scale * (x + offset);
              }),
            ),
          ),
        ),
    );

describe("codes of 16 bits", () => {
  test("lie half a step away at most", () => {
    fc.assert(
      fc.property(statesOf(5), (data) => {
        const coded = encodeStates(data, 5);
        decoded(coded).forEach((x, i) => {
          const c = i % 5;
          const rounding = 2 ** -22 * (Math.abs(at(coded.low, c)) + 65535 * at(coded.step, c));
          expect(Math.abs(x - at(data, i))).toBeLessThanOrEqual(at(coded.step, c) / 2 + rounding);
        });
      }),
    );
  });

  test("are exact where a channel does not vary, and at a range's ends", () => {
    const data = Float32Array.of(3.25, -1, 3.25, 1, 3.25, 0.5);
    const [a, low, b, high] = decoded(encodeStates(data, 2));
    expect([a, low, b, high]).toEqual([3.25, -1, 3.25, expect.closeTo(1, 6)]);
  });

  test("are refused for what is not finite", () => {
    expect(() => encodeStates(Float32Array.of(1, NaN), 1)).toThrow("finite hidden states, got NaN");
  });

  /** Head [V, C] times hidden states. */
  const logitsOf = (head: readonly number[], states: readonly number[]): Float64Array =>
    Float64Array.from({ length: head.length / states.length }, (_, v) =>
      states.reduce((sum, x, c) => sum + at(head, v * states.length + c) * x, 0),
    );
  const logOf = (logits: Float64Array): Float64Array => {
    const out = new Float64Array(logits.length);
    logSoftmaxRow({ data: logits, temperature: 1 }, 0, out);
    return out;
  };

  // With ε the furthest that a logit moves, log q − log p moves by 2ε at most, and on the way the
  // divergence changes at the rate of a covariance with it.
  test("move KL(q ‖ p) by ε·(range of log q − log p, plus 2ε) at most", () => {
    fc.assert(
      fc.property(statesOf(6), fc.integer(), (data, seed) => {
        const next = stream(key(seed));
        const head = Array.from({ length: 9 * 6 }, () => next() - 0.5);
        const coded = encodeStates(data, 6);
        const near = decoded(coded);
        const off = (v: number): number =>
          coded.step.reduce((sum, step, c) => sum + (Math.abs(at(head, v * 6 + c)) * step) / 2, 0);
        const rounding = 6 * 2 ** -20 * Math.max(...data.map(Math.abs));
        const most = Math.max(...Array.from({ length: 9 }, (_, v) => off(v))) + rounding;
        for (let from = 0; from < data.length; from += 6) {
          const q = logOf(logitsOf(head, [...data.subarray(from, from + 6)]));
          const coarse = logOf(logitsOf(head, near.slice(from, from + 6)));
          const p = logOf(Float64Array.from({ length: 9 }, () => 4 * next()));
          const ratios = q.map((x, v) => x - at(p, v));
          const range = Math.max(...ratios) - Math.min(...ratios);
          const moved = Math.abs(expectedRatio(coarse, coarse, p) - expectedRatio(q, q, p));
          expect(moved).toBeLessThanOrEqual(most * (range + 2 * most) + 1e-12 * (1 + range));
        }
      }),
    );
  });
});

describe("rows as codes", () => {
  const width = 3;
  const next = stream(key(4));
  const data = Float32Array.from({ length: (2 * BLOCK + 100) * width }, () => next() - 0.5);
  async function* parts(sizes: readonly number[]) {
    let from = 0;
    for (const n of sizes) {
      yield data.subarray(from * width, (from + n) * width);
      from += n;
    }
    yield data.subarray(from * width);
  }

  test("are the same however they come", async () => {
    const whole = await codedRows(parts([]), width);
    expect(await codedRows(parts([7, 900, 500, 1]), width)).toEqual(whole);
    expect(whole.blocks.map(({ codes }) => codes.length / width)).toEqual([BLOCK, BLOCK, 100]);
  });

  test("take 2 bytes a number, and a range a channel and block", async () => {
    const { blocks } = await codedRows(parts([]), width);
    const bytes = blocks.reduce(
      (sum, { codes, low, step }) => sum + codes.byteLength + low.byteLength + step.byteLength,
      0,
    );
    expect(bytes).toBe(2 * data.length + 8 * width * 3);
  });

  test("come back at the targets of a batch", async () => {
    const examples = [
      { prompt: [1, 2], response: [3, 4] },
      { tokens: [1, 2, 3, 4, 5], mask: [0, 1, 0, 1, 1] as const },
    ];
    const few = Float32Array.from({ length: 5 * width }, (_, i) => i);
    const rows = await codedRows(one(few), width);
    const { data: got, shape } = (await codedTargets(rows, startsOf(examples), examples).of(
      [[1], [0]],
      4,
    )) as { data: Float32Array; shape: readonly number[] };
    expect(shape).toEqual([2, 4, width]);
    const row = (i: number): number[] => Array.from(few.subarray(i * width, (i + 1) * width));
    const wanted = [2, undefined, 3, 4, undefined, 0, 1, undefined].flatMap((i) =>
      i === undefined ? [0, 0, 0] : row(i),
    );
    wanted.forEach((x, i) => {
      expect(Math.abs(at(got, i) - x)).toBeLessThan(12 / 65535);
    });
  });
});

async function* one(part: Float32Array) {
  yield part;
}
