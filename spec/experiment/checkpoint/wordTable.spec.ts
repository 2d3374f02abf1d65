import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { studyBaseOf } from "../../../src/experiment/checkpoint/studyBase.ts";
import { positionsOf, wordTableOf } from "../../../src/experiment/checkpoint/wordTable.ts";
import { loadModel } from "../../../src/finetune/load.ts";
import { exchangeTokens } from "../../../src/pretrain/chat.ts";
import { textSuite } from "../../../src/tasks/study/textSuite.ts";
import { wordVocabulary } from "../../../src/tasks/study/words.ts";
import { constant } from "../../../src/tensor/apply.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { key, stream } from "../../../src/tensor/random.ts";
import { testEngine } from "../../testEngine.ts";
import { tinyBase } from "./tinyBase.ts";

const engine = await testEngine({ backend: "wasm", threads: 1 });
const folder = mkdtempSync(join(tmpdir(), "words-"));
afterAll(() => rmSync(folder, { recursive: true }));
const loaded = await loadModel(await tinyBase(engine, folder));
const { tokenizer, chat } = loaded;
if (!tokenizer || !chat) throw new Error("expected a base with texts");
const speaker = { ...loaded, tokenizer, chat, vocabSize: loaded.config.vocabSize };
const table = wordTableOf(speaker);
const { skills, targets } = textSuite();
const draws = [
  ...Object.entries(skills).map(([name, { draw }]) => [name, draw] as const),
  ...Object.entries(targets).flatMap(([name, { worked, direct }]) => [
    [name, worked] as const,
    [name, direct] as const,
  ]),
];

/** Some symbols of the minis are two words. */
const wordsOf = (symbols: readonly string[]): readonly string[] =>
  symbols.join(" ").match(/\n|\S+/g) ?? [];

describe("wordTableOf(checkpoint)", () => {
  it("writes questions and answers as pre-training did, and reads them back", () => {
    const words = wordVocabulary(table);
    const encode = (text: string): readonly number[] => tokenizer.encode(text);
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...draws), (seed, [, draw]) => {
        const { prompt, response } = draw(stream(key(seed)));
        const ids = [...words.prompt(prompt), ...words.response(response)];
        const { tokens } = exchangeTokens(encode, { prompt, response });
        expect(ids).toEqual(tokens.slice(0, ids.length));
        expect(words.asked(words.prompt(prompt))).toEqual(wordsOf(prompt));
        expect(words.decode(words.response(response).slice(0, -1))).toEqual(wordsOf(response));
      }),
      { numRuns: 300 },
    );
  });

  it("leaves verifiers what they need to judge", () => {
    const words = wordVocabulary(table);
    const judged = [
      ...Object.values(skills).map(({ draw, score }) => [draw, score] as const),
      ...Object.values(targets).map(({ worked, score }) => [worked, score] as const),
    ];
    let right = 0;
    for (const [draw, score] of judged) {
      if (!score) continue;
      const next = stream(key(11));
      for (let i = 0; i < 50; i++) {
        const { prompt, response } = draw(next);
        const said = words.decode(words.response(response).slice(0, -1));
        const asked = words.asked(words.prompt(prompt));
        expect(score(asked, said)).toEqual({ correct: true, why: "" });
        expect(score(asked, said.slice(1)).correct).toBe(score(prompt, said.slice(1)).correct);
        right++;
      }
    }
    expect(right).toBe(200);
  });

  it("knows how long they are", () => {
    const positions = positionsOf(table);
    const words = wordVocabulary(table);
    expect(Object.keys(positions)).toEqual([...Object.keys(skills), ...Object.keys(targets)]);
    for (const [name, draw] of draws) {
      const next = stream(key(7));
      const lengths = Array.from({ length: 200 }, () => {
        const { prompt, response } = draw(next);
        return words.prompt(prompt).length + words.response(response).length - 1;
      });
      // What is rarely drawn may be longer than the thousand that were.
      expect(Math.max(...lengths)).toBeLessThanOrEqual(1.25 * (positions[name] ?? 0));
    }
  });

  it("refuses checkpoints that do not read word by word", async () => {
    const merged = { ...tokenizer, encode: (text: string) => tokenizer.encode(text.toUpperCase()) };
    const bare = (place: string) => ({ ...speaker, folder: place });
    const shouting = { ...bare("loud"), tokenizer: merged };
    expect(() => wordTableOf(shouting)).toThrow(DataError);
    const silent = { ...bare("endless"), stopTokens: [] };
    expect(() => wordTableOf(silent)).toThrow(
      "endless: expected a template that ends answers with a stop token, got none",
    );
    const few = await loadModel(await tinyBase(engine, join(folder, "few"), { vocabulary: 300 }));
    await expect(studyBaseOf(few)).rejects.toThrow(
      /few\/tiny-base: expected letters and ! to be tokens of their own, got /,
    );
  });

  it("is asked of a base with a tokenizer and a template alone", async () => {
    const { tokenizer: _, ...mute } = loaded;
    await expect(studyBaseOf(mute)).rejects.toThrow("expected a tokenizer.json, got none");
    const { chat: __, ...plain } = loaded;
    await expect(studyBaseOf(plain)).rejects.toThrow("expected a chat template, got none");
  });
});

describe("studyBaseOf(checkpoint)", () => {
  it("is named by its folder and by every number of its parameters", async () => {
    const base = await studyBaseOf(loaded);
    expect(base.checkpoint).toMatchObject({ name: "tiny-base", config: loaded.config });
    expect(await studyBaseOf(loaded)).toEqual(base);
    const [name = "", tensor] = Object.entries(loaded.params)[0] ?? [];
    if (!tensor) throw new Error("expected parameters");
    const moved = Float32Array.from(tensor.data);
    moved[0] = (moved[0] ?? 0) + 1e-3;
    const params = { ...loaded.params, [name]: constant(moved, tensor.shape) };
    const other = await studyBaseOf({ ...loaded, params });
    expect(other.checkpoint.sha256).not.toBe(base.checkpoint.sha256);
    expect(other.checkpoint.sha256).toMatch(/^[0-9a-f]{64}$/);
  });
});
