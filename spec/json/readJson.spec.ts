import { describe, expect, test } from "vitest";
import { readJson } from "../../src/json/readJson.ts";
import { DataError } from "../../src/tensor/errors.ts";

describe("readJson", () => {
  test.each([
    ['{\n  "a": 1e400\n}', "w.json: expected a number that is not too large for a double"],
    ['{\n  "a": 1e400\n}', "got 1e400 at a (line 2, column 8)"],
    ['{"a": 1, "a": 2}', "(line 1, column 10)"],
    ["{", "w.json: expected JSON: "],
    ['{"ids": [1, 9007199254740993]}', "at ids[1] (line 1, column 13)"],
  ])("of %j names file and place", (text, message) => {
    expect(() => readJson(text, "w.json")).toThrow(DataError);
    expect(() => readJson(text, "w.json")).toThrow(message);
  });

  test("takes what checkpoints hold", () => {
    // As transformers writes a length without limit.
    const text = '{"model_max_length": 1000000000000000019884624838656, "eps": 1e-05}';
    expect(readJson(text, "w.json")).toEqual({ model_max_length: 1e30, eps: 1e-5 });
  });
});
