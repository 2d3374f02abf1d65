import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Layout, type Params, summedCrossEntropy, transformer } from "../../src/nn/index.ts";
import { full, ids, tensor } from "../../src/tensor/apply.ts";
import { ShapeError } from "../../src/tensor/errors.ts";
import { valueAndGrad } from "../../src/tensor/grad.ts";
import { add } from "../../src/tensor/ops.ts";
import { key } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testEngine } from "../testEngine.ts";
import { build, CONTEXT, type Recipe, recipes } from "./arbitraries.ts";

const engine = await testEngine();

/** A model with sequences for one row, and pads on either side. */
interface Packed extends Recipe {
  readonly sequences: readonly number[][];
  readonly before: number;
  readonly after: number;
}

const packed: fc.Arbitrary<Packed> = recipes.chain((recipe) => {
  const token = fc.nat(recipe.config.vocabSize - 1);
  const sequence = fc.array(token, { minLength: 1, maxLength: 6 });
  return (
    fc
      .record({
        sequences: fc.array(sequence, { minLength: 1, maxLength: 3 }),
        before: fc.nat(3),
        after: fc.nat(3),
      })
      // A large epsilon keeps the norms away from 0/0, where rounding errors grow without bound.
      .map((rest) => ({ ...recipe, config: { ...recipe.config, epsilon: 0.5 }, ...rest }))
  );
});

/** One row: pads, the sequences in turn, pads; and where each sequence starts. */
function rowOf({ sequences, before, after }: Packed) {
  const pads = (n: number) => Array<number>(n).fill(0);
  const join = (of: (sequence: number[], s: number) => number[]) => [
    [...pads(before), ...sequences.flatMap(of), ...pads(after)],
  ];
  let from = before;
  const starts = sequences.map(({ length }) => {
    from += length;
    return from - length;
  });
  return {
    tokens: join((sequence) => sequence),
    segments: join((sequence, s) => sequence.map(() => s + 1)),
    positions: join((sequence) => sequence.map((_, t) => t)),
    starts,
  };
}

const sizeOf = (x: readonly number[]) => Math.max(1, ...x.map(Math.abs));

function expectClose(got: readonly number[], wanted: readonly number[], bound: number): void {
  expect(got.length).toBe(wanted.length);
  const off = got.map((x, i) => Math.abs(x - (wanted[i] as number)));
  expect(Math.max(...off)).toBeLessThanOrEqual(bound * sizeOf(wanted));
}

