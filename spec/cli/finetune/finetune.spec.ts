import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { finetune } from "../../../src/cli/finetune/finetune.ts";
import { UsageError } from "../../../src/cli/terminal/usage.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { jsonl, writeTinyModel } from "../../finetune/tinyModel.ts";
import { openHub } from "../../weights/hub/server.ts";
import { openPlace, type Place } from "../terminal.ts";

const rows = jsonl(["a", "b", "c"].map((x) => ({ prompt: `say ${x}`, completion: `${x}${x}` })));
const few = "--epochs 1 --outer 1 --inner 1 --lora 2 --samples 1 --new-tokens 2";
const line = `--data d.jsonl --retain r.jsonl --backend reference ${few}`;

let place: Place;
beforeEach(async () => {
  place = await openPlace();
  await writeTinyModel(join(place.folder, "m"));
  await place.write("d.jsonl", rows);
  await place.write("r.jsonl", jsonl([{ text: "Once upon a time" }]));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await place.close();
});

describe("before it begins", () => {
  test("says what would be done, and writes nothing", async () => {
    const { finished, out } = await place.run(finetune, `--model m ${line} --dry-run`);
    expect(finished).toBe(true);
    expect(out).toMatch(/model {5}m: [\d,]+ parameters, [\d,]+ of them trained/);
    expect(out).toMatch(/data {6}3 rows → 3 examples, \d+ tokens, \d+ learnt/);
    expect(out).toMatch(/training {2}2 steps/);
    expect(out).toMatch(/memory {4}[\d.]+ [KMG]iB/);
    expect(out).toMatch(/time {6}about [\d.:]+/);
    expect(await readdir(place.folder)).not.toContain("runs");
  });

  test("refuses what does not fit, with the numbers, and writes nothing", async () => {
    const run = place.run(finetune, `--model m ${line} --memory 1e-9`);
    await expect(run).rejects.toThrow(/expected a run that fits into .* got one of [\d.]+ [KMG]iB/);
    // The claim's file stays, so that nobody who looked before can make it anew.
    const [name = ""] = await readdir(join(place.folder, "runs"));
    expect(await readdir(join(place.folder, "runs", name))).toEqual([".lock"]);
  });

  test.each([
    [`--data d.jsonl`, "--model: expected a value, got none; see --help"],
    [`--model m`, "--data: expected a value, got none; see --help"],
    [`--model m ${line} --alpha 2`, "--alpha: expected a number from 0 to 1, got 2"],
    [`--model m ${line} --memory much`, "--memory: expected a number of GiB above 0, got much"],
    [`--model m ${line} --lora-dropout 0.1`, "--lora-dropout"],
    [`--model none ${line}`, "none: expected a folder, a .gguf file, or org/name of the Hub"],
    [`--model m --data none.jsonl`, "none.jsonl: expected a file to read"],
    [`--model m ${line} --modules-to-save lm`, "modulesToSave among the model's modules"],
    [`--model m ${line} --lora-targets w_proj`, "lora: expected targets among the model's modules"],
    [`--model m ${line} --learning-rate 1e39`, "got 1e+39, which is Infinity in float32"],
    [`--model m ${line} --temperature 1e-40`, "expected a positive temperature, got 1e-40"],
    [
      `--model m ${line} --outer 1000000000`,
      "expected at most 16777216 steps, which float32 counts",
    ],
  ])("refuses %s in a line", async (args, message) => {
    const error: unknown = await place
      .run(finetune, args.replace(/--outer 1 (?=.*--outer)/, ""))
      .catch((e) => e);
    expect(error instanceof UsageError || error instanceof DataError).toBe(true);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain("\n");
  });

  test("leaves a folder of other things as it is", async () => {
    for (const out of [".", "d.jsonl"])
      await expect(place.run(finetune, `--model m ${line} --out ${out}`)).rejects.toThrow(
        out === "." ? "got one that holds" : "expected a folder, got a file",
      );
    expect((await readdir(place.folder)).sort()).toEqual(["d.jsonl", "m", "r.jsonl"]);
  });
});

test("options win over the recipe's, which is what the folder holds", async () => {
  const recipe = { model: "m", data: "d.jsonl", method: "sft", epochs: 3, seed: 7 };
  await place.write("run.json", JSON.stringify({ ...recipe, samples: 0, backend: "reference" }));
  await place.run(finetune, "--recipe run.json --epochs 1 --modules-to-save lm_head --out o");
  const written = JSON.parse(await place.read("o/recipe.json"));
  expect(JSON.stringify(written)).toContain('"seed":7');
  expect(JSON.stringify(written)).toContain('"epochs":1');
  const adapter = JSON.parse(await place.read("o/adapter/adapter_config.json"));
  expect(adapter.modules_to_save).toEqual(["lm_head"]);
});

