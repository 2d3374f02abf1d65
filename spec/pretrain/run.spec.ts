import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { describeModel, loadModel } from "../../src/finetune/load.ts";
import { cardOf } from "../../src/pretrain/card.ts";
import { begunTokens, exchangeTokens, promptTokens } from "../../src/pretrain/chat.ts";
import { type PretrainRecord, runPretrain, unfinishedOf } from "../../src/pretrain/run.ts";
import { textSuite } from "../../src/tasks/study/textSuite.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { key, stream } from "../../src/tensor/random.ts";
import { encodeRows, rowsOf } from "../../src/text/index.ts";
import { filesOf } from "../../src/weights/modelFiles.ts";
import { corpus, pretrained, settings } from "./tiny.ts";

let engine: Engine;
const folder = mkdtempSync(join(tmpdir(), "pretrain-"));
const out = join(folder, "whole");
beforeAll(async () => {
  engine = await createEngine({ backend: "wasm", threads: 1 });
  await pretrained(engine, out);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine.close();
});

/** Stops after so many steps: that many signals were looked at. */
function stopAfter(steps: number): AbortSignal {
  const controller = new AbortController();
  let seen = 0;
  return new Proxy(controller.signal, {
    get: (signal, name) =>
      name === "aborted" ? seen++ >= steps - 1 : Reflect.get(signal, name, signal),
  });
}

const weightsIn = (place: string): Buffer => readFileSync(join(place, "model.safetensors"));

describe("runPretrain(options)", () => {
  it("writes a folder of Hugging Face's kind, with a card", async () => {
    const model = await loadModel(out);
    const { config, stopTokens, warnings, tokenizer, chat } = model;
    expect(config).toMatchObject({ layers: 1, width: 16, contextLength: 192, tieEmbeddings: true });
    expect(warnings).toEqual([]);
    expect(stopTokens).toEqual([2, 0]);
    expect(tokenizer?.vocabSize).toBe(config.vocabSize);
    expect(chat?.render([{ role: "user", content: "a" }], { addGenerationPrompt: true }).text).toBe(
      "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n",
    );
    // As a page is given it.
    const names = readdirSync(out);
    const blobs = names.map((name) => [name, new Blob([readFileSync(join(out, name))])] as const);
    const dropped = await loadModel(filesOf(Object.fromEntries(blobs)));
    expect(dropped.params["model.norm.weight"]?.data).toEqual(
      model.params["model.norm.weight"]?.data,
    );
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toMatch(/\| river \| {2}\| MIT \|/);
    expect(card).toContain("4,608 in 12 steps of 2 × 192");
    expect(card).toContain("peak 0.01, 1 steps of warm-up, then constant, and falling to 0");
    for (const name of Object.keys(textSuite().skills)) expect(card).toContain(`| ${name} |`);
    const record = JSON.parse(readFileSync(join(out, "pretraining.json"), "utf8"));
    expect(record.settings).toEqual(settings);
    expect(record.losses.at(-1).step).toBe(12);
    expect(record.examination.bitsPerByte).toBeGreaterThan(1);
    expect(record.examination.bitsPerByte).toBeLessThan(8);
  });

  it("learns", async () => {
    const longer = { ...settings, steps: 60 };
    const events = await pretrained(engine, join(folder, "longer"), { settings: longer });
    const losses = events.flatMap((event) => (event.kind === "step" ? [event.loss] : []));
    expect(losses.length).toBe(3);
    expect(losses[2]).toBeLessThan((losses[0] ?? 0) - 0.5);
  });

  it("goes on where it was stopped, to the same bits, and reads no text again", async () => {
    const place = join(folder, "stopped");
    for (const steps of [3, 2]) {
      const events = await pretrained(engine, place, { signal: stopAfter(steps) });
      expect(events.at(-1)).toEqual({ kind: "stopped" });
    }
    expect(readdirSync(unfinishedOf(place))).toContain("state.safetensors");
    const unread = () => Promise.reject(new Error("expected no text to be read"));
    const events = await pretrained(engine, place, { corpus: unread });
    expect(events.at(-1)).toEqual({ kind: "saved", folder: place });
    expect(weightsIn(place).equals(weightsIn(out))).toBe(true);
    const record = (where: string) =>
      JSON.parse(readFileSync(join(where, "pretraining.json"), "utf8"));
    expect(record(place)).toEqual(record(out));
    expect(readdirSync(unfinishedOf(place))).toEqual([]);
  });

  it("tells the steps of before as such", async () => {
    const place = join(folder, "told");
    const longer = { ...settings, steps: 60 };
    await pretrained(engine, place, { settings: longer, signal: stopAfter(45) });
    const events = await pretrained(engine, place, { settings: longer });
    const steps = events.flatMap((event) => (event.kind === "step" ? [event] : []));
    expect(steps.map(({ step, isAgain = false }) => [step, isAgain])).toEqual([
      [20, true],
      [40, true],
      [60, false],
    ]);
  });

  it("hears who stops it, though the engine itself waits for nothing", async () => {
    const stop = new AbortController();
    const place = join(folder, "heard");
    const longer = { ...settings, steps: 2000 };
    const options = { settings: longer, out: place, engine, corpus: async () => corpus() };
    const kinds: string[] = [];
    for await (const { kind } of runPretrain({ ...options, signal: stop.signal })) {
      if (kind === "plan") setTimeout(() => stop.abort());
      kinds.push(kind);
    }
    expect(kinds.at(-1)).toBe("stopped");
    expect(kinds).not.toContain("examined");
  });

  it("is stopped while texts are fetched, and fails where they cannot be", async () => {
    const stop = new AbortController();
    const place = join(folder, "fetching");
    const fetching = async (): Promise<never> => {
      stop.abort();
      throw new Error("The operation was aborted");
    };
    const { signal } = stop;
    const events = await pretrained(engine, place, { corpus: fetching, signal });
    expect(events).toEqual([{ kind: "stopped" }]);
    await expect(pretrained(engine, place, { corpus: fetching })).rejects.toThrow("was aborted");
  });

  it("takes another number of steps while the rate does not fall", async () => {
    const place = join(folder, "longer-or-shorter");
    const of = (steps: number) => ({ ...settings, steps });
    await pretrained(engine, place, { settings: of(13), signal: stopAfter(4) });
    await pretrained(engine, place, { settings: of(12) });
    expect(weightsIn(place).equals(weightsIn(out))).toBe(true);
    const late = join(folder, "late");
    await pretrained(engine, late, { signal: stopAfter(11) });
    await expect(pretrained(engine, late, { settings: of(14) })).rejects.toThrow(
      "pretrain: expected 12 steps as training began with, which is at step 11, got 14: the rate falls",
    );
  });

  it("refuses another training's place, and one that holds other things", async () => {
    const place = join(folder, "other");
    await pretrained(engine, place, { signal: stopAfter(1) });
    const seed = { ...settings, seed: 2 };
    await expect(pretrained(engine, place, { settings: seed })).rejects.toThrow(
      /settings\.json: expected the seed that training began with, got another; remove .*other/,
    );
    // What it has read stands there, so that others' texts would never be asked for.
    await expect(pretrained(engine, place, { texts: "others" })).rejects.toThrow(
      /settings\.json: expected the texts that training began with, got another/,
    );
    await expect(pretrained(engine, out)).rejects.toThrow("got one that holds a finished base");
    const full = join(folder, "full");
    await mkdir(full);
    await writeFile(join(full, "mine.txt"), "");
    await expect(pretrained(engine, full)).rejects.toThrow(DataError);
    const short = { corpus: async () => corpus(1) };
    await expect(pretrained(engine, join(folder, "short"), short)).rejects.toThrow(
      "expected more than 384 tokens of text",
    );
  });

  it("ends after the plan where nothing is to be done", async () => {
    const place = join(folder, "dry");
    const events = await pretrained(engine, place, { dryRun: true });
    expect(events).toMatchObject([{ kind: "plan", steps: 12, tokens: 4608, vocabSize: 300 }]);
    expect(readdirSync(folder)).not.toContain("dry.unfinished");
  });
});

