import { mkdir, readFile } from "node:fs/promises";
import { parquetReadObjects } from "hyparquet";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { report } from "../../src/cli/report.ts";
import { UsageError } from "../../src/cli/terminal/usage.ts";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";
import { createRun } from "../../src/experiment/runs/directory.ts";
import { DataError } from "../../src/tensor/errors.ts";
import { otherScores } from "../experiment/summary/scores.ts";
import { openPlace, type Place } from "./terminal.ts";

let place: Place;
beforeEach(async () => {
  place = await openPlace();
  for (const name of ["b", "a"]) {
    const recipe = { ...smokeRecipe, name };
    const run = await createRun(`${place.folder}/runs/both/${name}`, {
      ...{ recipe, seeds: [0], backend: "reference", device: "plain loops" },
      numerics: { class: "reference", version: 1 },
      ...{ versions: { anchorgrad: "0.1.0" }, started: "2026-01-02T03:04:05.000Z" },
    });
    for (const [i, { id }] of recipe.rows.entries())
      await run.record({
        ...otherScores,
        ...{ kind: "row", seed: 0, row: id, target: i / 12, prior: { rev: 1 }, signOff: 0 },
        ...{ klFromBase: 0, klToBase: 0 },
      });
  }
});
afterEach(() => place.close());

describe("anchorgrad report", () => {
  it("writes one page about the runs of a folder, in the order of their names", async () => {
    const { finished, out } = await place.run(report, "runs/both");
    expect(finished).toBe(true);
    expect(out).toBe(`${place.folder}/runs/both/report.html\n`);
    const page = await place.read("runs/both/report.html");
    expect(page.match(/<h2 id="\w+"/g)).toEqual(['<h2 id="a"', '<h2 id="b"']);
  });

  it("takes several folders, writes where it is told to, and every table as a file", async () => {
    const { out } = await place.run(
      report,
      "runs/both/b runs/both/a --out x/y.html --export csv,parquet --tables tables",
    );
    const files = out.trim().split("\n");
    expect(files.at(-1)).toBe(`${place.folder}/x/y.html`);
    expect(files[0]).toBe(`${place.folder}/tables/b-results.csv`);
    const lines = (await place.read("tables/a-results.csv")).trim().split("\r\n");
    expect(lines).toHaveLength(1 + smokeRecipe.rows.length);
    expect(files[1]).toBe(`${place.folder}/tables/b-results.parquet`);
    const written = await readFile(`${place.folder}/tables/a-results.parquet`);
    expect(await parquetReadObjects({ file: written.buffer as ArrayBuffer })).toHaveLength(
      smokeRecipe.rows.length,
    );
    expect(await place.read("x/y.html")).toContain('<h2 id="b"');
  });

  it("compares rows with one of them, of the families that are asked for", async () => {
    const { rows } = smokeRecipe;
    const [other] = rows.filter(({ family }) => family === "anchored");
    const { out } = await place.run(report, `runs/both/a --markdown --against ${other?.id}`);
    const lines = out.split("\n").filter((line) => line.startsWith("| "));
    // A head, the row itself, and all but it and the base.
    expect(lines).toHaveLength(rows.length);
    expect(lines[1]).toContain(`**${other?.label}**`);
    const few = await place.run(
      report,
      `runs/both/a --markdown --against ${other?.id} --families sft`,
    );
    expect(few.out.split("\n").filter((line) => line.startsWith("| "))).toHaveLength(
      2 + rows.filter(({ family }) => family === "sft").length,
    );
    for (const [args, message] of [
      ["--against nobody", "--against: expected --markdown beside it"],
      ["--markdown --families sft", "--families: expected --against beside it"],
      ["--markdown --against nobody", `--against: expected a row of a (base, `],
      [
        `--markdown --against ${other?.id} --families sft,none`,
        "--families: expected families of a (",
      ],
    ] as const)
      await expect(place.run(report, `runs/both/a ${args}`)).rejects.toThrow(message);
  });

  it("prints Markdown and writes no page", async () => {
    const { out } = await place.run(report, "runs/both/a --markdown");
    expect(out.split("\n")[0]).toMatch(/^\| method \| row \| target, %/);
    await expect(place.read("runs/both/a/report.html")).rejects.toThrow();
  });

  it("prints what several runs have in common side by side", async () => {
    const { out } = await place.run(report, "runs/both --markdown");
    const [a, b, joint] = out.split(/^### .*$/m).slice(1);
    expect(b).toBe(a);
    const lines = joint?.split("\n").filter((line) => line.startsWith("|")) ?? [];
    expect(lines[0]).toBe("|  | a | b |");
    expect(lines).toHaveLength(2 + smokeRecipe.rows.length);
    // The second row of each run: 1 of 12 on the target, and nothing lost.
    expect(lines[3]).toBe(`| ${smokeRecipe.rows[1]?.label} | 8.3 / 0.0 | 8.3 / 0.0 |`);
    expect(joint).toContain("Means over seed 0.");
  });

  it("says of a fine-tune's folder where its page is", async () => {
    await mkdir(`${place.folder}/tuned`);
    await place.write("tuned/recipe.json", "{}");
    const refused = (): Promise<unknown> => place.run(report, "tuned");
    await expect(refused()).rejects.toThrow(
      "tuned: expected a study's run, got a fine-tune, which writes its page when it ends",
    );
    const page = await place.write("tuned/report.html", "");
    await expect(refused()).rejects.toThrow(`got a fine-tune, whose page is ${page}`);
  });

  it.each([
    ["", UsageError, "report: expected the folder of a run, got none"],
    ["runs/both --colour red", UsageError, "Unknown option '--colour'"],
    ["runs/none", DataError, "runs/none: expected a run, or a folder of runs, got neither"],
  ])("refuses %j", async (args, kind, message) => {
    await expect(place.run(report, args)).rejects.toThrow(kind);
    await expect(place.run(report, args)).rejects.toThrow(message);
  });
});
