import { expect, test } from "vitest";
import { openLab, serveSite } from "./site.ts";
import { newProfile, visit } from "./visitor.ts";

const lab = openLab();

test("a page that was there once is there without its server: it plays, and it trains", async () => {
  const files = [...lab.site.files.keys()].filter(
    (path) => !/\/(serviceWorker\.js|files\.json)$/.test(path),
  );
  await using server = await serveSite(lab.site.files, { isolated: false });
  const profile = await newProfile(lab.browser);
  const { page, press, status } = await visit(profile, server.address, "#engine=wasm");
  const kept = () =>
    page.evaluate(async () => {
      if (!crossOriginIsolated) return [];
      const requests = await (await caches.open("anchorgrad page")).keys();
      return requests.map(({ url }) => new URL(url).pathname.replace(/\/$/, "/index.html"));
    });
  // The page is loaded anew on the way.
  const names = async () => (await kept().catch(() => [])).toSorted();
  await expect.poll(names, { timeout: 100_000 }).toEqual(files.toSorted());

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
