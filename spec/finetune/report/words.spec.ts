import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { differences } from "../../../src/finetune/report/words.ts";

const texts = fc
  .array(fc.constantFrom("a", "b", "cat", "dog.", "<b>"), { maxLength: 12 })
  .map((words) => words.join(" "));
const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

describe("differences", () => {
  test("hold both texts: what stays and is added is one, what stays and is left out the other", () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const parts = differences(a, b);
        const of = (kind: "added" | "left out") =>
          parts
            .filter((part) => part.kind === "same" || part.kind === kind)
            .map(({ text }) => text)
            .join(" ");
        expect(words(of("added"))).toEqual(words(a));
        expect(words(of("left out"))).toEqual(words(b));
      }),
    );
  });

  test("of a text to itself are none", () => {
    fc.assert(fc.property(texts, (a) => differences(a, a).every(({ kind }) => kind === "same")));
  });

  test("are as few as can be", () => {
    expect(differences("the red cat sat", "the cat sat down")).toEqual([
      { kind: "same", text: "the" },
      { kind: "added", text: " red" },
      { kind: "same", text: " cat sat" },
      { kind: "left out", text: " down" },
    ]);
  });

  test("of long texts take no time of their product", () => {
    const long = (word: string): string =>
      Array.from({ length: 5000 }, (_, i) => `${word}${i}`).join(" ");
    expect(differences(`x ${long("a")} y`, `x ${long("b")} y`).map(({ kind }) => kind)).toEqual([
      ...["same", "left out", "added", "same"],
    ]);
  });
});
