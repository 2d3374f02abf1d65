import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults, RunOptions } from "axe-core";
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { logSoftmax } from "../../src/lab/simplex/distributions.ts";
import { spoken } from "../../src/lab/simplex/handles.ts";
import { readState } from "../../src/lab/simplex/state.ts";
import { PATIENCE } from "../browser/chromium.ts";
import { openLab } from "./site.ts";

type ColorScheme = NonNullable<BrowserContextOptions["colorScheme"]>;

const lab = openLab();

interface View extends AsyncDisposable {
  readonly page: Page;
  readonly complaints: readonly string[];
}

/** Opens a view in a tab of its own. @param hash what the address says after `#` */
async function open(hash: string, options: BrowserContextOptions = {}): Promise<View> {
  const context = await lab.browser.newContext({
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(`${lab.site.address}#${hash}`);
  await page.locator("main > section:visible h2").first().waitFor();
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

const parameter = (page: Page, name: string): Promise<string | null> =>
  page.evaluate((key) => new URLSearchParams(location.hash.slice(1)).get(key), name);

/** Waits until the address has taken a change in. */
const settled = (page: Page, name: string): Promise<unknown> =>
  page.waitForFunction((key) => new URLSearchParams(location.hash.slice(1)).has(key), name);

describe("the simplex", () => {
  const handle = (page: Page, chart: string, name: string): Locator =>
    page.getByRole("group", { name: chart }).getByRole("slider", { name });

  test("is moved by the keyboard, says where it is, and is in the address", async () => {
    await using view = await open("view=simplex");
    const { page } = view;
    const p = handle(page, "Probabilities", "the snapshot");
    expect(await p.getAttribute("aria-valuetext")).toBe("curt 72.0 %, worked 25.0 %, alien 3.00 %");
    await p.focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
    const now = async (): Promise<number> => Number(await p.getAttribute("aria-valuenow"));
    await expect.poll(now).toBeLessThan(69);
    await page.keyboard.press("Shift+ArrowLeft");
    // Five steps back.
    await expect.poll(now).toBeCloseTo(72, 0);
    await page.keyboard.press("ArrowUp");
    const text = (of: Page, chart: string, name: string) =>
      handle(of, chart, name).getAttribute("aria-valuetext");
    const snapshot = (): Promise<string | null> => text(page, "Probabilities", "the snapshot");
    // Five steps there and back end at 2.99 or 3.00; one step up is beyond 4.
    await expect.poll(snapshot).toMatch(/alien 4\.\d+ %$/);
    expect(await page.locator(".preset-text").textContent()).toContain("Changed from");

    // The address follows once the handle rests.
    await settled(page, "x.p");
    const linked = async (): Promise<string> => {
      const address = new URLSearchParams(await page.evaluate(() => location.hash.slice(1)));
      return spoken(logSoftmax(readState(address).p), ["curt", "worked", "alien"]);
    };
    await expect.poll(linked).toBe(await snapshot());

    const link = await page.evaluate(() => location.hash);
    // Read before the other tab opens: a tab behind it draws no more frames.
    const shown = async (of: Page): Promise<(string | null)[]> => {
      const texts = [];
      for (const chart of ["Probabilities", "Log-odds"])
        for (const name of ["the snapshot", "the fine-tuned reference"])
          texts.push(await text(of, chart, name));
      return texts;
    };
    const here = await shown(page);
    await using again = await open(link.slice(1));
    await expect.poll(() => shown(again.page)).toEqual(here);
    expect([...view.complaints, ...again.complaints]).toEqual([]);
  });

  test("is dragged by the pointer, in either drawing", async () => {
    await using view = await open("view=simplex");
    const { page } = view;
    for (const chart of ["Probabilities", "Log-odds"]) {
      const s = handle(page, chart, "the fine-tuned reference");
      await s.scrollIntoViewIfNeeded();
      const box = await s.locator(".mark").boundingBox();
      if (!box) throw new Error("no handle");
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      const before = await s.getAttribute("aria-valuetext");
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x - 40, y - 60, { steps: 4 });
      await page.mouse.up();
      await expect.poll(() => s.getAttribute("aria-valuetext")).not.toBe(before);
      const after = await s.locator(".mark").boundingBox();
      // In the plane the scale may have changed once the pointer let go.
      if (chart === "Probabilities")
        expect(Math.abs((after?.x ?? 0) - (box.x - 40))).toBeLessThan(2);
    }
    expect(view.complaints).toEqual([]);
  });

  test("shows counterexamples as what they are", async () => {
    await using view = await open("view=simplex");
    const { page } = view;
    await page.getByRole("button", { name: "KL(new‖old) has no linear bound" }).click();
    const row = page.getByRole("row", { name: /KL\(q‖p\) ≤ w·KL\(s‖p\)/ });
    await expect.poll(() => row.textContent()).toContain("13.3 > 6.91");
    expect(await row.textContent()).toContain("✗ fails here (no theorem)");
    expect(await row.textContent()).toContain("✓ holds (theorem)");
    await settled(page, "x.preset");
    expect(await parameter(page, "x.preset")).toBe("reverse");
    expect(view.complaints).toEqual([]);
  });

  test("says what is wrong with a link", async () => {
    await using view = await open("view=simplex&x.alpha=7");
    const notice = view.page.getByRole("alert");
    expect(await notice.textContent()).toContain("a number from 0 to 1 for x.alpha, got 7");
  });
});

describe("the program", () => {
  test("lists a training step, finds operations and opens their kernels", async () => {
    await using view = await open("view=program&g.engine=wasm");
    const { page } = view;
    await page.getByText(/Traced on WebAssembly/).waitFor();
    const rows = page.locator(".steps tbody tr:not(.group)");
    expect(await rows.count()).toBeGreaterThan(50);
    await page.getByRole("searchbox").fill("backward q_proj");
    await expect.poll(() => rows.count()).toBeLessThan(5);
    await page.locator(".steps").getByRole("button", { name: "matmul" }).first().click();
    await page.getByText("export function matmul(").first().waitFor();
    await page.locator(".details").getByRole("button").first().click();
    expect(await page.locator(".details").count()).toBe(2);
    expect(view.complaints).toEqual([]);
  });
});

test.each([
  ["webgl2", "#version 300 es"],
  ["webgpu", "@compute"],
])("the program shows what %s compiled", async (engine, text) => {
  await using view = await open(`view=program&g.engine=${engine}`);
  const { page } = view;
  await page.getByText(`Traced on ${engine}`).waitFor();
  await page.locator(".steps").getByRole("button", { name: "matmul" }).first().click();
  await page.locator(".sources pre", { hasText: text }).first().waitFor({ state: "attached" });
  expect(view.complaints).toEqual([]);
});

test("the first view has a verdict and a picture, few words and no empty place", async () => {
  await using view = await open("");
  // The recorded run plays meanwhile, and draws what it shows anew.
  const seen = () =>
    view.page.evaluate(() => {
      /** Numbers of axes and symbols of answers are none. */
      const WORD = /\p{L}[\p{L}’-]+/gu;
      const isShown = (e: Element): boolean => {
        const { width, height, top, bottom } = e.getBoundingClientRect();
        return e.checkVisibility() && width > 1 && height > 1 && bottom > 0 && top < innerHeight;
      };
      const isWhole = (e: Element): boolean =>
        isShown(e) && e.getBoundingClientRect().bottom <= innerHeight;
      let words = 0;
      const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const { parentElement, textContent } = texts.currentNode;
        if (parentElement && isShown(parentElement)) words += textContent?.match(WORD)?.length ?? 0;
      }
      const verdict = /Anchored Learning learned as much/;
      return {
        verdict: [...document.querySelectorAll("p, h2, h3, strong")].some(
          (e) => verdict.test(e.textContent ?? "") && isWhole(e),
        ),
        picture: [...document.querySelectorAll("svg")].some(
          (e) => e.querySelector("path, circle") !== null && isWhole(e),
        ),
        isShort: words > 60 && words <= 250,
        empty: [...document.querySelectorAll("aside, section, figure, .first > *")]
          .filter((e) => isShown(e) && !e.textContent?.trim() && !e.querySelector("svg"))
          .map((e) => e.outerHTML),
      };
    });
  await expect.poll(seen).toEqual({ verdict: true, picture: true, isShort: true, empty: [] });
});

test("the explanation leads to the simplex", async () => {
  await using view = await open("view=explain");
  const { page } = view;
  const alpha = page.getByRole("slider", { name: "α" }).first();
  await alpha.fill("0.5");
  await page.getByText("With α = 0.50 and T = 2 exact steps").waitFor();
  await page.getByRole("link", { name: "An alien habit is refused" }).click();
  await page.getByText(/The logit path turns at 0\.67 only/).waitFor();
  expect(view.complaints).toEqual([]);
});

declare const axe: { run(context: string, options: RunOptions): Promise<AxeResults> };
const axeSource = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

describe("everybody can use", () => {
  /** A page keeps its place when its colours change; how wide a phone is, it finds when it opens. */
  const looks: readonly (readonly [string, readonly ColorScheme[], BrowserContextOptions])[] = [
    ["light and dark", ["light", "dark"], {}],
    ["on a phone", ["light"], { viewport: { width: 360, height: 740 } }],
  ];
  const views = [
    ["the explanation", "view=explain"],
    ["the simplex", "view=simplex&x.preset=certificate&x.power=0.5"],
    ["the program", "view=program&g.engine=wasm"],
  ] as const;
  const cases = views.flatMap(([name, hash]) =>
    looks.map(([look, colors, options]) => ({ name, hash, look, colors, options })),
  );

  test.each(cases)("$name, $look", async ({ hash, colors, options }) => {
    await using view = await open(hash, options);
    const { page } = view;
    if (hash.includes("program")) {
      await page.getByText(/Traced on/).waitFor();
      await page.locator(".steps .link").first().click();
      await page.locator(".sources pre").first().waitFor();
    }
    await page.evaluate(axeSource);
    for (const colorScheme of colors) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await page.evaluate(() =>
        axe.run("main", { resultTypes: ["violations"] }),
      );
      const found = violations.map(({ id, nodes }) => [
        id,
        nodes.map(({ html }) => html).slice(0, 3),
      ]);
      expect(found, colorScheme).toEqual([]);
      const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(width, `nothing sticks out, ${colorScheme}`).toBeLessThanOrEqual(0);
    }
  });
});

describe("whatever the width", () => {
  test("no section scrolls sideways on a phone", async () => {
    await using view = await open("view=train", { viewport: { width: 360, height: 740 } });
    const { page } = view;
    for (const name of ["train", "model", "explain", "simplex"]) {
      await page.evaluate((hash) => location.assign(hash), `#view=${name}`);
      await page.locator(`#${name} :is(h2, h3)`).first().waitFor({ state: "attached" });
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width, name).toBeLessThanOrEqual(360);
    }
  });

  test("there is room for the verdict before there is one", async () => {
    await using view = await open("view=train");
    const { page } = view;
    await page.getByText(/Anchored Learning learned as much/).waitFor();
    for (const width of [320, 390, 640, 700, 1000, 1200, 1280, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      const { height, kept } = await page.locator("#train .verdict").evaluate((element) => ({
        height: element.getBoundingClientRect().height,
        kept: Number.parseFloat(getComputedStyle(element).minHeight),
      }));
      expect(height, `${width} pixels`).toBeLessThanOrEqual(kept + 0.5);
    }
  });
});
