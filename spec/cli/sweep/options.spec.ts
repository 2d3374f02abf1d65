import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { placeBase } from "../../../src/cli/sweep/base.ts";
import { readSweepOptions, sweepUsage } from "../../../src/cli/sweep/options.ts";
import { UsageError } from "../../../src/cli/terminal/usage.ts";
import { studyBaseOf } from "../../../src/experiment/checkpoint/studyBase.ts";
import { conditions } from "../../../src/experiment/recipes/conditions.ts";
import { paperSeeds } from "../../../src/experiment/recipes/paper.ts";
import {
  hoursOf,
  reportedSeeds,
  rowCount,
  studyRecipe,
  tuningSeeds,
} from "../../../src/experiment/recipes/study.ts";
import { checkpointName } from "../../../src/experiment/row/pretrainingName.ts";
import { loadModel } from "../../../src/finetune/load.ts";
import { openStore } from "../../../src/store/openStore.ts";
import { getRecord } from "../../../src/store/records.ts";
import { checkpointFolder } from "../../../src/weights/files.ts";
import { tinyBase } from "../../experiment/checkpoint/tinyBase.ts";
import { testEngine } from "../../testEngine.ts";

const engine = await testEngine({ backend: "wasm", threads: 1 });
const models = mkdtempSync(join(tmpdir(), "bases-"));
afterAll(() => rmSync(models, { recursive: true }));
const tiny = await studyBaseOf(await loadModel(await tinyBase(engine, models)));

const noBase = () => Promise.reject(new Error("expected no checkpoint to be asked for"));
const read = (...args: readonly string[]) => readSweepOptions(args, ".", noBase);

