import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { askedOf, commands, overview } from "../../src/cli/commands.ts";
import { drawnBenchmarks } from "../../src/cli/data/drawn.ts";
import { fileBenchmarks } from "../../src/cli/data/files.ts";
import { publishedNames } from "../../src/cli/download/sources.ts";
import { scorables } from "../../src/cli/score/questions.ts";
import {
  flag,
  number,
  oneOf,
  only,
  range,
  readKnobs,
  share,
  text,
  texts,
  whole,
} from "../../src/cli/terminal/knobs.ts";
import { reflow } from "../../src/cli/terminal/reflow.ts";
import { UsageError } from "../../src/cli/terminal/usage.ts";
import { namedSweeps } from "../../src/experiment/sweep/named.ts";

const names = commands.map(({ name }) => name);
const usages = new Map(
  await Promise.all(
    commands.map(async ({ name, load }) => [name, reflow((await load()).usage)] as const),
  ),
);
const usageOf = (name: string): string => usages.get(name) ?? "";

/** What a line asks for: the kind, and the command's name. */
const asked = (...line: string[]): readonly string[] => {
  const found = askedOf(line);
  return "row" in found ? [found.kind, found.row.name] : [found.kind];
};

describe("commands", () => {
  it("are found by name, before anything of them is loaded", () => {
    for (const name of names) {
      const found = askedOf([name, "--a", name]);
      expect(found).toMatchObject({ kind: "run", row: { name }, args: ["--a", name] });
      expect(asked("help", name)).toEqual(["help", name]);
      for (const option of ["--help", "-h"]) {
        expect(asked(name, option)).toEqual(["help", name]);
        expect(asked(name, "x", option)).toEqual(["help", name]);
      }
      expect(asked(name, "--version")).toEqual(["version"]);
      expect(overview).toContain(`\n  ${name} `);
      expect(usageOf(name)).toMatch(new RegExp(`^anchorgrad ${name} `));
    }
    for (const line of [[], ["help"], ["--help"], ["-h"]])
      expect(asked(...line)).toEqual(["overview"]);
    for (const option of ["--version", "-v"]) expect(asked(option)).toEqual(["version"]);
  });

  it.each([
    ["", "expected a command, got nothing; npx anchorgrad shows them all"],
    ["sweeps", "expected a command, got sweeps; did you mean sweep?"],
    ["fine-tune", "expected a command, got fine-tune; did you mean finetune?"],
    ["toString", "expected a command, got toString; npx anchorgrad shows them all"],
    ["--smoke", "expected a command before --smoke, such as study --smoke; npx anchorgrad shows"],
    ["--data", "expected a command before --data, such as finetune --data; npx anchorgrad shows"],
    ["--data=mine.jsonl", "such as finetune --data=mine.jsonl; npx anchorgrad shows"],
  ])("refuse %j", (word, message) => {
    for (const line of [[word], ["help", word]]) {
      expect(() => askedOf(line)).toThrow(UsageError);
      expect(() => askedOf(line)).toThrow(message);
    }
  });

  it("say only what an installed package has, within 80 columns", () => {
    for (const text of [overview, ...usages.values()]) {
      expect(text).not.toMatch(/npm (start|run)|^ +anchorgrad /m);
      for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  it("list every benchmark and every option in their help", () => {
    const benchmarks = { ...drawnBenchmarks, ...fileBenchmarks };
    for (const [name, { about, knobs }] of Object.entries(benchmarks)) {
      const own = usageOf("data").split(`\n${name}: ${about}\n`)[1]?.split("\n\n")[0] ?? "";
      for (const knob of Object.keys(knobs))
        expect(own).toContain(`--${knob.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`);
    }
    for (const name of Object.keys(benchmarks)) expect(usageOf("score")).toContain(name);
    expect(Object.keys(scorables).sort()).toEqual(Object.keys(benchmarks).sort());
    for (const name of publishedNames) expect(usageOf("download")).toContain(name);
    for (const option of [
      "--format",
      "--out",
      "--bare",
      "--count",
      "--seed",
      "--file",
      "--download",
    ])
      expect(usageOf("data")).toContain(option);
    for (const option of ["--responses", "--data", "--out"])
      expect(usageOf("score")).toContain(option);
    for (const option of ["--out", "--url", "--sha256"])
      expect(usageOf("download")).toContain(option);
    for (const option of ["--name", "--seeds", "--tuning-seeds", "--processes", "--keep-weights"])
      expect(usageOf("sweep")).toContain(option);
    for (const name of Object.keys(namedSweeps)) expect(usageOf("sweep")).toContain(name);
  });
});

describe("readKnobs(args, knobs)", () => {
  const knobs = {
    maxOp: whole("", -5, 20),
    width: range(""),
    rate: share(""),
    scale: number("", 0),
    kind: oneOf("", ["a", "b"]),
    bare: flag(""),
    out: text("<file>", ""),
    stop: texts("<text>", ""),
  };

  it("gives what was given, by names in camel case", () => {
    const args = "--max-op 3 --width 2..4 --rate .5 --kind b --bare --out=x".split(" ");
    const values = readKnobs(args, knobs);
    expect(values).toEqual({
      ...{ maxOp: 3, width: [2, 4], rate: 0.5, kind: "b", bare: true, out: "x" },
    });
    const negative = readKnobs(["--width=-3..-1", "--max-op=-5"], knobs);
    expect(negative).toEqual({ width: [-3, -1], maxOp: -5 });
    expect(readKnobs(["--stop", "a,b", "--stop=\n"], knobs)).toEqual({ stop: ["a,b", "\n"] });
    expect(readKnobs(["--max-op=-0", "--scale=0e5", "--rate=0.00"], knobs)).toEqual({
      ...{ maxOp: 0, scale: 0, rate: 0 },
    });
    expect(readKnobs([], knobs)).toEqual({});
    expect(only(values, { bare: flag(""), rate: share("") })).toEqual({ bare: true, rate: 0.5 });
  });

  it.each([
    [["--max-op", "21"], "--max-op: expected a whole number from -5 to 20, got 21"],
    [["--max-op", ""], "--max-op: expected a whole number from -5 to 20, got "],
    [["--width", "4..2"], "--width: expected a range a..b with a ≤ b, got 4..2"],
    [["--width", "1.5"], "--width: expected a range a..b with a ≤ b, got 1.5"],
    [["--rate", "1.1"], "--rate: expected a number from 0 to 1, got 1.1"],
    [["--rate", `0.${"0".repeat(400)}1`], "--rate: expected a number from 0 to 1, got 0.000"],
    [["--scale", "1e-400"], "--scale: expected a number ≥ 0, got 1e-400"],
    [["--scale", "1e400"], "--scale: expected a number ≥ 0, got 1e400"],
    [["--scale", "0x1"], "--scale: expected a number ≥ 0, got 0x1"],
    [["--kind", "c"], "--kind: expected one of a, b, got c"],
    [["--stop", "a", "--stop", ""], "--stop: expected <text>, got "],
    [["--out"], "--out"],
    [["--width", "-3..-1"], "Option '--width' argument is ambiguous; see --help"],
    [["--bare=1"], "--bare"],
    [["--maxOp", "1"], "Unknown option '--maxOp', did you mean --max-op; see --help"],
    [["--output_dir", "x"], "Unknown option '--output_dir', did you mean --out; see --help"],
    [["--rat", "1"], "Unknown option '--rat', did you mean --rate; see --help"],
    [["--lr", "1"], "Unknown option '--lr'; see --help"],
    [["extra"], "Unexpected argument 'extra'"],
    [["--out", "a", "--out=b"], "--out: expected it once, got it again; see --help"],
    [["--bare", "--rate", "1", "--bare"], "--bare: expected it once, got it again"],
  ])("refuses %j", (args, message) => {
    expect(() => readKnobs(args, knobs)).toThrow(UsageError);
    expect(() => readKnobs(args, knobs)).toThrow(message);
  });
});

it("main loads nothing of a command before it is called", async () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const { metafile } = await build({
    ...{ entryPoints: [`${root}/src/cli/main.ts`], absWorkingDir: root, outdir: "none" },
    ...{ bundle: true, splitting: true, metafile: true, write: false, packages: "external" },
    ...{ platform: "node", format: "esm", logLevel: "error" },
  });
  const outputs = new Map(Object.entries(metafile.outputs));
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const { path, kind } of outputs.get(name)?.imports ?? [])
      if (kind === "import-statement") load(path);
  };
  load("none/main.js");
  const files = [...loaded].flatMap((name) => Object.keys(outputs.get(name)?.inputs ?? {}));
  expect(files).toContain("src/cli/main.ts");
  for (const file of files)
    expect(file).toMatch(
      /^src\/(cli\/(main|commands|terminal\/\w+)|report\/escape|tensor\/errors|json\/reasons)\.ts$/,
    );
});
