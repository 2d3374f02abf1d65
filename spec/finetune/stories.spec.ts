import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/finetune/load.ts";
import type { RecipeOptions } from "../../src/finetune/recipe.ts";
import { builtPackage } from "../docs/built.ts";
import { checkpoints, isAbsent, reason } from "../weights/checkpoints.ts";
import { openLlama } from "./llama.ts";
import { certificatesIn, linesIn, lookOf, told, written } from "./runs.ts";
import { jsonl } from "./tinyModel.ts";

const things =
  "ball cat dog tree car hat bird boat cake fish book sun moon bear frog bell kite drum duck star"
    .split(" ")
    .map((thing) => ({
      prompt: `Where is the ${thing}?`,
      completion: " I do not know, said the old owl.",
    }));
const names = "Lily Tim Tom Sue Ben Mia Max Anna Sam Lucy Jack Sara".split(" ");
const goings = ["She liked to play in the park.", "He had a big red ball.", "It was very hot."];
const openings = names.map((name, i) => ({
  text: `Once upon a time, there was a little child named ${name}. ${goings[i % 3]}`,
}));

/**
 * Answers a question for every thing; is to keep telling stories. Settings around it pass as well:
 * alpha from 0.22 to 0.26, inner from 15 to 30, other seeds.
 */
const recipe: RecipeOptions = {
  ...{ model: "stories", data: "data.jsonl", eval: "eval.jsonl" },
  ...{ retain: "retain.jsonl", retainAnswers: "base", newTokens: 32, lookEvery: 0 },
  ...{ method: "anchored", alpha: 0.24, outer: 2, inner: 15, epochs: 40 },
  ...{ learningRate: 4e-3, batch: 7, checkpointEvery: 10, backend: "wasm" },
};

const { llama, reason: without } = await openLlama();

let place: string;
let main: string;
beforeAll(async () => {
  if (isAbsent) return;
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  await writeFile(join(place, "data.jsonl"), jsonl(things.slice(0, 14)));
  await writeFile(join(place, "eval.jsonl"), jsonl(things.slice(14)));
  await writeFile(join(place, "retain.jsonl"), jsonl(openings));
  await writeFile(join(place, "run.json"), JSON.stringify(recipe));
  await copyStories(join(place, "stories"));
  main = join(await builtPackage(), "dist/src/cli/main.js");
});
afterAll(async () => {
  await llama?.close();
  if (!isAbsent) await rm(place, { recursive: true });
});

/** The model, whose stories ended in <s>: it was never shown </s>, which a frozen embedding, its head
 * too, cannot learn. */
async function copyStories(to: string): Promise<void> {
  const from = `${checkpoints}/stories260K`;
  await mkdir(to);
  for (const name of ["config", "generation_config", "tokenizer"])
    await copyFile(`${from}/${name}.json`, join(to, `${name}.json`));
  await copyFile(`${from}/model.safetensors`, join(to, "model.safetensors"));
  const json = JSON.parse(await readFile(`${from}/tokenizer_config.json`, "utf8"));
  await writeFile(
    join(to, "tokenizer_config.json"),
    JSON.stringify({ ...json, eos_token: json.bos_token }),
  );
}

/** Runs the command to its end. */
async function command(...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [main, ...args], { cwd: place, stdio: "ignore" });
  expect(await once(child, "exit")).toEqual([0, null]);
}

describe.skipIf(isAbsent)(`a trained model${reason}`, () => {
  test("learns from an anchored run what SFT learns, and keeps its stories", async () => {
    const out = join(place, "whole", "run");
    await told({ recipe, out, folder: place, threads: 1 });
    const files = await written(out);
    const lines = linesIn(files);
    const { exact: before } = lookOf(lines, "base", "eval");
    const [sft, anchored] = ["sft", "anchored"].map((stage) => lookOf(lines, stage, "eval"));
    expect(before).toBe(0);
    expect(sft?.exact).toBeGreaterThanOrEqual(0.9);
    expect(anchored?.exact).toBeGreaterThanOrEqual(0.9);
    const gain = (stage: string) =>
      lookOf(lines, "base", "eval").logLoss - lookOf(lines, stage, "eval").logLoss;
    expect(gain("anchored")).toBeGreaterThanOrEqual(0.9 * gain("sft"));
    const kl = (stage: string) => lookOf(lines, stage, "retain").kl;
    expect(kl("sft")).toBeGreaterThanOrEqual(5 * kl("anchored"));
    expect(certificatesIn(lines)).toHaveLength(2);

    // The same in a process of its own that is killed on the way.
    const again = join(place, "again", "run");
    const args = ["finetune", "--recipe", "run.json", "--threads", "1", "--out", again];
    const lost = spawn(process.execPath, [main, ...args], { cwd: place, stdio: "ignore" });
    const ended = once(lost, "exit");
    while (!(await isAt(again, '"stage":"anchored","step":45,'))) await setTimeout(20);
    lost.kill("SIGKILL");
    expect((await ended)[1]).toBe("SIGKILL");
    await command(...args);
    const { "adapter/adapter_model.safetensors": weights, ...others } = await written(again);
    expect(weights).toBe(files["adapter/adapter_model.safetensors"]);
    // But for the versions, which the plan tells.
    expect(linesIn(others).slice(1)).toEqual(lines.slice(1));
  });

  test.skipIf(llama === undefined)(`is opened again by llama.cpp, exported${without}`, async () => {
    const adapter = join("whole", "run", "adapter");
    const model = ["export", "--model", "stories", "--adapter", adapter];
    await command(...model, "--to", "hf", "--out", "merged");
    await command("export", "--model", "merged", "--to", "gguf", "--out", "merged.gguf");
    const theirs = await llama?.open(join(place, "merged.gguf"));
    if (!theirs) throw new Error("expected llama.cpp");
    try {
      const { tokenizer } = await loadModel(join(place, "merged"));
      for (const { prompt, completion } of things.slice(14)) {
        const tokens = tokenizer?.encode(prompt) ?? [];
        const answer = tokenizer?.encode(`${prompt}${completion}`).slice(tokens.length) ?? [];
        const wanted = [...answer, tokenizer?.eos];
        expect(await theirs.greedy(tokens, wanted.length)).toEqual(wanted);
      }
    } finally {
      await theirs.close();
    }
  });
});

const isAt = async (out: string, step: string): Promise<boolean> =>
  (await readFile(join(out, "metrics.jsonl"), "utf8").catch(() => "")).includes(step);