describe("transformer(config).apply(params, tokens, layout)", () => {
  test("gives packed sequences the logits that each has alone", async () => {
    await fc.assert(
      fc.asyncProperty(packed, fc.boolean(), fc.boolean(), async (it, isTraced, counts) => {
        const { model, params } = build(it);
        const { starts, ...row } = rowOf(it);
        const [segments, positions] = [ids(row.segments), ids(row.positions)];
        const run = isTraced
          ? engine.compile((p: Params, tokens: Tensor, s: Tensor, at: Tensor) =>
              model.apply(p, tokens, { segments: s, positions: at }),
            )
          : undefined;
        const layout: Layout = counts ? { segments } : { segments, positions };
        const logits = run
          ? await run(params, ids(row.tokens), segments, positions)
          : await engine.run(() => model.apply(params, ids(row.tokens), layout));
        const data = [...(run ? await engine.read(logits) : logits.data)];
        expect(data.every(Number.isFinite)).toBe(true);
        const V = model.config.vocabSize;
        for (const [s, sequence] of it.sequences.entries()) {
          const from = starts[s] as number;
          const alone = await engine.run(() => model.apply(params, ids([sequence])));
          const together = data.slice(from * V, (from + sequence.length) * V);
          expectClose(together, [...alone.data], 1e-12);
        }
      }),
      { numRuns: 120 },
    );
  });

  test("packs into the token-weighted loss and gradient of the sequences", async () => {
    await fc.assert(
      fc.asyncProperty(packed, async (it) => {
        const { model, params } = build(it);
        fc.pre(it.sequences.some(({ length }) => length > 1));
        const { tokens, segments, positions } = rowOf(it);
        // Each token but a sequence's last predicts the next one; pads count nothing.
        const labels = tokens.map((row) => [...row.slice(1), 0]);
        const mask = segments.map((row) =>
          row.map((segment, t) => (segment > 0 && row[t + 1] === segment ? 1 : 0)),
        );
        const layout = { segments: ids(segments), positions: ids(positions) };
        const [sum, grads] = await engine.run(() =>
          valueAndGrad(
            (p: Params) =>
              summedCrossEntropy(model.apply(p, ids(tokens), layout), ids(labels), asMask(mask))
                .sum,
          )(params),
        );
        const alone = await engine.run(() =>
          valueAndGrad((p: Params) =>
            it.sequences
              .filter(({ length }) => length > 1)
              .map((sequence) => {
                const logits = model.apply(p, ids([sequence]));
                const next = [...sequence.slice(1), 0];
                const counted = sequence.map((_, t) => (t + 1 < sequence.length ? 1 : 0));
                return summedCrossEntropy(logits, ids([next]), asMask([counted])).sum;
              })
              .reduce((a, b) => add(a, b), full([], 0)),
          )(params),
        );
        expectClose([...sum.data], [...alone[0].data], 1e-12);
        for (const [name, wanted] of Object.entries(alone[1]))
          expectClose([...(grads[name]?.data ?? [])], [...wanted.data], 1e-12);
      }),
      { numRuns: 60 },
    );
  });

  test("lets the pads' tokens change nothing", async () => {
    await fc.assert(
      fc.asyncProperty(packed, fc.nat(8), async (it, id) => {
        const { model, params } = build(it);
        const { tokens, segments, positions } = rowOf(it);
        const layout = { segments: ids(segments), positions: ids(positions) };
        const other = tokens.map((row) =>
          row.map((token, t) => (segments[0]?.[t] === 0 ? id % model.config.vocabSize : token)),
        );
        const logits = async (row: number[][]) => {
          const { data } = await engine.run(() => model.apply(params, ids(row), layout));
          const V = model.config.vocabSize;
          return [...data].filter((_, n) => segments[0]?.[Math.floor(n / V)] !== 0);
        };
        // A key is computed among its neighbours: to the last place, not to the bit.
        expectClose(await logits(other), await logits(tokens), 1e-14);
      }),
      { numRuns: 40 },
    );
  });

  test("is the head of the hidden states", async () => {
    await fc.assert(
      fc.asyncProperty(packed, async (it) => {
        const { model, params } = build(it);
        const row = rowOf(it);
        const layout = { segments: ids(row.segments), positions: ids(row.positions) };
        const [whole, hidden, parts] = await engine.run(() => {
          const h = model.hidden(params, ids(row.tokens), layout);
          return [model.apply(params, ids(row.tokens), layout), h, model.head(params, h)];
        });
        expect(hidden?.shape).toEqual([1, row.tokens[0]?.length, model.config.width]);
        expect([...(parts?.data ?? [])]).toEqual([...(whole?.data ?? [])]);
      }),
      { numRuns: 30 },
    );
  });

  const tiny = transformer({ vocabSize: 5, contextLength: 4, layers: 1, heads: 2, width: 4 });
  const params = tiny.init(key(0));
  const six = ids([[1, 2, 3, 4, 1, 2]]);

  test("takes rows beyond the context whose sequences are within it", () => {
    const segments = ids([[1, 1, 1, 2, 2, 2]]);
    expect(tiny.apply(params, six, { segments }).shape).toEqual([1, 6, 5]);
    expect(CONTEXT).toBeGreaterThan(6);
  });

  test.each<[Layout, new (...args: never[]) => Error, string]>([
    [{ segments: ids([1, 1]) }, ShapeError, "segments [1, 6]"],
    [{ positions: tensor([[0, 1, 2, 0, 1, 2]]) }, TypeError, "expected int positions, got float"],
    [{ positions: ids([[0, 1, 2, 3, 4, 5]]) }, RangeError, "expected positions 0 … 3, got 5"],
    [{ positions: ids([[0, -1, 2, 3, 0, 0]]) }, RangeError, "expected positions 0 … 3, got -1"],
    [{}, RangeError, "expected positions 0 … 3, got 5"],
  ])("refuses %o", (layout, kind, message) => {
    expect(() => tiny.apply(params, six, layout)).toThrow(kind);
    expect(() => tiny.apply(params, six, layout)).toThrow(message);
  });

  test("asks for positions where segments are known only when the program runs", async () => {
    const program = engine.compile((segments: Tensor) => tiny.apply(params, six, { segments }));
    await expect((async () => program(ids([[1, 1, 1, 2, 2, 2]])))()).rejects.toThrow(
      "expected positions with segments that are not host constants, got none",
    );
  });
});

const asMask = (rows: readonly number[][]): Tensor => tensor(rows);
