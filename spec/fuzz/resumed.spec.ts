import { describe, expect, it } from "vitest";
import type { Result } from "../../src/experiment/measurements.ts";
import { readRowJob, rowJobOf } from "../../src/experiment/queue/rowJob.ts";
import { finishedRow } from "../../src/experiment/queue/rowResult.ts";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";
import { keeperIn } from "../../src/experiment/row/unfinished.ts";
import { checkpointIn, checkpointWeights } from "../../src/finetune/files/checkpointFile.ts";
import { standingOf } from "../../src/finetune/files/directory.ts";
import { linesIn } from "../../src/finetune/files/lines.ts";
import { finetuneJobOf, readFinetuneJob } from "../../src/finetune/queue/finetuneJob.ts";
import { finishedFinetune } from "../../src/finetune/queue/finetuneResult.ts";
import { completeRecipe } from "../../src/finetune/recipe.ts";
import { dataOf } from "../../src/queue/job.ts";
import { bytesOf, digestOf } from "../../src/store/bytes.ts";
import type { Store } from "../../src/store/store.ts";
import { constant } from "../../src/tensor/apply.ts";
import { flatten } from "../../src/tensor/tree.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type Weights,
} from "../../src/weights/safetensors.ts";
import { checkpointsInMemory } from "../../src/weights/store.ts";
import { attack, mutants, mutate, mutateJson, mutateText } from "./mutants.ts";

type Roll = (n: number) => number;

/** A text of JSON with other values, or with other letters. */
const damaged = (text: string, roll: Roll): string =>
  roll(3) === 0
    ? mutateText(text, roll)
    : (JSON.stringify(mutateJson(JSON.parse(text), roll)) ?? "");

const numbers = (n: number) => constant(Float32Array.from({ length: n }, Math.sqrt), [n]);
const params = { a: numbers(3), b: numbers(2) };
const checkpoint = checkpointWeights({
  ...{ kind: "checkpoint", step: 12, outer: 1, params, snapshot: params },
  state: { count: numbers(1), moments: [{ a: numbers(3), b: numbers(2) }] },
  certified: {
    ...{ left: 0.5, reach: Float64Array.of(0.5, 0.25), lost: [0, 1] },
    ledger: { path: 0.5, inexactness: 0.25 },
  },
  best: { params, step: 10, logLoss: 1.5, since: 1 },
});

