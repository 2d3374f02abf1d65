import { describe, expect, test, vi } from "vitest";
import type { Measurement } from "../../src/experiment/measurements.ts";
import type { RunConfig } from "../../src/experiment/run.ts";
import { firefoxPath, openFirefox, type Tab } from "./firefox.ts";
import { repeatInNode } from "./inNode.ts";
import { builtPage, serveSite } from "./site.ts";
import { numbersOf } from "./visitor.ts";

const absent = firefoxPath === undefined;
const reason = absent ? " (skipped: install Firefox or set FIREFOX to its path)" : "";
const PATIENT = { timeout: 120_000, interval: 200 };

/** Keeps what goes wrong in the page from now on. */
const LISTEN = `
  window.complaints = [];
  addEventListener("error", ({ message }) => complaints.push(message));
  addEventListener("unhandledrejection", ({ reason }) => complaints.push(String(reason)));`;

const NEWEST_RUN = `return (async () => {
  const root = await navigator.storage.getDirectory();
  const runs = await root.getDirectoryHandle("runs");
  const names = await Array.fromAsync(runs.keys());
  const run = await runs.getDirectoryHandle(names.sort().at(-1));
  const text = async (name) => (await (await run.getFileHandle(name)).getFile()).text();
  return { config: await text("config.json"), metrics: await text("metrics.jsonl") };
})();`;

const press = (tab: Tab, name: string): Promise<void> =>
  tab.run(`const named = (e) => e.textContent.trim() === ${JSON.stringify(name)};
    [...document.querySelectorAll("button, a")].find(named).click();`);

describe.skipIf(absent)(`the lab in Firefox${reason}`, () => {
  test("runs the default comparison to the numbers of Node, and shows every view", async () => {
    await using site = await serveSite(await builtPage());
    await using tab = await openFirefox(firefoxPath as string);
    await tab.open(`${site.address}#engine=wasm`);
    await tab.run(LISTEN);
    await vi.waitUntil(
      () => tab.run("return document.querySelector('.controls .primary')"),
      PATIENT,
    );
    await press(tab, "Start");
    const state = "return document.querySelector('table.runs tbody tr')?.innerText ?? ''";
    await vi.waitUntil(async () => /finished|failed/.test(await tab.run<string>(state)), PATIENT);
    expect(await tab.run(state)).toContain("finished");

    const { config, metrics } = await tab.run<{ config: string; metrics: string }>(NEWEST_RUN);
    const lines = metrics.trim().split("\n");
    const measurements = lines.map((line) => JSON.parse(line) as Measurement);
    const repeated = await repeatInNode(JSON.parse(config) as RunConfig);
    expect(numbersOf(measurements)).toEqual(numbersOf(repeated.measurements));

    for (const [view, heading] of [
      ["How it works", "How it works"],
      ["Simplex", "Three tokens"],
      ["Program", "A training step, taken apart"],
    ] as const) {
      await press(tab, view);
      const shown = `return [...document.querySelectorAll("h2, h3")].some((e) => e.checkVisibility() && e.innerText.includes(${JSON.stringify(heading)}))`;
      await vi.waitUntil(() => tab.run(shown), PATIENT);
    }
    expect(await tab.run("return complaints")).toEqual([]);
  });
});
