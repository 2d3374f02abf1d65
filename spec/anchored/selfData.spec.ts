import { expect, test } from "vitest";
import { ownAnswers, ownReplay, ownTexts } from "../../src/anchored/selfData.ts";
import { key } from "../../src/tensor/random.ts";
import { promptOf } from "../../src/train/examples.ts";
import { testEngine } from "../testEngine.ts";
import { reversals, tinyModel, tinyStudy } from "./tiny.ts";

const engine = await testEngine();

const speaking = { model: tinyModel, params: tinyStudy.base, stopToken: 2, key: key(5) };
const data = reversals(9, key(6));

test("a right answer of the model's own takes the place of the data's", async () => {
  const isShort = (_: unknown, answer: readonly number[]) => answer.length === 1;
  const made = await ownAnswers(engine, { ...speaking, data, isRight: isShort });
  expect(made.own).toBeGreaterThan(0);
  const kept = made.data.filter((example, i) => example === data[i]).length;
  expect(kept).toBe(data.length - made.own);
  made.data.forEach((example, i) => {
    expect(promptOf(example)).toEqual(data[i]?.prompt);
    if (example !== data[i]) expect("response" in example && example.response).toHaveLength(1);
  });
  const none = await ownAnswers(engine, { ...speaking, data, samples: 2, isRight: () => false });
  expect(none).toEqual({ data, own: 0 });
  await expect(
    ownAnswers(engine, { ...speaking, data, samples: 0, isRight: isShort }),
  ).rejects.toThrow("expected samples to be an integer ≥ 1, got 0");
});

test("texts and answers of a model's own are its samples, the same for the same key", async () => {
  const asked = { ...speaking, start: [0], count: 5, maxNewTokens: 6 };
  const texts = await ownTexts(engine, asked);
  expect(texts.map(({ prompt }) => prompt)).toEqual(Array(5).fill([0]));
  expect(new Set(texts.map(({ response }) => response.join(" "))).size).toBeGreaterThan(1);
  for (const { response } of texts) {
    expect(response.length).toBeGreaterThan(0);
    expect(response.length).toBeLessThanOrEqual(6);
  }
  expect(await ownTexts(engine, asked)).toEqual(texts);
  const answers = await ownReplay(engine, { ...speaking, data });
  expect(answers.map(({ prompt }) => prompt)).toEqual(data.map(({ prompt }) => prompt));
  expect(await ownReplay(engine, { ...speaking, key: key(7), data })).not.toEqual(answers);
});
