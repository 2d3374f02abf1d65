import { readFileSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { unzipSync, zipSync } from "fflate";
import type { BrowserContext } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { report } from "../../src/cli/report.ts";
import { parseOptions } from "../../src/cli/study/options.ts";
import { runStudy } from "../../src/cli/study/study.ts";
import type { RowResult } from "../../src/experiment/measurements.ts";
import { reopenRun } from "../../src/experiment/runs/directory.ts";
import { summarize } from "../../src/experiment/summary/summary.ts";
import type { SeenToken } from "../../src/lab/tokens/protocol.ts";
import { percent } from "../../src/report/format.ts";
import { openPlace } from "../cli/terminal.ts";
import { tinyRecipe } from "../experiment/tiny.ts";
import { type Repeated, repeatInNode } from "./inNode.ts";
import { openLab } from "./site.ts";
import { newProfile, numbersOf, type RunFiles, visit } from "./visitor.ts";

const lab = openLab();
let profile: BrowserContext;
/** The default comparison, as the page did it. */
let first: RunFiles;
let repeated: Promise<Repeated>;
let address: string;

beforeAll(async () => {
  profile = await newProfile(lab.browser);
});

/** A token's bars, as text: the symbol and four shares. */
const linesOf = ({ symbols, ...shares }: SeenToken): string[][] =>
  symbols.map((symbol, i) => [
    symbol,
    ...(["snapshot", "anchor", "reference", "next"] as const).map(
      (model) => `${percent(shares[model]?.[i] as number)} %`,
    ),
  ]);

describe("the lab in Chromium", () => {
  test("runs the default comparison: fine-tuning forgets what Anchored Learning keeps", async () => {
    const visitor = await visit(profile, lab.site.address, "#engine=wasm");
    const { page } = visitor;
    address = await page.evaluate(() => location.hash);
    await visitor.press("Start");
    // A choice in the middle of training changes no number: the next test compares them all.
    await page.getByRole("combobox", { name: "Examples" }).selectOption("training");
    await page.getByRole("combobox", { name: "Question" }).selectOption({ index: 3 });
    await visitor.status("finished");
    first = await visitor.files();
    repeated = repeatInNode(first.config);
    const [base, sft, anchored] = summarize(first.config.recipe, [
      ...first.measurements,
      ...first.attempts,
    ]);
    const time = (row: typeof base): number => row?.seconds?.mean ?? Number.NaN;
    expect(time(base), "the base comes with the page").toBeLessThan(time(sft));
    expect(sft?.target.mean).toBeGreaterThanOrEqual(0.95);
    expect(anchored?.target.mean).toBeGreaterThanOrEqual(0.95);
    expect(sft?.drop.mean).toBeGreaterThanOrEqual(0.3);
    expect(anchored?.drop.mean).toBeLessThanOrEqual(0.15);
    await page.getByText(/^\d+ % of the bound, δ -?\d+ % of the way$/).waitFor();
    const certificates = page.locator("figure", {
      has: page.getByText("Steps against their bounds"),
    });
    await certificates.scrollIntoViewIfNeeded();
    await expect.poll(() => page.locator("svg .bar").count()).toBe(5);
    for (const stage of await page.locator("#train .stage").all()) {
      await stage.scrollIntoViewIfNeeded();
      await stage.locator("svg").waitFor();
    }
    expect(visitor.complaints).toEqual([]);
    await page.close();
  });

  test("shows any token of any example at every outer step, and keeps it in the link", async () => {
    const visitor = await visit(profile, lab.site.address, `${address}&token=training.3.0`);
    const { page } = visitor;
    const shown = page.locator(".distributions");
    const tokens = shown.getByRole("radio");
    const { response } = await (await repeated).see({ group: "training", index: 3 }, 1);
    const symbols = response.map(({ symbol }) => symbol);
    await expect.poll(() => tokens.allTextContents()).toEqual(symbols);
    await tokens.first().focus();
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowRight");
    const last = response.length - 1;
    expect(await tokens.nth(last).getAttribute("aria-checked")).toBe("true");
    expect(await page.evaluate(() => location.hash)).toContain(`token=training.3.${last}`);

    const outerStep = shown.getByRole("slider", { name: "Outer step" });
    await outerStep.fill("1");
    await shown.getByText("Outer step 2 of 5").waitFor();
    const bars = shown.locator("table.bars tbody tr");
    const cells = async () =>
      Promise.all((await bars.all()).map((row) => row.locator("th, td").allTextContents()));
    await expect.poll(cells).toEqual(linesOf(response[last] as SeenToken));

    for (const [name, group] of [
      ["the sign-off", "training"],
      ["a prior skill", "rev"],
    ] as const) {
      await shown.getByRole("button", { name }).click();
      await expect
        .poll(() => page.evaluate(() => location.hash))
        .toMatch(new RegExp(`token=${group}`));
    }
    expect(visitor.complaints).toEqual([]);
    await page.close();
  });

  test("computes what Node computes, to the bit", async () => {
    const { measurements } = await repeated;
    expect(numbersOf(first.measurements)).toEqual(numbersOf(measurements));
  });

  test("repeats a run from its link, on more threads, paused in between, and in a tab that is closed, to the same numbers", async () => {
    const other = await newProfile(lab.browser);
    await other.addInitScript(() =>
      Object.defineProperty(navigator, "hardwareConcurrency", { value: 3 }),
    );
    const visitor = await visit(other, lab.site.address, address);
    await visitor.press("Start");
    await visitor.press("Pause");
    await visitor.status("paused");
    await visitor.page.getByText(/Waits in/).waitFor();
    await visitor.press("Step");
    await visitor.status("paused");
    await visitor.press("Go on");
    await visitor.page.getByRole("row", { name: /SFT .* done in/ }).waitFor();
    await visitor.page.close({ runBeforeUnload: false });

    const again = await visit(other, lab.site.address);
    await again.page.getByText("This run was cut off").waitFor();
    await again.press("Go on");
    await again.status("finished");
    const { config, measurements } = await again.files();
    expect(config.device).toMatch(/2 threads/);
    expect(config.recipe).toEqual(first.config.recipe);
    expect(numbersOf(measurements)).toEqual(numbersOf(first.measurements));
    await other.close();
  });

  test("saves a run as the directory that the command line reads, and opens it again", async () => {
    const visitor = await visit(profile, lab.site.address);
    const { page } = visitor;
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: /^Save: / }).click(),
    ]);
    const zip = readFileSync(await saved.path());
    const name = saved.suggestedFilename().replace(/\.zip$/, "");
    const place = await openPlace();
    for (const [path, bytes] of Object.entries(unzipSync(zip))) {
      await mkdir(dirname(join(place.folder, path)), { recursive: true });
      await place.write(path, bytes);
    }
    const run = await reopenRun(join(place.folder, name));
    expect(run.config).toEqual(first.config);
    expect(numbersOf(run.measurements)).toEqual(first.measurements);
    const rows = first.measurements.filter((m): m is RowResult => m.kind === "row");
    for (const { row } of rows) expect(await run.checkpoints.load(`seed-0/${row}`)).toBeDefined();
    const { out } = await place.run(report, name);
    expect(out).toBe(`${place.folder}/${name}/report.html\n`);
    const written = await place.read(`${name}/report.html`);
    for (const { label } of first.config.recipe.rows) expect(written).toContain(label);
    expect(written).toContain(first.config.started);
    await place.close();

    const pressDelete = async (answer: "accept" | "dismiss"): Promise<void> => {
      page.once("dialog", (question) => void question[answer]());
      await page.getByRole("button", { name: /^Delete: / }).click();
    };
    await pressDelete("dismiss");
    expect(await visitor.files()).toEqual(first);
    await pressDelete("accept");
    await page.locator("table.runs tbody tr").waitFor({ state: "detached" });
    const file = { name: `${name}.zip`, mimeType: "application/zip", buffer: zip };
    await page.locator("input[type=file]").setInputFiles(file);
    await visitor.status("finished");
    expect(await visitor.files()).toEqual(first);
    expect(visitor.complaints).toEqual([]);
    await page.close();
  });

  test("opens a run of the command line, with its tokens", async () => {
    const place = await openPlace();
    const written = { write: () => true, isTTY: false } as unknown as NodeJS.WriteStream;
    const { signal } = new AbortController();
    await runStudy(parseOptions(["--backend", "wasm", "--threads", "1", "--name", "ours"]), {
      ...{ out: written, folder: place.folder, signal, recipe: tinyRecipe },
      versions: { anchorgrad: "0.0.0" },
    });
    const folder = join(place.folder, "runs", "ours");
    const files = await readdir(folder, { recursive: true, withFileTypes: true });
    const packed = files
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path)] as const);
    const buffer = Buffer.from(zipSync(Object.fromEntries(packed)));
    const { config, measurements } = await reopenRun(folder);

    const other = await newProfile(lab.browser);
    const visitor = await visit(other, lab.site.address);
    const file = { name: "ours.zip", mimeType: "application/zip", buffer };
    await visitor.page.locator("input[type=file]").setInputFiles(file);
    await visitor.status("finished");
    expect(await visitor.files()).toMatchObject({ config, measurements: numbersOf(measurements) });
    // The command line keeps no students of outer steps: the whole training is left.
    const shown = visitor.page.locator(".distributions");
    await shown.getByText(/, the whole training$/).waitFor();
    expect(await shown.getByRole("radio").count()).toBeGreaterThan(1);
    expect(visitor.complaints).toEqual([]);
    await other.close();
    await place.close();
  });
});
