import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { diagnose } from "../../../src/cli/diagnose/diagnose.ts";
import { UsageError } from "../../../src/cli/terminal/usage.ts";
import { DataError } from "../../../src/tensor/errors.ts";
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
    ["--model x --data mine.jsonl", UsageError, "expected --data and --retain with --model"],
    ["runs/a --model x", UsageError, "expected a run or --model, got runs/a and x"],
    ["runs/a --retain x", UsageError, "expected --retain with --model, got it with a run"],
    ["runs/a runs/b", UsageError, "expected one run, got runs/a runs/b"],
    ["", UsageError, "expected a run's folder or --model, got none"],
    ["--model x --data a --retain b --lora 4 --full", UsageError, "expected --lora or --full"],
    ["--model x --data a --retain b --adopt 0", UsageError, "expected a number above 0"],
    ["--model x --data a --retain b --rate 0", UsageError, "--rate: expected a positive number"],
    ["--model none --data a --retain b", DataError, "none"],
  ])("refuses %j", async (args, kind, message) => {
    await expect(place.run(diagnose, args)).rejects.toThrow(kind);
    await expect(place.run(diagnose, args)).rejects.toThrow(message);
  });
});

describe.skipIf(isAbsent)(`diagnose of stories260K${reason}`, () => {
  const model = `${checkpoints}/stories260K`;
  const given = `--model ${model} --data mine.jsonl --retain prior.jsonl --backend wasm`;

  test("trains a short SFT and says which weight takes over what it has learnt", async () => {
    const { finished, out, err } = await place.run(
      diagnose,
      `${given} --rate 1e-2 --epochs 12 --batch 2 --lora 8`,
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
    expect(words(out)).toMatch(
      /a_T = [\d.]+ takes over (9[5-9]|100)\.\d % of what p_sft has learnt;/,
    );
  }, 120_000);

  test("of the model and itself says that nothing was learnt", async () => {
    const { out, err } = await place.run(diagnose, `${given} --sft ${model}`);
    expect(err).not.toContain("sft 1");
    expect(words(out)).toContain("it has learnt nothing yet");
  }, 60_000);

  test("is interrupted between steps", async () => {
    const stop = new AbortController();
    stop.abort();
    const { finished, out } = await place.run(diagnose, given, { signal: stop.signal });
    expect([finished, out]).toEqual([false, ""]);
  }, 60_000);
});
