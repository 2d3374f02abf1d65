import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { openLab, serveSite } from "./site.ts";
import { newProfile, trainer, type Visitor, visit } from "./visitor.ts";

const lab = openLab();

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe-core finds wrong for people who use a keyboard or a screen reader. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }).axe.run(),
  );
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join(" ")}`);
}

/** Runs in the page: when it first showed something, ms after it was asked for. */
const firstPaint = (): Promise<number> =>
  new Promise((resolve) => {
    new PerformanceObserver((list) => {
      const [paint] = list.getEntriesByName("first-contentful-paint");
      if (paint) resolve(paint.startTime);
    }).observe({ type: "paint", buffered: true });
  });

/** Both methods train, one step of the challenger's. */
const SHORT = "#engine=wasm&T=1&K=1";

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of the thread's own time. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** How long the page's thread was at work without a break, ms: its own time, which does not depend
 * on what else the machine does. */
function longestTasks(trace: Buffer): { readonly all: number; readonly longest: number[] } {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const main = traceEvents.filter(
    ({ name, args }) => name === "thread_name" && args.name === "CrRendererMain",
  );
  const times = main.flatMap(({ pid, tid }) =>
    traceEvents
      .filter((e) => e.pid === pid && e.tid === tid && e.name === "RunTask" && e.ph === "X")
      .map(({ tdur = 0 }) => tdur / 1000),
  );
  times.sort((a, b) => b - a);
  return { all: times.length, longest: times.slice(0, 5).map(Math.round) };
}

describe("the page", () => {
  test("weighs at most 1.5 MB, gzipped, without the base models", () => {
    const bytes = [...lab.site.files]
      .filter(([path]) => !path.endsWith(".safetensors"))
      .map(([, file]) => gzipSync(file).length);
    const total = bytes.reduce((sum, n) => sum + n, 0);
    console.log(`page weight: ${Math.round(total / 1000)} kB gzipped`);
    expect(total).toBeLessThan(1.5e6);
  });

  test("loads at most 60 kB, gzipped, before one can start", async () => {
    const profile = await newProfile(lab.browser);
    const page = await profile.newPage();
    await page.goto(lab.site.address);
    await page.waitForFunction(() => performance.getEntriesByName("ready").length > 0);
    const paths = await page.evaluate(() => {
      const ready = performance.getEntriesByName("ready")[0]?.startTime ?? 0;
      const loaded = performance.getEntriesByType("resource").filter((r) => r.startTime < ready);
      return ["/index.html", ...loaded.map(({ name }) => new URL(name).pathname)];
    });
    const sizes = [...new Set(paths)].map(
      (path) => gzipSync(lab.site.files.get(path) ?? "").length,
    );
    const total = sizes.reduce((sum, n) => sum + n, 0);
    console.log(`first view: ${Math.round(total / 1000)} kB gzipped in ${sizes.length} files`);
    expect(total).toBeGreaterThan(10e3);
    expect(total).toBeLessThan(60e3);
    await profile.close();
  });

  test("says whether the base comes with it, whatever the address becomes", async () => {
    const profile = await newProfile(lab.browser);
    const { page } = await visit(profile, lab.site.address, "#seed=99");
    const first = page.getByText("Its base is pre-trained first, then kept.");
    const there = page.getByText("Its base comes with the page.");
    await first.waitFor({ state: "attached" });
    for (const hash of ["#seed=2", "#recipe=full&seed=1", "#recipe=mini-medcalc"]) {
      await page.evaluate((next) => location.assign(next), hash);
      await there.waitFor({ state: "attached" });
      await page.evaluate(() => location.assign("#seed=99"));
      await first.waitFor({ state: "attached" });
    }
    await profile.close();
  });

  test("paints within 1.5 s", async () => {
    const profile = await newProfile(lab.browser);
    const { page } = await visit(profile, lab.site.address);
    const devtools = await profile.newCDPSession(page);
    // The thread's own time, which does not depend on what else the machine does.
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    await page.reload();
    const painted = await page.evaluate(firstPaint);
    const { metrics } = await devtools.send("Performance.getMetrics");
    const busy = metrics.find(({ name }) => name === "TaskDuration")?.value ?? NaN;
    console.log(
      `first paint after ${Math.round(painted)} ms, ${Math.round(1000 * busy)} ms of work`,
    );
    expect(busy).toBeLessThan(1.5);
    await profile.close();
  });

  const inBoth = async ({ page }: Visitor): Promise<string[]> => {
    const found: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      found.push(...(await violations(page)).map((what) => `${colorScheme}: ${what}`));
    }
    return found;
  };

  test("is accessible in light and dark before a run", async () => {
    const profile = await newProfile(lab.browser);
    expect(await inBoth(await visit(profile, lab.site.address, "#engine=wasm"))).toEqual([]);
    await profile.close();
  });

  test("stays smooth while it trains, and is accessible in light and dark after it", async () => {
    const profile = await newProfile(lab.browser);
    const visitor = await visit(profile, lab.site.address, "#engine=wasm");
    await lab.browser.startTracing(visitor.page, {
      categories: ["disabled-by-default-devtools.timeline", "toplevel"],
    });
    // Looking for a button by its name would be work of the test in the page's thread.
    await visitor.page.evaluate(() =>
      document.querySelector<HTMLElement>(".controls .primary")?.click(),
    );
    await visitor.status("finished");
    const { all, longest } = longestTasks(await lab.browser.stopTracing());
    console.log(`longest tasks of ${all} on the main thread: ${longest.join(", ")} ms`);
    expect(longest[0]).toBeLessThan(50);
    expect(await inBoth(visitor)).toEqual([]);
    await profile.close();
  });

  test("isolates itself where the server does not, and still trains", async () => {
    await using plain = await serveSite(lab.site.files, { isolated: false });
    const profile = await newProfile(lab.browser);
    await profile.addInitScript(() =>
      Object.defineProperty(navigator, "hardwareConcurrency", { value: 3 }),
    );
    const visitor = await visit(profile, plain.address, SHORT);
    await expect.poll(() => visitor.page.evaluate(() => crossOriginIsolated)).toBe(true);
    await visitor.press("Start");
    await visitor.page.getByText(/2 threads/).waitFor();
    await visitor.status("finished");
    expect(visitor.complaints).toEqual([]);
    await profile.close();
  });

  test("a page that was there once is there without its server: it plays, and it trains", async () => {
    const files = [...lab.site.files.keys()].filter(
      (path) => !/\/(serviceWorker\.js|files\.json)$/.test(path),
    );
    await using server = await serveSite(lab.site.files, { isolated: false });
    const profile = await newProfile(lab.browser);
    const { page, press, status } = await visit(profile, server.address, SHORT);
    const kept = () =>
      page.evaluate(async () => {
        if (!crossOriginIsolated) return [];
        const requests = await (await caches.open("anchorgrad page")).keys();
        return requests.map(({ url }) => new URL(url).pathname.replace(/\/$/, "/index.html"));
      });
    // The page is loaded anew on the way.
    const names = async () => (await kept().catch(() => [])).toSorted();
    await expect.poll(names).toEqual(files.toSorted());

    await server[Symbol.asyncDispose]();
    await page.reload();
    await page
      .getByText(/Anchored Learning learned as much/)
      .first()
      .waitFor();
    await page.locator("svg").first().waitFor();
    await press("Start");
    await status("finished");
    await profile.close();
  });

  const outOfMemory = [
    {
      engine: "wasm",
      recipe: "full",
      message: /the system gives no more than/,
      from: `WebAssembly.Memory.prototype.grow = () => {
        throw new RangeError("no memory");
      };`,
    },
    {
      engine: "webgpu",
      recipe: "smoke",
      message: /the GPU has no memory left/,
      from: `const { createBuffer } = GPUDevice.prototype;
        GPUDevice.prototype.createBuffer = function (...args) {
          const error = new GPUOutOfMemoryError("refused");
          this.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
          return createBuffer.apply(this, args);
        };`,
    },
  ];
  test.each(outOfMemory)(
    "says so when $engine gets no more memory, and keeps what is finished",
    async ({ engine, recipe, message, from }) => {
      const profile = await newProfile(lab.browser);
      const visitor = await visit(profile, lab.site.address, `#engine=${engine}&recipe=${recipe}`);
      await visitor.press("Start");
      const worker = await trainer(visitor.page);
      // From the moment on at which the worker tells that the base is done.
      await worker.evaluate(`
        const { postMessage } = globalThis;
        globalThis.postMessage = (report, ...rest) => {
          if (report.measurement?.kind === "row") { ${from} }
          postMessage(report, ...rest);
        };
      `);
      await visitor.page.getByText("There is not enough memory").waitFor();
      await visitor.page.getByText("1 of 3 rows are finished and kept").waitFor();
      await visitor.page.getByText(message).first().waitFor();
      const { measurements } = await visitor.files();
      expect(measurements.filter(({ kind }) => kind === "row")).toHaveLength(1);
      await visitor.press("Go on");
      await visitor.status("running");
      await visitor.press("Stop");
      await visitor.status("stopped");
      await profile.close();
    },
  );

  test("says so when the graphics card is lost, goes on with a new engine, and says so when 'webgl2' gets no more memory", async () => {
    const profile = await newProfile(lab.browser);
    const visitor = await visit(profile, lab.site.address, "#engine=webgl2");
    const { page, press, status } = visitor;
    await press("Start");
    const worker = await trainer(page);
    await page.getByRole("row", { name: /Base .* done/ }).waitFor();
    await worker.evaluate(() => {
      const { contexts } = globalThis as unknown as { contexts: WebGL2RenderingContext[] };
      for (const gl of contexts) gl.getExtension("WEBGL_lose_context")?.loseContext();
    });
    await page.getByText("The graphics card was lost").waitFor();
    await page.getByText("1 of 3 rows are finished and kept").waitFor();

    await press("Go on");
    await status("running");
    const next = await trainer(page);
    await next.evaluate(() => {
      WebGL2RenderingContext.prototype.getError = () => WebGL2RenderingContext.OUT_OF_MEMORY;
    });
    await page.getByText("There is not enough memory").waitFor();
    await page.getByText("1 of 3 rows are finished and kept").waitFor();
    await page
      .getByText(/the GPU has no memory left/)
      .first()
      .waitFor();
    const { measurements } = await visitor.files();
    expect(measurements.filter(({ kind }) => kind === "row")).toHaveLength(1);
    await press("Go on");
    await status("running");
    await press("Stop");
    await status("stopped");
    await profile.close();
  });
});