describe("a grid", () => {
  const recipe = {
    ...{ model: "m", data: "d.jsonl", retain: "r.jsonl", backend: "reference", epochs: 1 },
    ...{ lora: 2, samples: 0, lookEvery: 0, batch: 3 },
    grid: { method: "sft", maxLength: [2, 64] },
  };

  test("says of each run what would be done", async () => {
    await place.write(
      "grid.json",
      JSON.stringify({ ...recipe, grid: { method: "sft" }, seeds: 2 }),
    );
    const { finished, out } = await place.run(finetune, "--recipe grid.json --dry-run");
    expect(finished).toBe(true);
    expect(out).toMatch(
      /\[1\/2\] sft-seed-0\n[\s\S]*training {2}1 steps[\s\S]*\[2\/2\] sft-seed-1\n/,
    );
    expect(await readdir(place.folder)).not.toContain("runs");
  });

  test("goes on behind a run that fails, which it names at the end", async () => {
    await place.write("grid.json", JSON.stringify(recipe));
    const written: string[] = [];
    const out = { write: (text: string) => written.push(text) > 0, once: () => undefined };
    const run = place.run(finetune, "--recipe grid.json --out o", { out });
    await expect(run).rejects.toThrow(
      /1 of 2 runs failed, sft-maxLength-2-seed-0 first: .*d\.jsonl: expected rows with something to learn/,
    );
    expect(written.join("")).toMatch(/exact {2}retain KL[\s\S]*\nsft-maxLength-64-seed-0 /);
    const [failure] = JSON.parse(await place.read("o/failures.json"));
    expect(failure.run).toBe("sft-maxLength-2-seed-0");
    const table = (await place.read("o/summary.csv")).split("\r\n");
    expect(table[0]).toBe("run,setting,loss,exact,kl,forgets,changed");
    expect(table[1]).toMatch(/^sft-maxLength-64-seed-0,sft-maxLength-64,[\d.]+,,/);
    expect(await readdir(join(place.folder, "o"))).toContain("sft-maxLength-64-seed-0");
  });

  test.each([
    [
      "--max-length 8",
      "--max-length: expected what the grid of grid.json does not say, got it for all",
    ],
    ["--memory much", "--memory: expected a number of GiB above 0, got much"],
    ["--store kept", "--store: expected a --queue with it, got none"],
  ])("refuses %s", async (args, message) => {
    await place.write("grid.json", JSON.stringify(recipe));
    await expect(place.run(finetune, `--recipe grid.json ${args}`)).rejects.toThrow(message);
  });
});

test("a stopped run goes on by the same command, and a finished one is shown again", async () => {
  const stop = new AbortController();
  const write = (text: string): boolean => {
    if (text.includes("anchored")) stop.abort();
    return true;
  };
  const err = { write, once: () => undefined };
  const args = `--model m ${line} --out o --statesDtype q16`.replace(
    "--statesDtype",
    "--states-dtype",
  );
  const first = await place.run(finetune, args, { signal: stop.signal, err });
  expect(first.finished).toBe(false);
  const second = await place.run(finetune, args);
  expect(second.finished).toBe(true);
  expect(second.err).toContain("going on after step 1 of ");
  expect(second.out).toMatch(/eval loss {5}exact {1,}retain KL/);
  expect(second.out).toContain(`written to ${join(place.folder, "o")}`);
  const third = await place.run(finetune, args);
  expect(third.out).toBe(second.out);
  expect(await readdir(join(place.folder, "o"))).toContain("report.html");
});

test("a model of the Hub is fetched, and the adapter names it", async () => {
  const names = await readdir(join(place.folder, "m"));
  const files = names.map(
    async (name): Promise<[string, Buffer]> => [
      name,
      await readFile(join(place.folder, "m", name)),
    ],
  );
  const hub = await openHub(Object.fromEntries(await Promise.all(files)));
  try {
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    vi.stubEnv("HF_HOME", join(place.folder, "hub"));
    const ran = await place.run(finetune, `--model org/tiny ${line} --out o`, { fetch });
    expect(ran.finished).toBe(true);
    expect(ran.err).toContain("org/tiny/model.safetensors: ");
    const adapter = JSON.parse(await place.read("o/adapter/adapter_config.json"));
    expect(adapter.base_model_name_or_path).toBe("org/tiny");
    const asked = hub.seen.length;
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await place.run(finetune, `--model org/tiny ${line} --out other`, { fetch });
    expect(hub.seen.length).toBe(asked);
  } finally {
    await hub.close();
  }
});
