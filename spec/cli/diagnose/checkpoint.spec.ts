import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandLine } from "../../../src/cli/diagnose/commandLine.ts";
import { diagnose } from "../../../src/cli/diagnose/diagnose.ts";
import { finetune } from "../../../src/cli/finetune/finetune.ts";
import { UsageError } from "../../../src/cli/terminal/usage.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { writeTinyModel } from "../../finetune/tinyModel.ts";
import { checkpoints, isAbsent, reason } from "../../weights/checkpoints.ts";
import { openPlace, type Place } from "../terminal.ts";

let place: Place;
const row = (prompt: string, completion: string): string =>
  `${JSON.stringify({ prompt, completion })}\n`;

/** Whatever the lines. */
const words = (text: string): string => text.replaceAll(/\s+/g, " ");

beforeAll(async () => {
  place = await openPlace();
  const names = ["Lily", "Tom", "Mia", "Ben"];
  await place.write(
    "mine.jsonl",
    names.map((name) => row(`Once upon a time ${name}`, " was happy and shared a cake.")).join(""),
  );
  await place.write(
    "prior.jsonl",
    names.map((name) => row(`${name} went to the`, " park. She saw a big dog.")).join(""),
  );
});
afterAll(() => place.close());

describe("diagnose --model", () => {
  test.each([
    ["--model x --retain prior.jsonl", UsageError, "expected --data with --model, got none"],
    ["--model x --data a --agreement", UsageError, "expected --agreement with runs"],
    ["x --model y --data a", UsageError, "expected a run or --model, got x and y"],
    ["x y --data a", UsageError, "expected one run, got x y"],
    ["--model x --data a --risk 0", UsageError, "--risk: expected a number above 0, got 0"],
    ["--model x --data a --risk 1", UsageError, "--risk: expected a number below 1, got 1"],
    ["--model x --data a --unwanted 1.5", UsageError, "--unwanted: expected a number from 0 to 1"],
    [
      "--model x --data a --gentler 3",
      UsageError,
      "--gentler: expected a whole number from 0 to 2",
    ],
    ["none --agreement", DataError, "none: expected a run, or a folder of runs, got neither"],
    ["none --data a", DataError, "none: expected a folder, a .gguf file, or org/name of the Hub"],
    ["runs/a --model x", UsageError, "expected a run or --model, got runs/a and x"],
    ["runs/a --retain x", UsageError, "expected --retain with --model, got it with a run"],
    ["runs/a runs/b", UsageError, "expected one run, got runs/a runs/b"],
    ["", UsageError, "expected a run's folder or --model, got none"],
    ["--model x --data a --retain b --lora 4 --full", UsageError, "expected --lora or --full"],
    ["--model x --data a --retain b --adopt 0", UsageError, "expected a number above 0"],
    [
      "--model x --data a --retain b --learning-rate 0",
      UsageError,
      "--learning-rate: expected a positive number",
    ],
    ["--model none --data a --retain b", DataError, "none"],
  ])("refuses %j", async (args, kind, message) => {
    await expect(place.run(diagnose, args)).rejects.toThrow(kind);
    await expect(place.run(diagnose, args)).rejects.toThrow(message);
  });
});

/** What a shell makes of a command's text. */
const shellWords = (text: string): string[] =>
  execFileSync("sh", ["-c", `printf '%s\\0' ${text}`])
    .toString()
    .split("\0")
    .slice(0, -1);

test("a command line is read by a shell as it was meant, in 80 columns", () => {
  const said = {
    model: "my 'own' model",
    data: "ü $HOME`ls`.jsonl",
    full: true,
    maxLength: 64,
  } as const;
  expect(shellWords(commandLine("tool", { ...said, retain: undefined }))).toEqual([
    ...["tool", "--model", said.model, "--data", said.data, "--full", "--max-length", "64"],
  ]);
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`option${i}`, 7 * i]));
  const text = commandLine("tool", many);
  expect(shellWords(text)).toHaveLength(41);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

describe("diagnose of a tiny model", () => {
  beforeAll(async () => {
    await writeTinyModel(`${place.folder}/tiny model`);
    const rows = Array.from({ length: 15 }, (_, i) => row(`say ${i % 5}`, `a${i % 5}b`));
    await place.write("many.jsonl", rows.join(""));
  });
  const given = [
    "--model",
    "tiny model",
    "--data",
    "many.jsonl",
    "--full",
    "--learning-rate",
    "3e-3",
  ];
  const ask = (...more: readonly string[]) =>
    place.run(diagnose, [...given, "--backend", "wasm", ...more]);

  test("recommends a command that runs, for texts of its own where none are given", async () => {
    const { out, err } = await ask("--epochs", "2", "--json");
    // Four rows in five, four at a time.
    expect(err).toMatch(/^sft 6\/6 /m);
    const { features, advice } = JSON.parse(out);
    expect(features).toMatchObject({ retained: "texts", adopt: 0.95, risk: 0.05 });
    expect(Object.values(features.shares as object).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
    expect(advice.why).toHaveLength(2);
    const [npx, tool, name, ...words] = shellWords(advice.command);
    expect([npx, tool, name]).toEqual(["npx", "anchorgrad", "finetune"]);
    const ran = await place.run(finetune, [...words, "--samples", "0", "--out", "made"]);
    expect(ran.finished).toBe(true);
    expect(ran.out).toContain("written to");
  });
});

describe.skipIf(isAbsent)(`diagnose of stories260K${reason}`, () => {
  const model = `${checkpoints}/stories260K`;
  const given = `--model ${model} --data mine.jsonl --retain prior.jsonl --backend wasm`;

  test("trains a short SFT and says which weight takes over what it has learnt", async () => {
    const { finished, out, err } = await place.run(
      diagnose,
      `${given} --learning-rate 1e-2 --epochs 12 --batch 2 --lora 8`,
    );
    expect(finished).toBe(true);
    expect(err).toMatch(/sft 24\/24 {2}loss 0\.\d+/);
    const lines = out.split("\n");
    expect(Math.max(...lines.slice(1).map(({ length }) => length))).toBeLessThanOrEqual(80);
    const shares = ["known", "latent", "rare", "alien"].map((kind) =>
      Number(new RegExp(`^${kind} +([\\d.]+) %`, "m").exec(out)?.[1]),
    );
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
    // All that p_sft has learnt is adopted by p_sft itself.
    const whole = lines.find((line) => /^1 /.test(line)) ?? "";
    expect(whole).toMatch(/^1 +100\.0 % +(100\.0 %|–) /);
    expect(words(out)).toMatch(/◂ A weight of [\d.]+ adopts 95.0 % of what SFT has learnt/);
    const [, adopted] = /^([\d.]+) ◂ +([\d.]+) %/m.exec(out) ?? [];
    expect(Number(adopted)).toBeGreaterThan(0);
    // SFT at this rate loses what is to be kept, and so does each smaller one that still learns.
    expect(err).toContain("sft at 0.1 of the rate 24/24");
    expect(out).toMatch(/^npx anchorgrad finetune --model /m);
  });

  test("of the model and itself says that nothing was learnt", async () => {
    const { out, err } = await place.run(diagnose, `${given} --sft ${model}`);
    expect(err).not.toContain("sft 1");
    expect(words(out)).toContain("SFT prefers no token of the data that the base does not");
  });

  test("is interrupted between steps", async () => {
    const stop = new AbortController();
    stop.abort();
    const { finished, out } = await place.run(diagnose, given, { signal: stop.signal });
    expect([finished, out]).toEqual([false, ""]);
  });
});