describe("a training that is gone on with", () => {
  it("is refused, or stands where a training can stand", async () => {
    const told = checkpoint.metadata["checkpoint"] ?? "";
    expect(checkpointIn(checkpoint, "c").certified?.ledger).toEqual({
      path: 0.5,
      inexactness: 0.25,
    });
    const { fault, accepted } = await attack(
      mutants(3000),
      (roll) => damaged(told, roll),
      (text) => {
        const read = checkpointIn({ ...checkpoint, metadata: { checkpoint: text } }, "c");
        const { certified, best } = read;
        return (
          [read.step, read.outer, best?.step ?? 0, best?.since ?? 0].every(Number.isSafeInteger) &&
          flatten(read.state).leaves.length === 3 &&
          [certified?.left ?? 0, best?.logLoss ?? 0].every((x) => typeof x === "number")
        );
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });

  it("is refused, whatever bytes its file has, or holds tensors", async () => {
    const file = encodeSafetensors(checkpoint);
    const { fault } = await attack(
      mutants(2000),
      (roll) => mutate(file, roll),
      (bytes) => {
        const read = checkpointIn(decodeSafetensors(bytes, "c"), "c");
        return Object.values(read.params).every(({ data }) => data.length >= 0);
      },
    );
    expect(fault).toBeUndefined();
  });

  it("of a row tells what a row may tell, or is refused", async () => {
    const kept = checkpointsInMemory();
    const of = { recipe: smokeRecipe, seed: 0 };
    const keeper = keeperIn(kept, "seed-0/base", of);
    await keeper.save({
      ...{ tokens: 9, seconds: 2.5, checkpoint: checkpointIn(checkpoint, "c") },
      told: [
        {
          ...{ kind: "progress", stage: { kind: "pre-training" }, seed: 0, step: 8, steps: 8 },
          ...{ loss: Number.NaN, tokens: 9 },
        },
      ],
    });
    const weights = (await kept.load("seed-0/base")) as Weights;
    expect((await keeper.load())?.told).toHaveLength(1);
    const { fault, accepted } = await attack(
      mutants(2000),
      (roll) => damaged(weights.metadata["row"] ?? "", roll),
      async (row) => {
        const load = async () => ({ ...weights, metadata: { ...weights.metadata, row } });
        const read = await keeperIn({ ...kept, load }, "seed-0/base", of).load();
        return (read?.told.every(({ seed }) => seed === 0) ?? false) && (read?.seconds ?? -1) >= 0;
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });
});

describe("what a fine-tune has written of itself", () => {
  const step = {
    ...{ kind: "step", stage: "sft", step: 1, steps: 2, loss: 0.5, gradientNorm: 1 },
    ...{ learningRate: 0.001, tokens: 9, responseTokens: 4 },
  };
  const look = {
    ...{ kind: "look", stage: "sft", step: 1, set: "eval", kl: null, logLoss: 1, perplexity: 2 },
  };
  const best = { kind: "best", stage: "sft", step: 1, steps: 2, logLoss: 1 };
  const text = [step, look, best].map((line) => `${JSON.stringify(line)}\n`).join("");

  it("is read as it was, or is refused with its line", async () => {
    expect(linesIn(text, "m.jsonl")).toEqual([step, look, best]);
    expect(() => linesIn(`${text}{"kind":"best","stage":"sft"}`, "m.jsonl")).toThrow(
      "m.jsonl:4: step: expected an integer ≥ 0, got nothing",
    );
    const { fault, accepted } = await attack(
      mutants(3000),
      (roll) => {
        const line = JSON.stringify([step, look, best][roll(3)]);
        return `${text}${damaged(line, roll)}\n${roll(2) === 0 ? text : ""}`;
      },
      (lines) =>
        linesIn(lines, "m.jsonl").every(
          (line) =>
            (line.kind !== "step" && line.kind !== "best") || Number.isSafeInteger(line.step),
        ),
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });

  it("says where it stands, or is refused", async () => {
    const standing = { stage: "sft", bytes: 9, checkpoint: "sft-0000012.safetensors" };
    expect(standingOf(standing, "s.json")).toEqual(standing);
    const { fault, accepted } = await attack(
      mutants(2000),
      (roll) => mutateJson(standing, roll),
      (value) => {
        const { bytes, checkpoint = "a-1.safetensors" } = standingOf(value, "s.json");
        return Number.isSafeInteger(bytes) && bytes >= 0 && !/[\\/]|\.\./.test(checkpoint);
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });
});

const numerics = { class: "wasm-fma", version: 1 };
const digest = "0123456789abcdef".repeat(4);

describe("a job that somebody put into a queue", () => {
  it("of a row is refused, unless it is what its key says", async () => {
    const row = "sft-5e-3";
    const job = { id: "a", recipe: smokeRecipe, seed: 0, row };
    const { key, data } = await rowJobOf(job, numerics, { base: digest }, true);
    const { inputs, recipe } = await readRowJob(key, data, numerics);
    expect([inputs, recipe.rows.map(({ id }) => id)]).toEqual([{ base: digest }, ["base", row]]);
    const { fault } = await attack(
      mutants(1000),
      (roll) => mutateJson(data, roll),
      async (given) => {
        const read = await readRowJob(key, dataOf({ data: given }), numerics);
        return read.row === row && read.seed === 0 && `${read.inputs.base}` === digest;
      },
    );
    expect(fault).toBeUndefined();
  });

  it("of a fine-tune is refused, unless it is what its key says", async () => {
    const recipe = completeRecipe({ model: "m", data: "d.jsonl", retain: "r.jsonl" });
    const file = (name: string) => [{ name, digest }];
    const { key, data } = await finetuneJobOf(
      "a",
      {
        ...{ recipe, modelFile: "m.gguf" },
        files: { model: file("m.gguf"), data: file("d.jsonl"), retain: file("r.jsonl") },
        inputs: { model: digest, data: digest, retain: digest, eval: undefined },
      },
      numerics,
    );
    expect((await readFinetuneJob(key, data, numerics)).modelFile).toBe("m.gguf");
    const { fault } = await attack(
      mutants(1000),
      (roll) => mutateJson(data, roll),
      async (given) => {
        const read = await readFinetuneJob(key, dataOf({ data: given }), numerics);
        return Object.values(read.files)
          .flat()
          .every((one) => one?.digest === digest);
      },
    );
    expect(fault).toBeUndefined();
  });
});

/** Records that lie in a store under the digests that they should have. */
function storeOf(records: Readonly<Record<string, string>>): Store {
  const stop = () => Promise.reject(new Error("expected no writing"));
  return {
    ...{ name: "store", putOnce: stop, remove: stop, has: async () => true },
    get: async (key) => {
      const body = records[key];
      if (body === undefined) return undefined;
      const text = `${await digestOf(bytesOf(body))}\n${body}`;
      return new Blob([text]).stream();
    },
    async *list(prefix) {
      for (const key of Object.keys(records)) if (key.startsWith(prefix)) yield key;
    },
  };
}

const attempt = JSON.stringify({
  result: digest,
  facts: {
    ...{ kind: "attempt", seed: 0, row: "base", seconds: 2, backend: "wasm", numerics },
    ...{ device: "2 threads", machine: "a", versions: { node: "20.0.0" } },
  },
});

describe("a result that somebody put into a store", () => {
  const config = {
    ...{ recipe: smokeRecipe, seeds: [0], backend: "wasm", device: "2 threads", numerics },
    ...{ versions: { node: "20.0.0" }, started: "2026-01-02T03:04:05.000Z" },
  };
  const progress: Result = {
    ...{ kind: "progress", stage: { kind: "pre-training" }, seed: 0, step: 8, steps: 8 },
    ...{ loss: 1, tokens: 9 },
  };
  const row = JSON.stringify({
    weights: digest,
    measurements: [{ ...progress, stage: "pre-training" }],
  });
  const finetune = JSON.stringify({
    ...{ plan: { kind: "plan" }, metrics: digest, files: { "adapter/a.safetensors": digest } },
  });

  it.each(["result/k", "attempt/k/a"])("as %s is refused, or a row's", async (which) => {
    const records = { "result/k": row, "attempt/k/a": attempt };
    expect((await finishedRow(storeOf(records), "k", config))?.measurements).toHaveLength(2);
    const { fault } = await attack(
      mutants(600, 2),
      (roll) => damaged(records[which as "result/k"], roll),
      async (text) => {
        const read = await finishedRow(storeOf({ ...records, [which]: text }), "k", config);
        return /^[\da-f]{64}$/.test(read?.weights ?? "");
      },
    );
    expect(fault).toBeUndefined();
  });

  it("is refused, or a fine-tune's, whose files stay below its folder", async () => {
    const records = { "result/k": finetune, "attempt/k/a": attempt };
    expect((await finishedFinetune(storeOf(records), "k"))?.metrics).toBe(digest);
    const { fault } = await attack(
      mutants(600),
      (roll) => damaged(finetune, roll),
      async (text) => {
        const read = await finishedFinetune(storeOf({ ...records, "result/k": text }), "k");
        const names = Object.keys(read?.files ?? {});
        return names.every((name) => !/^\/|(^|\/)\.\.?(\/|$)|\\/.test(name));
      },
    );
    expect(fault).toBeUndefined();
  });
});
