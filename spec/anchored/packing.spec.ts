import { describe, expect, test } from "vitest";
import { fineTune } from "../../src/anchored/fineTune.ts";
import type { Method } from "../../src/anchored/objectives/methods.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import type { LanguageModel } from "../../src/anchored/targets/languageModel.ts";
import type { Params } from "../../src/nn/config.ts";
import { type Transformer, transformer } from "../../src/nn/transformer.ts";
import { matmul } from "../../src/tensor/ops.ts";
import * as random from "../../src/tensor/random.ts";
import { at } from "../../src/tensor/shapes.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { collate } from "../../src/train/batches.ts";
import { type Example, sequenceOf } from "../../src/train/examples.ts";
import { inRows, joined, sharedLength, tokensOf } from "../../src/train/together.ts";
import { testEngine } from "../testEngine.ts";
import {
  collect,
  expectClose,
  lossesOf,
  numbersOf,
  tinyAnchored,
  tinyModel,
  tinyStudy,
} from "./tiny.ts";

const engine = await testEngine();

const reference = tinyModel.init(random.key(9));
const { data } = tinyStudy;
const matrix = random.normal(random.key(8), [8, 8], { std: 0.7 });
const head = (_: Params, hidden: Tensor): Tensor => matmul(hidden, matrix, { transposeB: true });
/** The tiny model below a frozen head. */
const frozen: LanguageModel = {
  config: tinyModel.config,
  hidden: (...args) => tinyModel.apply(...args),
  head,
  apply: (params, ...rest) => head(params, tinyModel.apply(params, ...rest)),
};
const hidden = { model: frozen, targets: "hidden" } as const;
const weighed = data.map((example, i) =>
  i % 2 === 0 ? { ...example, weights: example.response.map((_, t) => 1 + t / 2) } : example,
);

describe("packing a batch", () => {
  test.each<[Method, Partial<FineTuneOptions>]>([
    ["sft", {}],
    ["sft", { data: weighed, microBatchSize: 3 }],
    ["replay", { replay: data.slice(0, 3), replayShare: 0.4 }],
    ["klRegularized", { direction: "reverse" }],
    ["anchored", { kdRatio: 0.7, targets: "rows" }],
    ["anchored", { targets: "rows", microBatchSize: 2 }],
    ["anchored", hidden],
    ["anchored", { ...hidden, statesDtype: "q16", microBatchSize: 3 }],
    ["anchored", { targets: "recompute" }],
    ["moving", { alpha: 0.2 }],
  ])("changes no number of %s, case %#, but in its last digits", async (method, settings) => {
    const run = (packing: boolean) =>
      collect(
        fineTune(engine, tinyAnchored(reference, { ...settings, method, outer: 1, packing })),
      );
    const [apart, together] = [await run(false), await run(true)];
    expectClose(lossesOf(together), lossesOf(apart), 1e-9);
    const ends = [apart, together].map((all) => all.at(-1) as { params: typeof reference });
    const [a, b] = await Promise.all(ends.map(({ params }) => numbersOf(engine, params)));
    expectClose(b as number[], a as number[], 1e-6);
    const certified = (all: typeof apart) => all.filter(({ kind }) => kind === "outer").length;
    expect(certified(together)).toBe(certified(apart));
  });

  test("leaves hardly any padding", async () => {
    const rows: number[][] = [];
    const small = transformer({ vocabSize: 8, contextLength: 200, layers: 1, heads: 1, width: 4 });
    const watching: Transformer = {
      ...small,
      apply(params, tokens, layout) {
        rows.push([...tokens.shape]);
        return small.apply(params, tokens, layout);
      },
    };
    const uneven = Array.from(
      { length: 8 },
      (_, i): Example => ({
        prompt: Array<number>(i === 0 ? 150 : 5).fill(3),
        response: [4, 2],
      }),
    );
    const options = { ...tinyStudy, model: watching, base: small.init(random.key(1)) };
    const sft = { ...options, data: uneven, method: "sft", batchSize: 8, epochs: 1 } as const;
    await collect(fineTune(engine, { ...sft, packing: true }));
    expect(rows).toEqual([[1, 256]]);
    rows.length = 0;
    await collect(fineTune(engine, sft));
    expect(rows).toEqual([[8, 152]]);
  });
});

describe("joined(examples)", () => {
  test("keeps documents apart, in order, without the padding between them", () => {
    const packed: Example = {
      ...{ tokens: [1, 2, 3, 4, 0, 0], mask: [0, 1, 0, 1, 0, 0] },
      segments: [1, 1, 2, 2, 0, 0],
    };
    const row = joined([{ prompt: [5], response: [6, 7], weights: [1, 3] }, packed, packed]);
    expect(row).toEqual({
      tokens: [5, 6, 7, 1, 2, 3, 4, 1, 2, 3, 4],
      mask: [0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1],
      segments: [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
      weights: [1, 1, 3, ...Array(8).fill(1)],
    });
    expect(collate([row]).positions?.data.slice(0, 11)).toEqual(
      Int32Array.of(0, 1, 2, 0, 1, 0, 1, 0, 1, 0, 0),
    );
    expect(tokensOf(packed)).toBe(4);
    expect(joined([packed])).toBe(packed);
    expect(sequenceOf(joined([at(data, 0), at(data, 1)])).segments).toHaveLength(
      tokensOf(at(data, 0)) + tokensOf(at(data, 1)),
    );
  });

  test("goes into rows of equal count, padded to few lengths", () => {
    expect(inRows([4, 5, 6, 7, 8], 2)).toEqual([[4, 5], [6, 7], [8]]);
    expect([1, 64, 65].map(sharedLength)).toEqual([64, 64, 128]);
  });
});