describe("cardOf(record)", () => {
  it("has no markup of the texts' names or of the command", () => {
    const record = JSON.parse(
      readFileSync(join(out, "pretraining.json"), "utf8"),
    ) as PretrainRecord;
    const hostile = "a | <img src=x> [b](http://c)\n# d";
    const texts = [{ name: hostile, version: hostile, licence: "x", sha256: "", characters: 1 }];
    const card = cardOf({ ...record, texts, command: "pretrain '```\n# e'" });
    expect(card).not.toMatch(/<img|\]\(http:|^# d/m);
    expect(card).toContain("````sh\npretrain '```\n# e'\n````\n");
    expect(card.split("\n").find((line) => line.startsWith("| a "))).toMatch(/(?<!\\)\|$/);
  });
});

describe("exchangeTokens(encode, exchange)", () => {
  it("are what the folder's template and fine-tuning make of the same conversation", async () => {
    const { tokenizer, chat } = await describeModel(out);
    if (!tokenizer || !chat) throw new Error("expected a tokenizer and a template");
    const encode = (text: string) => tokenizer.encode(text, { addSpecialTokens: false });
    const { skills, targets } = textSuite();
    const next = stream(key(3));
    const draws = [
      ...Object.values(skills).map(({ draw }) => draw),
      ...Object.values(targets).flatMap(({ worked, direct }) => [worked, direct]),
    ];
    for (const draw of draws) {
      const exchange = draw(next);
      const messages = [
        { role: "user", content: exchange.prompt.join(" ") },
        { role: "assistant", content: exchange.response.join(" ") },
      ];
      const rows = await rowsOf({ name: "a.jsonl", content: JSON.stringify({ messages }) });
      const { examples } = encodeRows(rows, { tokenizer, chat });
      expect([exchangeTokens(encode, exchange)]).toEqual(examples);
      const begun = [...promptTokens(encode, exchange), ...begunTokens(encode, exchange)];
      expect(begun).toEqual(exchangeTokens(encode, exchange).tokens.slice(0, begun.length));
      expect(encode(exchange.response[0] ?? "")).toEqual(begunTokens(encode, exchange));
      const { text } = chat.render(messages.slice(0, 1), { addGenerationPrompt: true });
      expect(promptTokens(encode, exchange)).toEqual(encode(text));
    }
  });
});
