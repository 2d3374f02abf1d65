import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ifeval } from "../../../../src/tasks/index.ts";
import { DataError } from "../../../../src/tensor/errors.ts";

const { english, readPunkt, sentences } = ifeval;

describe("sentences(text, english)", () => {
  it.each<readonly [text: string, split: readonly string[]]>([
    ["", []],
    ["  \n ", []],
    ["One two", ["One two"]],
    ["One. Two? Three! Four", ["One.", "Two?", "Three!", "Four"]],
    ["One.\n\nTwo.\n", ["One.", "Two."]],
    ["Really?! Yes!!! Sure.", ["Really?!", "Yes!!!", "Sure."]],
    [
      "Mr. Smith met Prof. Jones at 5 p.m. in Rome.",
      ["Mr. Smith met Prof. Jones at 5 p.m. in Rome."],
    ],
    ["We met at 5 p.m. He left.", ["We met at 5 p.m.", "He left."]],
    ["J. Brown came. A. Brown left.", ["J. Brown came.", "A. Brown left."]],
    ["It is 3.5 m. long and 2.5 wide.", ["It is 3.5 m. long and 2.5 wide."]],
    ["I have 5. You have 6.", ["I have 5.", "You have 6."]],
    ['He said "Stop." She ran.', ['He said "Stop."', "She ran."]],
    ["(It rained.) It stopped.", ["(It rained.)", "It stopped."]],
    ["Wait... what? Well... They left.", ["Wait... what?", "Well...", "They left."]],
    ["Visit example.com today.", ["Visit example.com today."]],
    ["no.space here.Next", ["no.space here.Next"]],
    [" .? One", [" .?", "One"]],
    ["The anti-U.S. mood grew.", ["The anti-U.S. mood grew."]],
  ])("splits %j", (text, split) => {
    expect(sentences(text, english)).toEqual(split);
  });

  it("loses nothing but white space", () => {
    const texts = fc.string({
      unit: fc.constantFrom(
        "a",
        "The",
        "Mr",
        "5",
        ".",
        "?",
        "!",
        " ",
        "\n",
        '"',
        ")",
        "(",
        ",",
        "-",
        "😀",
      ),
      maxLength: 40,
    });
    const bare = (text: string): string => text.replace(/\s/gu, "");
    fc.assert(
      fc.property(texts, (text) => {
        expect(bare(sentences(text, english).join(""))).toBe(bare(text));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("readPunkt(files)", () => {
  const files = {
    abbreviations: "\ufeffapprox\r\nca\r\n",
    collocations: "no\t##number##\n",
    starters: "zounds\n",
    contexts: "plums\t96\napples\t112\n",
  };

  it("makes the decisions of the files", () => {
    const parameters = readPunkt(files);
    const count = (text: string): number => sentences(text, parameters).length;
    expect(count("It is approx. Ten.")).toBe(1);
    expect(count("It is about. Ten.")).toBe(2);
    expect(count("It is ca. Zounds.")).toBe(2);
    expect(count("It is ca. Plums.")).toBe(2);
    expect(count("He said no. 5.")).toBe(1);
    expect(count("He said yes. 5.")).toBe(2);
    expect(count("He had 5. apples.")).toBe(2);
    expect(count("He had 5. plums.")).toBe(1);
  });

  it("knows the word that follows without the comma at its end", () => {
    const parameters = readPunkt(files);
    expect(sentences("It is ca. Plums, he said.", parameters)).toEqual([
      "It is ca.",
      "Plums, he said.",
    ]);
  });

  it("takes an initial for part of a name only where a capital may go on with it", () => {
    const count = (text: string, abbreviations = ""): number =>
      sentences(text, readPunkt({ ...files, abbreviations })).length;
    expect(count("It is by J. Ten.")).toBe(1);
    expect(count("It is by J. Plums.")).toBe(2);
    expect(count("It is by J. 5 came.")).toBe(2);
    // What often begins a sentence ends none after an initial that is an abbreviation too.
    expect(count("It is by J. Zounds.", "j\n")).toBe(1);
    expect(count("It is by jj. Zounds.", "jj\n")).toBe(2);
  });

  it("names what is wrong with a line", () => {
    expect(() => readPunkt({ ...files, collocations: "a" })).toThrow(DataError);
    expect(() => readPunkt({ ...files, contexts: "a\tb" })).toThrow(
      "contexts: expected an integer for a, got b",
    );
  });
});