describe("sweep study", () => {
  it("is condition C1 with the seeds of the protocol, or the one that is asked for", async () => {
    for (const [args, name] of [
      [["study"], "study-C1"],
      [["study", "--condition", "C2a"], "study-C2a"],
      [["study", "--condition", "C4-0.05", "--size", "19k"], "study-19k-C4-0.05"],
    ] as const) {
      const { sweep, name: folder } = await read(...args);
      const [only] = sweep.studies;
      expect([folder, only?.recipe.name]).toEqual([name, name]);
      expect(only).toMatchObject({ seeds: reportedSeeds, tuningSeeds });
      expect(only?.staging).toEqual({ report: "front" });
    }
    const { sweep } = await read("study", "--condition", "C2a");
    expect(sweep.studies[0]?.recipe.fineTuning.marker).toEqual(["^", "."]);
  });

  it("fine-tunes a checkpoint in place of bases of its own", async () => {
    const model = "models/base-0.9m";
    const asked: string[] = [];
    const open = async (given: string) => {
      asked.push(given);
      return tiny;
    };
    const of = (...args: readonly string[]) =>
      readSweepOptions(["study", "--base", model, ...args], ".", open);
    const { sweep, base } = await of("--condition", "C2a", "--seeds", "7,");
    expect([asked, base]).toEqual([[model], tiny]);
    expect(sweep.name).toBe("study-tiny-base-C2a");
    expect(sweep.studies).toMatchObject([{ seeds: [7], tuningSeeds: [] }]);
    const chosen = await of("--families", "replay", "--halving");
    expect(chosen.sweep.studies).toMatchObject([{ seeds: reportedSeeds, tuningSeeds }]);
    await expect(of("--size", "19k")).rejects.toThrow("--size: expected none with --base, got 19k");
    await expect(of("--condition", "C4-0")).rejects.toThrow(UsageError);
    await expect(readSweepOptions(["smoke", "--base", model], ".", open)).rejects.toThrow(
      "--base: expected the study with it, got smoke",
    );
  });

  it("states each condition with its rows and hours in the help", () => {
    for (const [name, { about }] of Object.entries(conditions))
      expect(sweepUsage).toMatch(
        new RegExp(
          `  ${name.replaceAll(".", "\\.")} +\\d+ rows, +\\d+\\.\\d h  ${about.slice(0, 20)}`,
        ),
      );
  });

  it("states the same rows and hours in the documentation", async () => {
    const page = await readFile(new URL("../../../docs/study.md", import.meta.url), "utf8");
    const lines = page.split("\n").filter((line) => /^\| C\d/.test(line));
    const stated = new Map(
      lines.flatMap((line) => {
        const [names = "", rows = "", hours = ""] = line.slice(2).split(" | ");
        return names.split(", ").map((name) => [name, [Number(rows), Number(hours)]] as const);
      }),
    );
    expect([...stated.keys()].toSorted()).toEqual(Object.keys(conditions).toSorted());
    for (const [name, condition] of Object.entries(conditions))
      expect(stated.get(name), name).toEqual([
        rowCount(condition),
        Number(hoursOf(condition).toFixed(1)),
      ]);
  });

  it("leaves rows behind as it is told, and refuses to without seeds to choose on", async () => {
    const stagingOf = async (...args: readonly string[]) =>
      (await read(...args)).sweep.studies[0]?.staging;
    expect(await stagingOf("smoke")).toBeUndefined();
    expect(await stagingOf("smoke", "--halving")).toEqual({ halving: true });
    expect(await stagingOf("study", "--report", "all")).toEqual({ report: "all" });
    expect(await stagingOf("study", "--halving")).toEqual({ halving: true, report: "front" });
    const message = "--halving: expected --tuning-seeds, on which rows are chosen, got none";
    await expect(read("three-targets", "--halving")).rejects.toThrow(message);
  });

  it("has the authors' program at both sizes, with seeds of its own", async () => {
    for (const [args, name] of [
      [["paper", "--size", "19k"], "paper-19k"],
      [["paper"], "paper"],
    ] as const) {
      const { sweep } = await read(...args);
      expect([sweep.name, sweep.studies[0]?.recipe.name]).toEqual([name, name]);
      expect(sweep.studies).toMatchObject([{ seeds: paperSeeds, tuningSeeds: [] }]);
    }
  });

  it("runs the families that are named, with those of the study or without", async () => {
    const recipeOf = async (...args: readonly string[]) =>
      (await read("study", ...args)).sweep.studies[0]?.recipe;
    expect(await recipeOf("--condition", "C2a", "--families", "all,extra")).toEqual(
      studyRecipe("C2a", "113k", ["all", "extra"]),
    );
    expect((await recipeOf("--families", "anchored"))?.rows.length).toBe(19);
  });

  it("refuses conditions of other sweeps, unknown ones, and sizes that there are not", async () => {
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [["smoke", "--condition", "C1"], "--condition: expected the study with it, got smoke"],
      [["full", "--size", "19k"], "--size: expected the study with it, got full"],
      [
        ["paper", "--size", "19k", "--condition", "C3"],
        "--condition: expected the study with it, got paper",
      ],
      [["study", "--condition", "C9"], "--condition: expected"],
      [["smoke", "--families", "extra"], "--families: expected the study with it, got smoke"],
      [["study", "--families", "lisa"], "expected families among all, short, extra, sft"],
      [["study", "--size", "1M"], "--size: expected"],
      [
        ["study", "--condition", "C5-mini-igsm", "--size", "19k"],
        "expected C5-mini-igsm at its own size, 113k, got 19k",
      ],
    ];
    for (const [args, message] of wrong) {
      await expect(read(...args)).rejects.toThrow(UsageError);
      await expect(read(...args)).rejects.toThrow(message);
    }
  });
});

describe("placeBase(base, folder, places)", () => {
  it("puts a checkpoint where processes here and workers elsewhere look for bases", async () => {
    const store = await openStore(join(models, "store"), models, {});
    const places = { store, address: {} as never };
    await placeBase(tiny, models, places);
    await placeBase(tiny, models, places);
    const name = checkpointName(tiny.checkpoint);
    const kept = await checkpointFolder(join(models, ".cache", "pretraining")).load(name);
    for (const [tensor, { data }] of Object.entries(tiny.params))
      expect(kept?.tensors[tensor]?.data, tensor).toEqual(data);
    const record = (await getRecord(store, `pretrained/${name}`)) as { readonly weights: string };
    expect(await store.has(`blob/${record.weights}`)).toBe(true);
  });
});
