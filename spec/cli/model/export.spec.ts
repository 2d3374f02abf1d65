import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { evaluate } from "../../../src/cli/evaluate/evaluate.ts";
import { exportModel } from "../../../src/cli/export/export.ts";
import { pull } from "../../../src/cli/pull/pull.ts";
import { loadModel } from "../../../src/finetune/load.ts";
import { openWeights } from "../../../src/weights/openWeights.ts";
import { COMMIT, openHub } from "../../weights/hub/server.ts";
import { openPlace, type Place } from "../terminal.ts";
import { tinyAdapter, tinyModel } from "./tinyModel.ts";

let place: Place;
const at = (name: string): string => join(place.folder, name);
beforeEach(async () => {
  place = await openPlace();
  await tinyModel(at("m"), { tokenizer: "sentencePiece", chat: true });
  await tinyAdapter(at("a"), at("m"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await place.close();
});

const options = "--backend reference --data d.jsonl --json";

async function measured(line: string): Promise<Record<string, number>> {
  return JSON.parse((await place.run(evaluate, `${line} ${options}`)).out);
}

describe("export and evaluate", () => {
  test("an adapter merged is the model that it was over its base", async () => {
    await place.write(
      "d.jsonl",
      '{"text": "Once upon a time, there was"}\n{"text": "the other"}\n',
    );
    const { out, err } = await place.run(exportModel, "--model m --adapter a --to hf --out merged");
    expect(out).toBe(`${at("merged")}\n`);
    expect(err).toContain("adapter of rank 2");
    const { out: file } = await place.run(
      exportModel,
      "--model m --adapter a --to gguf --dtype f32 --name tiny --out x/m.gguf",
    );
    expect(file).toBe(`${at("x/m.gguf")}\n`);
    const over = await measured("--model m --adapter a --against base");
    expect(over["klFromOther"]).toBeGreaterThan(1e-3);
    expect(over["klToOther"]).toBeGreaterThan(1e-3);
    for (const model of ["merged", "x/m.gguf"]) {
      const against = await measured(`--model ${model} --against m`);
      for (const name of ["logLoss", "accuracy", "klFromOther", "klToOther"] as const)
        expect(Math.abs((against[name] ?? 0) - (over[name] ?? 1))).toBeLessThan(1e-5);
    }
    const [merged, gguf] = [await loadModel(at("merged")), await loadModel(at("x/m.gguf"))];
    expect(gguf.params).toEqual(merged.params);
    expect(gguf.chat?.sources).toEqual(merged.chat?.sources);
    const { logLoss, perplexity } = await measured("--model m");
    expect(perplexity).toBeCloseTo(Math.exp(logLoss ?? 0), 10);
  });

  test("types are those that were asked for, and the config says so", async () => {
    await place.run(exportModel, "--model m --to hf --dtype bf16 --out b");
    const weights = await openWeights(at("b"));
    expect(new Set(weights.names.map(weights.dtypeOf))).toEqual(new Set(["BF16"]));
    expect((await loadModel(at("b"))).files.json["torch_dtype"]).toBe("bfloat16");
    await place.run(exportModel, "--model b --to hf --out again");
    expect((await loadModel(at("again"))).params).toEqual((await loadModel(at("b"))).params);
    await place.run(exportModel, "--model m --to gguf --dtype q8_0 --out q.gguf");
    const file = await openWeights(at("q.gguf"));
    expect(file.dtypeOf("model.layers.0.mlp.up_proj.weight")).toBe("Q8_0");
    await expect(place.run(exportModel, "--model m --to hf --dtype q8_0 --out c")).rejects.toThrow(
      "--to hf: expected no --dtype q8_0, which is GGUF's",
    );
  });

  test("a folder that holds other things is left alone, an earlier output replaced", async () => {
    await place.run(exportModel, "--model m --to hf --out out");
    await place.run(exportModel, "--model m --adapter a --to hf --out out");
    expect(await readdir(at("out"))).toEqual([
      ...["anchorgrad.json", "chat_template.jinja", "config.json", "model.safetensors"],
      ...["tokenizer.json", "tokenizer_config.json"],
    ]);
    await place.write("note.txt", "mine");
    const into = (more: string) =>
      place.run(exportModel, `--model out --to hf --out ${place.folder}${more}`);
    await expect(into("")).rejects.toThrow("expected an empty folder or an earlier output");
    await into(" --overwrite");
    expect(await place.read("note.txt")).toBe("mine");
    expect((await loadModel(place.folder)).params).toEqual((await loadModel(at("out"))).params);
    expect((await readdir(place.folder)).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("rows of other texts than the model's tokenizer has are no comparison", async () => {
    await place.write("d.jsonl", '{"text": "Once upon a time"}\n');
    await tinyModel(at("other"));
    await expect(measured("--model m --against other")).rejects.toThrow("--against: expected");
    await expect(measured("--model m --against base")).rejects.toThrow("expected an --adapter");
  });
});

test("pull fetches a model that other commands then open by its name", async () => {
  const { readFile } = await import("node:fs/promises");
  const names = await readdir(at("m"));
  const files = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(at("m"), name))])),
  );
  const hub = await openHub(files);
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("HF_HOME", at("hf"));
  try {
    const { out, err } = await place.run(pull, "org/tiny", { fetch });
    expect(out).toBe(`${at(`hf/hub/models--org--tiny/snapshots/${COMMIT}`)}\n`);
    expect(err).toContain("org/tiny/model.safetensors: ");
    await expect(place.run(pull, "org/none", { fetch })).rejects.toThrow("there is no such model");
    vi.stubEnv("HTTPS_PROXY", "http://proxy:3128");
    vi.stubEnv("NODE_USE_ENV_PROXY", undefined);
    const told = "; HTTPS_PROXY is set, which Node 24 heeds with NODE_USE_ENV_PROXY=1";
    await expect(place.run(pull, "org/far")).rejects.toThrow(told);
    vi.stubEnv("NODE_USE_ENV_PROXY", "1");
    await expect(place.run(pull, "org/far")).rejects.not.toThrow(told);
    await expect(place.run(pull, "")).rejects.toThrow("expected the name of a model");
  } finally {
    await hub.close();
  }
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  await place.run(exportModel, "--model org/tiny --adapter a --to hf --out merged");
  await place.run(exportModel, "--model m --adapter a --to hf --out same");
  expect((await loadModel(at("merged"))).params).toEqual((await loadModel(at("same"))).params);
});
