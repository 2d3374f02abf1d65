import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildSite } from "../../docs/site/build.mjs";
import { statementsOf } from "../../docs/site/declarations.mjs";
import { launchChromium } from "../browser/chromium.ts";
import { root } from "./blocks.ts";
import { builtPackage } from "./built.ts";

/** Finds what keeps people out who use a keyboard or a screen reader. */
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
/** However busy the machine is, ms. */
const PATIENT = { timeout: 600_000 };

let folder: string;
let site: string;
let pages: readonly string[];
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-site-"));
  site = join(folder, "site");
  // The lab has specs of its own.
  const lab = join(folder, "lab");
  await mkdir(lab);
  await writeFile(join(lab, "index.html"), "<!doctype html><title>The lab</title>");
  pages = await buildSite({ out: site, dist: join(await builtPackage(), "dist"), lab });
  browser = await launchChromium();
}, PATIENT.timeout);
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

const htmlOf = (path: string): Promise<string> => readFile(join(site, path), "utf8");
const idsOf = (html: string): ReadonlySet<string> =>
  new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id = ""]) => id));

describe("the documentation's site", () => {
  test("has links that lead to a page of it, and to a place on that page", async () => {
    const htmls = new Map<string, string>();
    for (const page of [...pages, "lab/index.html"]) htmls.set(page, await htmlOf(page));
    for (const [page, html] of htmls)
      for (const [, target = ""] of html.matchAll(/<a [^>]*?href="([^"]+)"/g)) {
        if (/^https?:/.test(target)) continue;
        const [path = "", id] = target.split("#");
        const there = path === "" ? page : normalize(join(dirname(page), path));
        expect([...htmls.keys()], `${page}: ${target}`).toContain(there);
        if (id)
          expect(idsOf(htmls.get(there) ?? ""), `${page}: ${target}`).toContain(decodeURI(id));
      }
  });

  test("has titles as people write them, and every page in its place", async () => {
    const nav = /<nav[\s\S]*?<\/nav>/.exec(await htmlOf("study.html"))?.[0] ?? "";
    expect(nav).toContain(">The study's protocol</a>");
    for (const page of pages) {
      const [, title = ""] = /<title>([^<]*)/.exec(await htmlOf(page)) ?? [];
      expect(title, page).not.toMatch(/&amp;(?:#|\w+;)/);
    }
    // A page that nobody has put into the order comes last.
    expect(
      nav
        .match(/href="[a-z]+\.html"/g)
        ?.slice(0, 17)
        .at(-1),
    ).toBe('href="faq.html"');
  });

  test("describes every export of every entry of the package", PATIENT, async () => {
    const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      readonly exports: Readonly<Record<string, { readonly types?: string }>>;
    };
    for (const [entry, { types }] of Object.entries(exports)) {
      if (!types) continue;
      const source = types.replace("./dist/", "../../").replace(".d.ts", ".ts");
      const module: object = await import(/* @vite-ignore */ new URL(source, import.meta.url).href);
      const name = entry === "." ? "anchorgrad" : `anchorgrad-${entry.slice(2)}`;
      const html = await htmlOf(`api/${name}.html`);
      for (const each of Object.keys(module))
        expect(html, `${entry}: ${each}`).toMatch(
          new RegExp(`id="${each}"|href="${name}-${each}.html"`),
        );
    }
    expect(await htmlOf("api/anchorgrad-ops.html")).toMatch(/id="matmul"[\s\S]*Throws/);
  });

  test("says of every export what it is", async () => {
    const bare: string[] = [];
    for (const page of pages.filter((path) => path.startsWith("api/")))
      for (const [section, id] of (await htmlOf(page)).matchAll(
        /<section class="symbol"><h3 id="(\w+)">[\s\S]*?<\/section>/g,
      ))
        if (!/<(p|ul)\b/.test(section.replaceAll(/<pre[\s\S]*?<\/pre>/g, "")))
          bare.push(`${page}: expected a doc comment of ${id}, got none`);
    expect(bare).toEqual([]);
  });

  test("has an index in which everything is a place that there is", async () => {
    const script = await readFile(join(site, "search-index.js"), "utf8");
    const index = JSON.parse(script.slice(script.indexOf("["), script.lastIndexOf("]") + 1)) as {
      readonly page: string;
      readonly id: string;
    }[];
    expect(index.length).toBeGreaterThan(200);
    const ids = new Map<string, ReadonlySet<string>>();
    for (const page of pages) ids.set(page, idsOf(await htmlOf(page)));
    for (const { page, id } of index)
      if (id !== "") expect(ids.get(page), `${page}#${id}`).toContain(id);
  });
});

describe.each([
  ["light", 1280, ["index.html", "results.html", "api/anchorgrad-random.html"]],
  ["dark", 390, ["results.html", "autodiff.html"]],
] as const)("in a browser, %s, %i wide", (colorScheme, width, paths) => {
  test.each(paths)("%s is accessible, and no wider than the screen", PATIENT, async (path) => {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    page.setDefaultTimeout(PATIENT.timeout);
    const errors: unknown[] = [];
    page.on("pageerror", (error) => errors.push(error));
    await page.goto(pathToFileURL(join(site, path)).href);
    await page.addScriptTag({ path: axe });
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<{ violations: object[] }> } }).axe.run(),
    );
    expect(violations).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(width);
    expect(errors).toEqual([]);
    await page.close();
  });
});

test(
  "the search finds a function and a section, from files, without a server",
  PATIENT,
  async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENT.timeout);
    await page.goto(pathToFileURL(join(site, "api/anchorgrad.html")).href);
    await page.keyboard.press("/");
    await page.keyboard.type("crossEntropy");
    await page.locator("#found a").first().waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/#crossEntropy$/);
    await page.locator("#search").fill("held-out rows");
    await page.locator("#found a", { hasText: "Train" }).first().click();
    await page.waitForURL(/tutorial\.html#train$/);
    await page.locator("#search").fill("zzzz");
    await expect.poll(() => page.locator("#found").innerText(), PATIENT).toBe("Nothing found");
    await page.close();
  },
);

test("statementsOf(text) takes declarations apart", () => {
  const text = `/** Above. */
import { a } from "./a.js";
/**
 * One;
 * { two
 */
export declare function f(x: "}"): {
    /** ; */
    y: number;
};
export type T = "{" | 1;
declare const z: number;
export { z as zed };
`;
  expect(statementsOf(text)).toEqual([
    { comment: "Above.", code: 'import { a } from "./a.js";' },
    {
      comment: "One;\n{ two",
      code: 'export declare function f(x: "}"): {\n    /** ; */\n    y: number;\n};',
    },
    { comment: "", code: 'export type T = "{" | 1;' },
    { comment: "", code: "declare const z: number;" },
    { comment: "", code: "export { z as zed };" },
  ]);
});
