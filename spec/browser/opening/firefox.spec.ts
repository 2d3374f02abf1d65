import { expect, test, vi } from "vitest";
import { firefoxPath, openFirefox, type Tab } from "../../lab/firefox.ts";
import { addressOf, PATIENCE, servePage } from "../chromium.ts";
import { makeFolder, memoryOf, type OpeningApi, trialShape } from "./folder.ts";

const absent = firefoxPath === undefined;
const reason = absent ? " (skipped: npm run firefox, or set FIREFOX to its path)" : "";
const MIB = 2 ** 20;
/** What each process may hold beside weights and parts. Of the whole model one grew by 547 to 630 MiB, 513 of them weights. */
const SPARE = 256 * MIB;

/** Calls one of the page's functions. */
const call = <N extends keyof OpeningApi>(
  tab: Tab,
  name: N,
  ...args: Parameters<OpeningApi[N]>
): Promise<Awaited<ReturnType<OpeningApi[N]>>> =>
  tab.run(`return anchorgrad.${name}(...${JSON.stringify(args)})`);

test.skipIf(absent).each(["url", "opfs"] as const)(
  `Firefox opens a bfloat16 folder (%s) with little more memory than its weights${reason}`,
  async (where) => {
    const folder = makeFolder(trialShape);
    await new Promise<void>((resolve) => folder.server.listen(0, "127.0.0.1", resolve));
    const site = await servePage(new URL("page.ts", import.meta.url));
    try {
      await using tab = await openFirefox(firefoxPath ?? "");
      await tab.open(addressOf(site));
      await vi.waitUntil(() => tab.run<boolean>("return 'anchorgrad' in window"), {
        timeout: PATIENCE,
      });
      await call(tab, "prepare", addressOf(folder.server).replace(/\/$/, ""), where);
      const before = tab.processes().map((pid) => [pid, memoryOf(pid)] as const);
      const bytes = await call(tab, "open", "wasm");
      // Float32 in the engine: twice what the file has.
      expect(Math.abs(bytes - 2 * folder.bytes)).toBeLessThan(MIB);
      for (const [pid, was] of before) {
        const is = memoryOf(pid);
        // Only Linux tells of processes.
        if (was && is) expect(is.most - was.now).toBeLessThan(1.15 * bytes + SPARE);
      }
      for (const [name, ends] of Object.entries(await call(tab, "ends")))
        expect(ends, name).toEqual(folder.endsOf(name));
    } finally {
      site.close();
      folder.server.close();
    }
  },
);
