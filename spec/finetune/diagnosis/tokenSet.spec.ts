import { describe, expect, test } from "vitest";
import type { LanguageModel } from "../../../src/anchored/targets/languageModel.ts";
import type { Speaker } from "../../../src/anchored/targets/seenTokens.ts";
import { SHADOW } from "../../../src/finetune/diagnosis/token.ts";
import { lookAt } from "../../../src/finetune/diagnosis/tokenSet.ts";
import { tensor } from "../../../src/tensor/apply.ts";
import { gather } from "../../../src/tensor/ops.ts";
import { tinyModel } from "../../anchored/tiny.ts";
import { testEngine } from "../../testEngine.ts";

const engine = await testEngine();

const V = 6;
const SURE = 20;

/** Says after each token what its row says. */
const bigram: LanguageModel = {
  config: { ...tinyModel.config, vocabSize: V, contextLength: 64 },
  apply: ({ next }, tokens) => {
    if (!next) throw new Error("expected the parameter next");
    return gather(next, tokens);
  },
};
/** @param sure the token that follows each one; undefined for even odds of all */
const speaker = (sure: readonly (number | undefined)[]): Speaker => ({
  model: bigram,
  params: {
    next: tensor(sure.map((to) => Array.from({ length: V }, (_, v) => (v === to ? SURE : 0)))),
  },
});

describe("what is rare", () => {
  // The base says 1 for ever, sure as can be. SFT has learnt to count, to begin anew after 5, and is at a loss after 4.
  const base = speaker([1, 1, 1, 1, 1, 1]);
  const sft = speaker([1, 2, 3, 4, undefined, 2]);
  const kindsOf = async (response: readonly number[]) => {
    const data = [{ prompt: [2], response: [...response] }];
    return lookAt(engine, [base, sft], data, { batchSize: 1, rareBelow: 0.01 });
  };

  test("is what the base never says and p_sft is sure of", async () => {
    const { kinds, adopted } = await kindsOf([3, 4]);
    expect(kinds).toEqual({ known: 0, latent: 0, rare: 2, alien: 0 });
    expect(adopted.rare).toHaveLength(2);
    for (const weight of adopted.rare) expect(weight).toBeCloseTo(0.5, 9);
  });

  test("is alien to the end of the shadow of what neither foresees", async () => {
    // 5 after 4 is foreseen by nobody; 2 and 3 after it are in its shadow.
    const { kinds, strayed } = await kindsOf([3, 4, 5, 2, 3]);
    expect(kinds).toEqual({ known: 0, latent: 0, rare: 2, alien: 3 });
    expect(strayed.length).toBeGreaterThanOrEqual(2);
    const kindsAfter = async (ones: number) =>
      (await kindsOf([3, 4, 5, ...Array.from({ length: ones }, () => 1), 2, 3])).kinds;
    expect(await kindsAfter(SHADOW)).toMatchObject({ known: SHADOW, rare: 4, alien: 1 });
    // What is alien by its place alone casts no shadow.
    expect(await kindsAfter(SHADOW - 1)).toMatchObject({ known: SHADOW - 1, rare: 3, alien: 2 });
  });

  test("begins anew with each example", async () => {
    const data = [
      { prompt: [4], response: [5] },
      { prompt: [2], response: [3] },
    ];
    const { kinds } = await lookAt(engine, [base, sft], data, { batchSize: 2, rareBelow: 0.01 });
    expect(kinds).toEqual({ known: 0, latent: 0, rare: 1, alien: 1 });
  });
});
