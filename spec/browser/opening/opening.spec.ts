import { afterAll, beforeAll, expect, test } from "vitest";
import { addressOf, openPage } from "../chromium.ts";
import { type MadeFolder, makeFolder, memoryOf, type OpeningApi, trialShape } from "./folder.ts";

declare const anchorgrad: OpeningApi;

const MIB = 2 ** 20;
/**
 * What a tab holds beside weights and parts: the engine's code, and what of the network Chromium has not
 * collected. Of the whole model a tab grew by 743 to 783 MiB, 513 of them weights.
 */
const SPARE = 256 * MIB;

let folder: MadeFolder;
let url = "";
beforeAll(async () => {
  folder = makeFolder(trialShape);
  await new Promise<void>((resolve) => folder.server.listen(0, "127.0.0.1", resolve));
  url = addressOf(folder.server).replace(/\/$/, "");
});
afterAll(() => folder.server.close());

test.each([
  ["wasm", "url"],
  ["wasm", "opfs"],
] as const)(
  "%s opens a bfloat16 folder (%s) in Chromium with little more memory than its weights",
  async (backend, where) => {
    await using tab = await openPage(new URL("page.ts", import.meta.url));
    const { page } = tab;
    await page.evaluate(([from, to]) => anchorgrad.prepare(from, to), [url, where] as const);
    const session = await page.context().browser()?.newBrowserCDPSession();
    const told = await session?.send("SystemInfo.getProcessInfo");
    const pids = (told?.processInfo ?? []).filter(({ type }) => type === "renderer");
    const before = pids.map(({ id }) => memoryOf(id));
    const bytes = await page.evaluate((name) => anchorgrad.open(name), backend);
    // Float32 in the engine: twice what the file has.
    expect(Math.abs(bytes - 2 * folder.bytes)).toBeLessThan(MIB);
    for (const [i, { id }] of pids.entries()) {
      const [was, is] = [before[i], memoryOf(id)];
      // Only Linux tells of processes.
      if (was && is) expect(is.most - was.now).toBeLessThan(1.15 * bytes + SPARE);
    }
    for (const [name, ends] of Object.entries(await page.evaluate(() => anchorgrad.ends())))
      expect(ends, name).toEqual(folder.endsOf(name));
  },
);
