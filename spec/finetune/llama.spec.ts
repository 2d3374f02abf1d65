import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { runFinetune } from "../../src/finetune/finetune.ts";
import { type LoadedModel, loadModel } from "../../src/finetune/load.ts";
import type { RecipeOptions } from "../../src/finetune/recipe.ts";
import { saveGguf } from "../../src/finetune/save.ts";
import { generate } from "../../src/nn/generate/generate.ts";
import { ids } from "../../src/tensor/apply.ts";
import { logSoftmax } from "../../src/tensor/ops.ts";
import { at } from "../../src/tensor/shapes.ts";
import { checkpoints, isAbsent, reason } from "../weights/checkpoints.ts";
import { openLlama } from "./llama.ts";

const { llama, reason: without } = await openLlama();
const isSkipped = isAbsent || llama === undefined;

let place: string;
let engine: Engine;
let wasm: Engine;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  engine = await createEngine({ backend: "reference" });
  wasm = await createEngine({ backend: "wasm", threads: 1 });
});
afterAll(async () => {
  await llama?.close();
  await Promise.all([engine.close(), wasm.close()]);
  await rm(place, { recursive: true });
});

/** The largest difference in log p, over all tokens and positions; greedy tokens of both. */
async function compare(loaded: LoadedModel, tokens: readonly number[], count: number) {
  const path = join(place, "model.gguf");
  const warnings = await saveGguf(path, loaded, { dtype: "F32", overwrite: true });
  const theirs = await llama?.open(path);
  if (!theirs) throw new Error("expected llama.cpp");
  try {
    const { model, params } = loaded;
    const ours = await engine.run(() => logSoftmax(model.apply(params, ids([[...tokens]]))));
    const V = at(ours.shape, 2);
    let furthest = 0;
    const rows = await theirs.logProbabilities(tokens);
    for (const [t, row] of rows.entries())
      for (let token = 0; token < V; token++) {
        const off = Math.abs(at(row, token) - at(ours.data, t * V + token));
        if (!(off <= furthest)) furthest = off; // NaN counts as apart
      }
    const prompt = tokens.slice(0, 8);
    const options = { model, params, prompts: [prompt], maxNewTokens: count };
    const [own] = await generate(wasm, options);
    const text = "Once upon a time, Lily's dog said: 1 + 2!";
    return {
      ...{ warnings, furthest, positions: rows.length, own },
      greedy: await theirs.greedy(prompt, count),
      theirIds: loaded.tokenizer ? theirs.tokenize(text) : [],
      ownIds: loaded.tokenizer?.encode(text, { addSpecialTokens: false }) ?? [],
    };
  } finally {
    await theirs.close();
  }
}

/** With a vocabulary of single bytes: without any, the library ends the process. */
function withLetters(loaded: LoadedModel): LoadedModel {
  const letters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i));
  const vocab = Object.fromEntries(letters.map((letter, id) => [letter, id]));
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, use_regex: true };
  const tokenizer = {
    ...{ added_tokens: [], normalizer: null, post_processor: null },
    ...{ pre_tokenizer: byteLevel, decoder: byteLevel },
    model: { type: "BPE", vocab, merges: [] },
  };
  return { ...loaded, files: { ...loaded.files, text: { tokenizer } } };
}

describe.skipIf(isSkipped)(`llama.cpp${isAbsent ? reason : without}`, () => {
  const stories = `${checkpoints}/stories260K`;
  const story = "Once upon a time, there was a little girl named Lily. She loved to play outside.";

  test("agrees about a trained model: log-probabilities, greedy tokens, ids", async () => {
    const loaded = await loadModel(stories);
    const tokens = loaded.tokenizer?.encode(story) ?? [];
    const result = await compare(loaded, tokens, 40);
    expect(result.warnings).toEqual([]);
    expect(result.positions).toBe(tokens.length);
    expect(result.furthest).toBeLessThan(1e-4);
    expect(result.greedy).toEqual(result.own);
    expect(result.theirIds).toEqual(result.ownIds);
  });

  test("agrees about what anchored fine-tuning made of it, the adapter merged", async () => {
    const base = await loadModel(stories);
    const rows = ["cat", "dog", "ball", "tree"].map((thing) => ({
      prompt: `Where is the ${thing}?`,
      completion: " I do not know, said the old owl.",
    }));
    await writeFile(join(place, "data.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
    const recipe: RecipeOptions = {
      ...{
        model: stories,
        data: "data.jsonl",
        method: "anchored",
        epochs: 10,
        outer: 1,
        inner: 10,
      },
      ...{ lora: 4, rslora: true, batch: 4, learningRate: 5e-3, alpha: 0.3, backend: "wasm" },
      ...{ lookEvery: 0, samples: 0 },
    };
    for await (const event of runFinetune({ recipe, out: join(place, "run"), folder: place }))
      if (event.kind === "certificate") expect(event.violation).toBeUndefined();
    const loaded = await loadModel(stories, { adapter: join(place, "run", "adapter") });
    const tokens = loaded.tokenizer?.encode(story) ?? [];
    const result = await compare(loaded, tokens, 40);
    expect(result.furthest).toBeLessThan(1e-4);
    expect(result.greedy).toEqual(result.own);
    const { data } = await engine.run(() => loaded.model.apply(loaded.params, ids([tokens])));
    const plain = await engine.run(() => base.model.apply(base.params, ids([tokens])));
    expect(Math.max(...data.map((x, i) => Math.abs(x - at(plain.data, i))))).toBeGreaterThan(0.1);
  });

  test.each(["llama3.2-tied", "qwen3-tied", "olmo2", "granite", "qwen2-yarn"])(
    "agrees about %s",
    async (name) => {
      const loaded = withLetters(await loadModel(`${checkpoints}/models/${name}`));
      const tokens = Array.from({ length: 80 }, (_, i) => (i * 37 + 11) % loaded.config.vocabSize);
      const result = await compare(loaded, tokens, 16);
      expect(result.furthest).toBeLessThan(1e-4);
      expect(result.greedy).toEqual(result.own);
    },
  );
});
