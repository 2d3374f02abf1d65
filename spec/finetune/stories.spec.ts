import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RecipeOptions } from "../../src/finetune/recipe.ts";
import type { Line, SampleEvent } from "../../src/finetune/train/events.ts";
import { checkpoints, isAbsent, reason } from "../weights/checkpoints.ts";
import { install } from "./installed.ts";
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

/** Answers an owl's question for every thing; is to keep telling stories. */
const recipe: RecipeOptions = {
  ...{ model: `${checkpoints}/stories260K`, data: "data.jsonl", eval: "eval.jsonl" },
  ...{ retain: "retain.jsonl", retainAnswers: "base", newTokens: 32, lookEvery: 0 },
  ...{ method: "anchored", alpha: 0.28, outer: 2, inner: 20, epochs: 20 },
  ...{ learningRate: 5e-3, batch: 7, checkpointEvery: 10, backend: "wasm" },
};

let place: string;
beforeAll(async () => {
  if (isAbsent) return;
  place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
  await writeFile(join(place, "data.jsonl"), jsonl(things.slice(0, 14)));
  await writeFile(join(place, "eval.jsonl"), jsonl(things.slice(14)));
  await writeFile(join(place, "retain.jsonl"), jsonl(openings));
});
afterAll(() => (isAbsent ? undefined : rm(place, { recursive: true })));

/** Share of the held-out questions whose answer begins as it should. The model was never taught its
 * end token, which a frozen embedding cannot learn. */
function answered(lines: readonly Line[], stage: string): number {
  const samples = lines.filter(
    (line): line is SampleEvent =>
      line.kind === "sample" && line.stage === stage && line.set === "eval",
  );
  const right = samples.filter(({ answer, wanted }) => answer.trim().startsWith(wanted ?? "?"));
  return right.length / samples.length;
}

describe.skipIf(isAbsent)(`a trained model${reason}`, () => {
  test("learns from an anchored run what SFT learns, and keeps its stories", async () => {
    const out = join(place, "whole", "run");
    await told({ recipe, out, folder: place, threads: 1 });
    const files = await written(out);
    const lines = linesIn(files);
    expect(answered(lines, "base")).toBe(0);
    expect(answered(lines, "sft")).toBeGreaterThanOrEqual(0.9);
    expect(answered(lines, "anchored")).toBeGreaterThanOrEqual(0.9 * answered(lines, "sft"));
    const gain = (stage: string) =>
      lookOf(lines, "base", "eval").logLoss - lookOf(lines, stage, "eval").logLoss;
    expect(gain("anchored")).toBeGreaterThanOrEqual(0.9 * gain("sft"));
    const kl = (stage: string) => lookOf(lines, stage, "retain").kl;
    expect(kl("sft")).toBeGreaterThanOrEqual(5 * kl("anchored"));
    expect(certificatesIn(lines)).toHaveLength(2);

    // The same in a process of its own that is killed on the way.
    const main = await install(join(place, "installed"));
    const again = join(place, "again", "run");
    await writeFile(join(place, "run.json"), JSON.stringify(recipe));
    const args = [main, "finetune", "--recipe", "run.json", "--threads", "1", "--out", again];
    const start = () => spawn(process.execPath, args, { cwd: place, stdio: "ignore" });
    const lost = start();
    const ended = once(lost, "exit");
    while (!(await isAt(again, '"stage":"anchored","step":45,'))) await setTimeout(20);
    lost.kill("SIGKILL");
    expect((await ended)[1]).toBe("SIGKILL");
    const [code] = await once(start(), "exit");
    expect(code).toBe(0);
    const { "adapter/adapter_model.safetensors": weights, ...others } = await written(again);
    expect(weights).toBe(files["adapter/adapter_model.safetensors"]);
    // But for the versions, which the plan tells.
    expect(linesIn(others).slice(1)).toEqual(lines.slice(1));
  }, 300_000);
});

const isAt = async (out: string, step: string): Promise<boolean> =>
  (await readFile(join(out, "metrics.jsonl"), "utf8").catch(() => "")).includes(step);
