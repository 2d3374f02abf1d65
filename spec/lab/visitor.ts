import type { Browser, BrowserContext, BrowserContextOptions, Page, Worker } from "playwright-core";
import {
  type Attempt,
  type Measurement,
  measurementOf,
  type Written,
} from "../../src/experiment/measurements.ts";
import type { RunConfig } from "../../src/experiment/runs/run.ts";
import { PATIENCE } from "../browser/chromium.ts";

/** Somebody who uses the page. */
export interface Visitor {
  readonly page: Page;
  /** What the page complained about so far: errors, refused by its policy, requests elsewhere. */
  readonly complaints: readonly string[];
  press(name: string): Promise<void>;
  /** Waits until the newest run stands so. */
  status(status: string): Promise<void>;
  /** The files of the newest run, from the browser's storage. */
  files(): Promise<RunFiles>;
}

/** What a run's folder holds. */
export interface RunFiles {
  readonly config: RunConfig;
  /** What rows measured. */
  readonly measurements: Measurement[];
  /** How they came about. */
  readonly attempts: Attempt[];
}

/** Opens the page in a tab. @param hash what its address says, with `#` */
export async function visit(context: BrowserContext, address: string, hash = ""): Promise<Visitor> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !/^(blob|data):/.test(url)) complaints.push(url);
  });
  await page.goto(`${address}${hash}`);
  await page.getByRole("button", { name: "Start" }).waitFor();
  return {
    page,
    complaints,
    press: (name) => page.getByRole("button", { name, exact: true }).first().click(),
    status: (status) =>
      page.locator("table.runs tbody tr:first-child").getByText(status, { exact: true }).waitFor(),
    files: () => newestRun(page),
  };
}

/** A profile of its own: nothing is kept from another. */
export async function newProfile(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const profile = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  profile.setDefaultTimeout(PATIENCE);
  return profile;
}

/** The thread that trains, once it is there; others may have begun before it. */
export async function trainer(page: Page): Promise<Worker> {
  for (;;) {
    for (const worker of page.workers()) {
      const name = await worker.evaluate<string>("self.name").catch(() => "ended");
      if (name === "training") return worker;
    }
    await page.waitForTimeout(20);
  }
}

/** The newest of the page's runs. */
async function newestRun(page: Page): Promise<RunFiles> {
  const { config, written, attempts } = await page.evaluate(readNewestRun);
  return { config, measurements: written.map(measurementOf), attempts };
}

/** Runs in the page. */
export async function readNewestRun(): Promise<{
  config: RunConfig;
  written: Written[];
  attempts: Attempt[];
}> {
  const root = await navigator.storage.getDirectory();
  const runs = await root.getDirectoryHandle("runs");
  const names: string[] = [];
  for await (const name of (runs as unknown as { keys(): AsyncIterable<string> }).keys())
    names.push(name);
  const run = await runs.getDirectoryHandle(names.sort().at(-1) as string);
  const text = async (name: string): Promise<string> =>
    (await (await run.getFileHandle(name)).getFile()).text();
  // Rows have files of their own until the run ends.
  const texts = [await text("metrics.jsonl").catch(() => "")];
  type Folder = FileSystemDirectoryHandle & { values(): AsyncIterable<FileSystemHandle> };
  const below = async (folder: Folder): Promise<void> => {
    for await (const handle of folder.values())
      if (handle.kind === "directory") await below(handle as Folder);
      else if (handle.name.endsWith(".jsonl"))
        texts.push(await (await (handle as FileSystemFileHandle).getFile()).text());
  };
  const rows = await run.getDirectoryHandle("rows").catch(() => undefined);
  if (rows) await below(rows as Folder);
  const parsed = (content: string) =>
    content
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return {
    config: JSON.parse(await text("config.json")),
    written: parsed(texts.join("")),
    attempts: parsed(await text("attempts.jsonl").catch(() => "")),
  };
}

/** Measurements without what differs from run to run: how they came about. */
export const numbersOf = (measurements: readonly Measurement[]): unknown[] =>
  measurements.filter(({ kind }) => kind !== "attempt");
