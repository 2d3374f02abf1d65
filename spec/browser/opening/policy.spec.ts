import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium, openPage } from "../chromium.ts";

/** What policyPage.ts puts on `window`: how wasm on one and on two threads, webgl2, webgpu and the
 * reference end. */
declare const anchorgrad: readonly string[];

const forbidden = /^Error: wasm: expected to compile WebAssembly, .*'wasm-unsafe-eval'/;
const noWorker =
  /^Error: wasm: a worker failed: .*Content-Security-Policy must allow blob: in worker-src/;

/** Content-Security-Policies, and what each attempt ends with. GPUs need no permission. */
const policies: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  "script-src 'self'": [forbidden, forbidden, "1", "1", "1"],
  "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'": ["1", noWorker, "1", "1", "1"],
};

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

describe.each(Object.entries(policies))("under %s", (policy, ends) => {
  test("an engine starts, or says what it would need", async () => {
    const options = { browser, policy };
    await using tab = await openPage(new URL("policyPage.ts", import.meta.url), options);
    const got = await tab.page.evaluate(() => anchorgrad);
    for (const [i, end] of ends.entries()) expect(got[i]).toMatch(end);
    expect(got.length).toBe(ends.length);
  });
});
