import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { measurementOf } from "../../src/experiment/measurements.ts";
import { PATIENCE } from "../browser/chromium.ts";
import { writeTinyModel } from "../finetune/tinyModel.ts";
import { firefoxPath, openFirefox, type Tab } from "./firefox.ts";
import { repeatInNode } from "./inNode.ts";
import { answerIn, answerOf } from "./model/tab.ts";
import { builtPage, serveSite } from "./site.ts";
import { numbersOf, readNewestRun } from "./visitor.ts";

const absent = firefoxPath === undefined;
const reason = absent ? " (skipped: npm run firefox, or set FIREFOX to its path)" : "";
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
  test("opens a model of one's own, and answers as the command line does", async () => {
    const folder = await mkdtemp(join(tmpdir(), "anchorgrad-own-"));
    try {
      await writeTinyModel(folder);
      await using site = await serveSite(await builtPage());
      await using tab = await openFirefox(firefoxPath as string);
      await tab.open(`${site.address}#view=model`);
      await tab.run(LISTEN);
      const here = (what: string): Promise<boolean> =>
        vi.waitUntil(() => tab.run<boolean>(`return Boolean(${what})`), PATIENT);
      const box = "document.querySelector('section[aria-label=\"The model\"]')";
      await here(box);
      const files = await Promise.all(
        (await readdir(folder)).map(async (name) => [
          name,
          (await readFile(join(folder, name))).toString("base64"),
        ]),
      );
      await tab.run(`
        ${box}.querySelector("select").value = "wasm";
        const input = ${box}.querySelector("[aria-label$=' files']");
        const data = new DataTransfer();
        for (const [name, text] of ${JSON.stringify(files)})
          data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
        input.files = data.files;
        input.dispatchEvent(new Event("change"));`);
      await here(`/ parameters, .* on wasm /.test(document.body.textContent)`);
      await tab.run(`
        document.querySelector("[aria-label='What to say']").value = "ab";
        [...document.querySelectorAll("button")].find((e) => e.textContent === "Ask").click();`);
      const said = "document.querySelector('.voices .said')";
      const asked = "[...document.querySelectorAll('button')].find((e) => e.textContent === 'Ask')";
      await here(`${said}?.textContent && !${asked}.disabled`);
      const answer = answerIn(await tab.run<string>(`return ${said}.textContent`));
      expect(answer).toBe(await answerOf(folder, undefined, "ab"));
      expect(await tab.run("return complaints")).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

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
