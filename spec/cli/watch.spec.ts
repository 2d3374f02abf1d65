import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../../src/cli/terminal/usage.ts";
import { standingPage } from "../../src/cli/watch/page.ts";
import { watch } from "../../src/cli/watch/watch.ts";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";
import { createRun } from "../../src/experiment/runs/directory.ts";
import type { RunDirectory } from "../../src/experiment/runs/run.ts";
import { otherScores } from "../experiment/summary/scores.ts";
import { openPlace, type Place } from "./terminal.ts";

let place: Place;
let run: RunDirectory;
beforeEach(async () => {
  place = await openPlace();
  run = await createRun(`${place.folder}/runs/study/main`, {
    ...{ recipe: { ...smokeRecipe, name: "main" }, seeds: [0], tuningSeeds: [100] },
    ...{ backend: "reference", device: "plain loops", versions: { anchorgrad: "0.1.0" } },
    ...{ numerics: { class: "reference", version: 1 }, started: "2026-01-02T03:04:05.000Z" },
  });
});
afterEach(() => place.close());

const recordRow = (row: string): Promise<void> =>
  run.record({
    ...otherScores,
    ...{ kind: "row", seed: 0, row, target: 0.5, prior: { rev: 1 }, signOff: 0 },
    ...{ klFromBase: 0, klToBase: 0 },
  });

/** Runs the command until the work is done, which gets its address. */
async function watching(work: (address: string) => Promise<void>): Promise<string> {
  const stop = new AbortController();
  let tell: (address: string) => void = () => {};
  const address = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const out = {
    write: (text: string) => {
      tell(text.trim());
      return true;
    },
    once: () => undefined,
  };
  const running = place.run(watch, "runs/study", { out, signal: stop.signal });
  await Promise.race([address.then(work), running]);
  stop.abort();
  return (await running).err;
}

/** A request by another name than the machine's own. */
const askAs = (address: string, host: string, method = "GET"): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request(address, { method, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on("error", reject).end();
  });

describe("anchorgrad watch", () => {
  it("shows how many rows have ended, as they end, and the report so far", async () => {
    const rows = 2 * smokeRecipe.rows.length;
    await watching(async (address) => {
      const page = async (path = ""): Promise<string> => (await fetch(`${address}${path}`)).text();
      expect(await page()).toContain(`<title>study: 0 of ${rows} rows</title>`);
      await recordRow("base");
      expect(await page()).toContain(`<title>study: 1 of ${rows} rows</title>`);
      expect(await page("report")).toContain("<!doctype html>");
      expect((await fetch(`${address}other`)).status).toBe(404);
    });
  });

  it("answers this machine alone, and only to look", async () => {
    await watching(async (address) => {
      expect(new URL(address).hostname).toBe("127.0.0.1");
      expect(await askAs(address, "evil.example")).toBe(403);
      expect(await askAs(address, "localhost:1")).toBe(200);
      expect(await askAs(address, "localhost", "POST")).toBe(405);
      expect(await askAs(address, "127.0.0.1.evil.example")).toBe(403);
    });
  });

  it("writes names as text", () => {
    const name = '<img src=x onerror="1">';
    const run = { name, done: 1, rows: 2, failures: 0, started: "never", changed: Number.NaN };
    expect(standingPage(name, [run], 0)).not.toContain("<img");
  });

  it.each([
    ["", UsageError, "watch: expected one folder of runs, got 0"],
    ["runs/none", Error, "runs/none: expected a run, or a folder of runs, got neither"],
  ])("refuses %j", async (line, kind, message) => {
    const ran = place.run(watch, line);
    await expect(ran).rejects.toThrow(kind);
    await expect(ran).rejects.toThrow(message);
  });
});
