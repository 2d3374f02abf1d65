import { describe, expect, test, vi } from "vitest";
import { measurementOf } from "../../src/experiment/measurements.ts";
import { PATIENCE } from "../browser/chromium.ts";
import { firefoxPath, openFirefox, type Tab } from "./firefox.ts";
import { repeatInNode } from "./inNode.ts";
import { builtPage, serveSite } from "./site.ts";
import { numbersOf, readNewestRun } from "./visitor.ts";

const absent = firefoxPath === undefined;
const reason = absent ? " (skipped: install Firefox or set FIREFOX to its path)" : "";
const PATIENT = { timeout: PATIENCE, interval: 200 };

/** Keeps what goes wrong in the page from now on. */
const LISTEN = `
  window.complaints = [];
  addEventListener("error", ({ message }) => complaints.push(message));
  addEventListener("unhandledrejection", ({ reason }) => complaints.push(String(reason)));`;

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

    const { config, written } = await tab.run<Awaited<ReturnType<typeof readNewestRun>>>(
      `return (${readNewestRun})();`,
    );
    const repeated = await repeatInNode(config);
    expect(numbersOf(written.map(measurementOf))).toEqual(numbersOf(repeated.measurements));

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
