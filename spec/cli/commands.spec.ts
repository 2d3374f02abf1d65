import { describe, expect, it } from "vitest";
import { commandOf, globalUsage } from "../../src/cli/commands.ts";
import { drawnBenchmarks } from "../../src/cli/data/drawn.ts";
import { fileBenchmarks } from "../../src/cli/data/files.ts";
import { publishedNames } from "../../src/cli/download/sources.ts";
import { scorables } from "../../src/cli/score/questions.ts";
import {
  flag,
  oneOf,
  only,
  range,
  readKnobs,
  share,
  text,
  whole,
} from "../../src/cli/terminal/knobs.ts";
import { UsageError } from "../../src/cli/terminal/usage.ts";
import { namedSweeps } from "../../src/experiment/sweep/named.ts";

const names = [
  ...["study", "finetune", "sweep", "report", "diagnose", "data", "score", "download"],
  ...["chat", "generate", "evaluate", "export", "pull"],
];
const usageOf = (name: string): string => commandOf([name]).command.usage;

describe("commands", () => {
  it("are found by name; all else is the study's", () => {
    for (const name of names) {
      const { command, args } = commandOf([name, "--a", name]);
      expect([command.name, args]).toEqual([name, ["--a", name]]);
      expect(globalUsage).toContain(`anchorgrad ${name} `);
    }
    for (const line of [[], ["--smoke"], ["-h", "sweep"]]) {
      const { command, args } = commandOf(line);
      expect([command.name, args]).toEqual(["study", line]);
    }
    for (const name of ["", "sweeps", "toString"])
      expect(() => commandOf([name])).toThrow(
        new UsageError(
          `expected an option or one of ${names.join(", ")}, got ${name || "nothing"}; see --help`,
        ),
      );
  });

  it("list every benchmark and every option in their help, within 100 columns", () => {
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
    for (const name of names)
      for (const line of usageOf(name).split("\n")) expect(line.length).toBeLessThan(101);
  });
});

describe("readKnobs(args, knobs)", () => {
  const knobs = {
    maxOp: whole("", -5, 20),
    width: range(""),
    rate: share(""),
    kind: oneOf("", ["a", "b"]),
    bare: flag(""),
    out: text("<file>", ""),
  };

  it("gives what was given, by names in camel case", () => {
    const args = "--max-op 3 --width 2..4 --rate .5 --kind b --bare --out=x".split(" ");
    const values = readKnobs(args, knobs);
    expect(values).toEqual({
      ...{ maxOp: 3, width: [2, 4], rate: 0.5, kind: "b", bare: true, out: "x" },
    });
    const negative = readKnobs(["--width=-3..-1", "--max-op=-5"], knobs);
    expect(negative).toEqual({ width: [-3, -1], maxOp: -5 });
    expect(readKnobs([], knobs)).toEqual({});
    expect(only(values, { bare: flag(""), rate: share("") })).toEqual({ bare: true, rate: 0.5 });
  });

  it.each([
    [["--max-op", "21"], "--max-op: expected a whole number from -5 to 20, got 21"],
    [["--max-op", ""], "--max-op: expected a whole number from -5 to 20, got "],
    [["--width", "4..2"], "--width: expected a range a..b with a ≤ b, got 4..2"],
    [["--width", "1.5"], "--width: expected a range a..b with a ≤ b, got 1.5"],
    [["--rate", "1.1"], "--rate: expected a number from 0 to 1, got 1.1"],
    [["--kind", "c"], "--kind: expected one of a, b, got c"],
    [["--out"], "--out"],
    [["--width", "-3..-1"], "Option '--width' argument is ambiguous; see --help"],
    [["--bare=1"], "--bare"],
    [["--maxOp", "1"], "Unknown option '--maxOp'; see --help"],
    [["extra"], "Unexpected argument 'extra'"],
  ])("refuses %j", (args, message) => {
    expect(() => readKnobs(args, knobs)).toThrow(UsageError);
    expect(() => readKnobs(args, knobs)).toThrow(message);
  });
});
