/** Reports on a phone, on paper and for those who listen, in Chromium. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";
import { reportPage } from "../../src/experiment/report/page.ts";
import { reportOf } from "../../src/finetune/report/index.ts";
import { configOf, measure } from "../experiment/measured.ts";
import { recipeText, textOf, tunedLines } from "../finetune/report/fixture.ts";
import { launchChromium, PATIENCE } from "./chromium.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Runs in the page, after axe-core. */
const violations = async (): Promise<string[]> => {
  const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
  return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
};

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

const reports = {
  study: () =>
    reportPage([{ config: configOf(smokeRecipe, [0, 1]), measurements: [0, 1].flatMap(ofSeed) }]),
  "fine-tune": () => reportOf({ recipe: recipeText, metrics: textOf(tunedLines()) }),
};
const ofSeed = (seed: number) => measure(smokeRecipe, seed);

/** Runs in the page: what a reader does not see and is not told of, in words. */
function hidden(): string[] {
  const found: string[] = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) found.push("the page scrolls sideways");
  for (const element of document.querySelectorAll("svg, table, p, li, pre, h1, h2, h3, h4")) {
    const { left, right, width: shown } = element.getBoundingClientRect();
    const name = `${element.tagName} ${(element.getAttribute("aria-label") ?? element.textContent ?? "").slice(0, 40)}`;
    if (!element.checkVisibility() || shown === 0) continue;
    if (left < -1) found.push(`${name} begins at ${left}`);
    if (right > width + 1) {
      const box = element.closest(".figure, .scroll, figure");
      const style = box && getComputedStyle(box);
      const tells = style?.backgroundImage.includes("gradient") && style.overflowX === "auto";
      if (!tells) found.push(`${name} ends at ${right} of ${width}, and nothing tells`);
    }
    // Figures' letters are 12 px where nothing scales them.
    const drawn = Number(element.tagName === "svg" && element.getAttribute("width"));
    if (drawn && (12 * shown) / drawn < 9)
      found.push(`${name} has letters of ${(12 * shown) / drawn}`);
  }
  return found;
}

describe.each(Object.entries(reports))("the report of a %s", (name, report) => {
  let page: Page;
  beforeAll(async () => {
    page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.setContent(report());
  });

  test("hides nothing at 390 px without a sign, and has letters that can be read", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.locator("svg").count()).toBeGreaterThan(4);
    expect(await page.evaluate(hidden)).toEqual([]);
  });

  test("has nothing that axe finds wrong", async () => {
    // One style sheet for both, and axe takes seconds: each is looked at in one of its colours.
    await page.emulateMedia({ media: "screen", colorScheme: name === "study" ? "light" : "dark" });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.evaluate(axe);
    expect(await page.evaluate(violations)).toEqual([]);
  });

  test("is whole on paper, with keys and numbers", async () => {
    await page.emulateMedia({ media: "print" });
    // A4, landscape, less its margins.
    await page.setViewportSize({ width: 1032, height: 703 });
    expect(await page.evaluate(hidden)).toEqual([]);
    const clipped = await page.evaluate(() =>
      [...document.querySelectorAll(".figure, .scroll")]
        .filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1)
        .map((box) => box.textContent?.slice(0, 40)),
    );
    expect(clipped).toEqual([]);
    expect(await page.locator("table:visible").count()).toBeGreaterThan(0);
    expect(await page.locator(".key:visible, .legend:visible").count()).toBeGreaterThan(0);
  });
});
