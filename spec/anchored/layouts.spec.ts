import { expect, test } from "vitest";
import { fineTune } from "../../src/anchored/fineTune.ts";
import type { Method } from "../../src/anchored/objectives/methods.ts";
import type { FineTuneOptions } from "../../src/anchored/options.ts";
import type { LanguageModel } from "../../src/anchored/targets/languageModel.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Params } from "../../src/nn/config.ts";
import { crossEntropy, summedCrossEntropy } from "../../src/nn/losses.ts";
import { add, div, gather } from "../../src/tensor/ops.ts";
import { key, normal } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { collate, type Layout, layoutOf } from "../../src/train/batches.ts";
import { type Example, type MarkedTokens, sequenceOf } from "../../src/train/examples.ts";
import { collect, endOf, lossesOf, numbersOf, tinyAnchored, tinyStudy } from "./tiny.ts";

const { data } = tinyStudy;
const marked = data.map((example): Example => sequenceOf(example));

test.each<Method>(["sft", "anchored", "anchoredWeights", "asft", "onPolicy"])(
  "%s does the same on marked tokens as on prompts and responses",
  async (method) => {
    await using engine = await createEngine({ backend: "reference" });
    const { params: reference } = await endOf(
      fineTune(engine, { ...tinyStudy, method: "sft", epochs: 2 }),
    );
    const run = (examples: readonly Example[]) =>
      collect(fineTune(engine, tinyAnchored(reference, { method, data: examples, sequences: 3 })));
    const [a, b] = [await run(data), await run(marked)];
    expect(lossesOf(b)).toEqual(lossesOf(a));
    const certificates = (all: typeof a) =>
      all.flatMap((m) => (m.kind === "outer" ? [m.certificate] : []));
    expect(certificates(b)).toEqual(certificates(a));
  },
);

/** Logits of the token and its position: a model that shows where positions begin. */
const positional: LanguageModel = {
  config: { vocabSize: 8, contextLength: 64 },
  apply(params: Params, tokens: Tensor, layout?: Layout) {
    if (!layout) throw new TypeError("expected a layout");
    const { byToken, byPosition } = params as { byToken: Tensor; byPosition: Tensor };
    return add(gather(byToken, tokens), gather(byPosition, layout.positions));
  },
};
const table = (seed: number, rows: number) => normal(key(seed), [rows, 8], {});
const params = { byToken: table(1, 8), byPosition: table(2, 16) };

/** Two examples in one row, as documents of their own. */
function packed(a: Example, b: Example): MarkedTokens {
  const [x, y] = [sequenceOf(a), sequenceOf(b)];
  return {
    tokens: [...x.tokens, ...y.tokens],
    mask: [...x.mask, ...y.mask],
    segments: [...x.tokens.map(() => 1), ...y.tokens.map(() => 2)],
  };
}
const alone = (example: Example): MarkedTokens => {
  const sequence = sequenceOf(example);
  return { ...sequence, segments: sequence.tokens.map(() => 1) };
};
const pairs = data.flatMap((a, i) => (i % 2 === 0 ? [packed(a, data[i + 1] ?? a)] : []));

test("the loss of packed documents is the token-weighted loss of separate ones", async () => {
  await using engine = await createEngine({ backend: "reference" });
  const { data: losses } = await engine.run(() => {
    const loss = (examples: readonly Example[]) => {
      const { labels, mask, tokens, ...rest } = collate(examples);
      return { logits: positional.apply(params, tokens, layoutOf(rest)), labels, mask };
    };
    const together = loss(pairs);
    const parts = data.map((example) => {
      const { logits, labels, mask } = loss([alone(example)]);
      return summedCrossEntropy(logits, labels, mask);
    });
    const sum = parts.map((part) => part.sum).reduce((a, b) => add(a, b));
    const count = parts.map((part) => part.count).reduce((a, b) => add(a, b));
    const whole = crossEntropy(together.logits, together.labels, together.mask);
    return div(whole, div(sum, count));
  });
  expect(Math.abs((losses[0] ?? NaN) - 1)).toBeLessThan(1e-12);
});

test.each<Method>(["sft", "anchored", "jsd"])(
  "%s of packed documents ends where that of separate ones does",
  async (method) => {
    await using engine = await createEngine({ backend: "reference" });
    const reference = { byToken: table(3, 8), byPosition: table(4, 16) };
    const options = { ...tinyStudy, model: positional, base: params, reference, method };
    const outer = method === "anchored" ? { outer: 2, inner: 2 } : { epochs: 4 };
    const run = async (examples: readonly Example[], micro: Partial<FineTuneOptions> = {}) => {
      const whole = { ...options, ...outer, data: examples, batchSize: examples.length, ...micro };
      return numbersOf(engine, (await endOf(fineTune(engine, whole))).params);
    };
    const expected = await run(data.map(alone));
    for (const micro of [{}, { microBatchSize: 4 }]) {
      const numbers = await run(pairs, micro);
      const gap = numbers.map((x, i) => Math.abs(x - (expected[i] ?? NaN)));
      expect(Math.max(...gap)).toBeLessThan(1e-9);
    }
  },
);
