import { describe, expect, it } from "vitest";
import { lossesIn, paramsIn, restore } from "../../src/experiment/row/pretrained.ts";
import { idsIn, keptIn } from "../../src/pretrain/kept.ts";
import { toldIn } from "../../src/pretrain/told.ts";
import { constant } from "../../src/tensor/apply.ts";
import { trainBpe } from "../../src/text/bpe/train.ts";
import { attack, mutants, mutateJson, mutateText } from "./mutants.ts";

type Roll = (n: number) => number;

/** A text of JSON with other values, or with other letters. */
const damaged = (text: string, roll: Roll): string =>
  roll(3) === 0
    ? mutateText(text, roll)
    : (JSON.stringify(mutateJson(JSON.parse(text), roll)) ?? "");

const isNumbers = (values: readonly unknown[]): boolean =>
  values.every((value) => typeof value === "number");

describe("a pre-training that is gone on with", () => {
  it("tells steps and losses, or is refused", async () => {
    const told = JSON.stringify({ steps: [{ step: 20, loss: 1.5 }], losses: [1, 2], total: 40 });
    const { fault, accepted } = await attack(
      mutants(3000),
      (roll) => damaged(told, roll),
      (text) => {
        const { steps, losses, total = 0 } = toldIn(text, "state");
        return (
          isNumbers([...losses, ...steps.map(({ loss }) => loss)]) &&
          [total, ...steps.map(({ step }) => step)].every(Number.isSafeInteger)
        );
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
    expect(() => toldIn('{"steps":[{"step":-1}]}', "state")).toThrow(
      "state.told.steps[0].step: expected a whole number, got -1",
    );
  });

  it("has the tokenizer that was trained, or is refused", async () => {
    const tokenizer = trainBpe(["a river, a river"], { vocabulary: 262, specials: ["<end>"] });
    const sources = [{ name: "river", version: "1", licence: "MIT", sha256: "00", characters: 9 }];
    const kept = JSON.stringify({ tokenizer, sources });
    expect(keptIn(kept, "text")).toEqual({ tokenizer, sources });
    const { fault, accepted } = await attack(
      mutants(200),
      (roll) => damaged(kept, roll),
      (text) => {
        const read = keptIn(text, "text");
        const ids = Object.values(read.tokenizer.model.vocab).toSorted((a, b) => a - b);
        return (
          ids.every((id, i) => id === i) &&
          read.sources.every(({ name, characters }) => name.length + characters >= 0)
        );
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
    expect(() => keptIn("{", "text")).toThrow(/^text: expected JSON/);
  });

  it("has token ids of its tokenizer", () => {
    const ids = (...data: number[]) => constant(Float32Array.from(data), [data.length]);
    expect(idsIn(ids(0, 8, 3), 9, "text.texts")).toEqual(Uint16Array.of(0, 8, 3));
    for (const wrong of [-1, 9, 0.5, Number.NaN, 65536])
      expect(() => idsIn(ids(0, wrong), 9, "text.texts")).toThrow(
        `text.texts: expected token ids less than 9, got ${wrong}`,
      );
    expect(() => idsIn(undefined, 9, "text.texts")).toThrow("text.texts: expected a list");
  });
});

describe("a study's pre-training", () => {
  const numbers = (n: number) => constant(new Float32Array(n), [n]);
  const params = { w: numbers(3) };
  const state = [{ m: numbers(3) }];
  const weights = {
    tensors: { "params.w": numbers(3), "state.0.m": numbers(3) },
    metadata: { step: "40", losses: "[1,null]" },
  };

  it("is refused, or stands where a training can stand", async () => {
    const { fault, accepted } = await attack(
      mutants(2000),
      (roll) => ({
        step: roll(2) === 0 ? mutateText("40", roll) : "40",
        losses: roll(2) === 0 ? damaged("[1,2]", roll) : "[1,2]",
      }),
      (metadata) => {
        const kept = { ...weights, metadata };
        const losses = lossesIn(kept, "study");
        const { step } = restore(kept, losses, { params, state }, "study");
        return isNumbers(losses) && Number.isSafeInteger(step) && losses.length === 2;
      },
    );
    expect(fault).toBeUndefined();
    expect(accepted).toBeGreaterThan(0);
  });

  it("names the tensor that is not there, or of another shape", () => {
    const losses = lossesIn(weights, "study");
    expect(losses).toEqual([1, Number.NaN]);
    const fresh = { params, state };
    expect(restore(weights, losses, fresh, "study")).toEqual({ ...fresh, step: 40 });
    const { "state.0.m": _, ...without } = weights.tensors;
    expect(() => restore({ ...weights, tensors: without }, losses, fresh, "study")).toThrow(
      "study: expected tensor state.0.m [3], got none",
    );
    const shapes = { w: [2] };
    expect(() => paramsIn({ tensors: params, metadata: {} }, shapes, "study")).toThrow(
      "study: expected tensor w [2], got [3]",
    );
  });
});
