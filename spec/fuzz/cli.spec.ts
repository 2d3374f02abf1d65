import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askedOf, commands } from "../../src/cli/commands.ts";
import type { Command } from "../../src/cli/terminal/command.ts";
import { failureText } from "../../src/cli/terminal/failure.ts";
import { hasUnseen } from "../../src/report/escape.ts";
import { openPlace, type Place } from "../cli/terminal.ts";
import { attack, mutants, mutateText } from "./mutants.ts";

/** An option as the help shows it, and what stands behind it there. */
type Option = readonly [name: string, value: string];

const optionsOf = ({ usage }: Command): readonly Option[] =>
  Array.from(usage.matchAll(/^ {2}(--[a-z][a-z\d-]*)(?: <([^>]*)>)?/gm), ([, name, value]) => [
    ...([name ?? "", value ?? ""] as const),
  ]);

const words = [
  ...["igsm", "countdown", "medcalc", "ifeval", "skills", "mini-igsm", "mini-medcalc", "smoke"],
  ...["mini-ifeval", "mini-countdown", "study", "paper", "sweep.json", "rows.jsonl", "empty"],
  ...["model.gguf", "none", "org/name", "../up", "", ".", "--", "-", "a\nb", "é\u0000", "toString"],
];
const numbers = [
  ...[
    "0",
    "1",
    "-1",
    "2",
    "3",
    "0.5",
    "1.5",
    "1e9",
    "1e999",
    "0x10",
    "NaN",
    "Infinity",
    "00",
    "+1",
  ],
  ...[" 1", "1_0", "9007199254740993", "4294967296", "2..3", "3..2", "-3..-1", "1..1e9", "7,8"],
  ...["7,", ",", "0,0", "512"],
];
const places = [
  ...["redis://h", "redis://u:p@h", "postgres://h/d", "http://[", "s3://b/p", "s3://", "redis://:"],
  ...["s3://b?endpoint=:", "redis://h:99999", "file:///", "mlflow=x", "mlflow=http://h/x"],
  ...["trackio=x", "tensorboard=logs", "https://h/%zz", "store", "rows.jsonl", "empty", "none"],
];
const odd = [
  ...["true", "null", "{}", "[]", "__proto__", "constructor", "\ud800", "\u001b[2J", "%zz", ""],
  ...["a".repeat(300), "csv,parquet", "anchored", "sft", "train", "reference", "nope", "f32", "q8"],
];

type Roll = (n: number) => number;
const pick = (list: readonly string[], roll: Roll): string => list[roll(list.length)] ?? "";

/** Mostly of the kind that is asked for. */
function valueFor(shown: string, roll: Roll): string {
  const lists = [words, numbers, places, odd];
  const own =
    roll(4) === 0
      ? (lists[roll(lists.length)] ?? odd)
      : shown.includes("|")
        ? shown.split("|")
        : /file|folder|model|text/.test(shown)
          ? words
          : /url|place|address|log/.test(shown)
            ? places
            : numbers;
  const value = pick(own, roll);
  return roll(12) === 0 ? mutateText(value, roll) : value;
}

/** A command line: some of the command's options, with values that may be anything. */
function line(
  options: readonly Option[],
  starts: readonly string[],
  roll: Roll,
): readonly string[] {
  const given = Array.from({ length: roll(5) }, (): readonly string[] => {
    const [name, shown] = options[roll(options.length)] ?? ["--x", ""];
    switch (roll(16)) {
      case 0:
        return [mutateText(name, roll)];
      case 1:
        return [name];
      case 2:
        return [`${name}=${valueFor(shown, roll)}`];
      default:
        return shown === "" ? [name] : [name, valueFor(shown, roll)];
    }
  });
  const start = roll(8) === 0 ? [pick(words, roll)] : starts.length > 0 ? [pick(starts, roll)] : [];
  return [...start, ...given.flat()];
}

const benchmarks = words.slice(0, 10);
/** What stands before a command's options. */
const starts: Readonly<Record<string, readonly string[]>> = {
  ...{ data: benchmarks, score: benchmarks, download: ["medcalc", "ifeval", "countdown"] },
  ...{ sweep: ["study", "smoke", "paper", "sweep.json"], report: ["empty", "run"] },
  ...{ watch: ["empty", "run"], diagnose: ["run", "rows.jsonl"], pull: ["org/name", "empty"] },
};
/** What they would fetch, start or draw is given: no network, no threads, few rows. */
const always: Readonly<Record<string, readonly string[]>> = {
  pretrain: ["--text", "empty", "--backend", "reference"],
  chat: ["--backend", "reference"],
  data: ["--count", "3"],
};

/** Stopped before it began: what costs time ends at once, what is wrong is said before that. */
const stopped = AbortSignal.abort();

describe("command lines", () => {
  let place: Place;
  beforeAll(async () => {
    place = await openPlace();
    await mkdir(join(place.folder, "empty"));
    await place.write("rows.jsonl", '{"prompt": "a", "response": "b", "text": "c"}\n');
    await place.write("sweep.json", '{"extends": "smoke", "seeds": 1}');
    await place.write("model.gguf", "GGUF");
  });
  afterAll(() => place.close());

  it.each(commands)("of $name come to an end, or are refused in one sentence", async (row) => {
    const command = await row.load();
    const options = optionsOf(command);
    expect(options.length).toBeGreaterThan(0);
    // The vectors are computed whatever stands behind their one option.
    const count = mutants(10 * commands.length, commands.length);
    const { fault, refused } = await attack(
      row.name === "vectors" ? Math.min(count, 5) : count,
      (roll) => [...line(options, starts[row.name] ?? [], roll), ...(always[row.name] ?? [])],
      async (args) => {
        const asked = askedOf([row.name, ...args]);
        if (asked.kind !== "run") return true;
        try {
          await place.run(command, asked.args, { signal: stopped });
          return true;
        } catch (error) {
          const said = failureText(error);
          // A stack would be a fault of ours; control characters would be obeyed.
          if (/\n\s+at /.test(said)) throw error;
          return said.length < 3000 && !said.split("\n").some(hasUnseen);
        }
      },
    );
    expect(fault).toBeUndefined();
    expect(refused).toBe(0);
  });

  it("whose command is misspelt are refused, or show what there is", async () => {
    const names = commands.map(({ name }) => name);
    const { fault } = await attack(
      mutants(500),
      (roll) => [mutateText(names[roll(names.length)] ?? "", roll), pick(odd, roll)],
      (given) => {
        try {
          return askedOf(given).kind !== undefined;
        } catch (error) {
          return !/\n\s+at /.test(failureText(error));
        }
      },
    );
    expect(fault).toBeUndefined();
  });
});
