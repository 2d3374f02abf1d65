import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { mlflow } from "../../src/logs/mlflow.ts";
import { tensorBoard } from "../../src/logs/tensorBoard.ts";
import { wallClock } from "../../src/logs/wallClock.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const run = { group: "g", name: "n", settings: {} };

/** A day that begins at noon and is then set back to the morning. */
function setBack(): void {
  let time = Date.UTC(2026, 0, 1, 12);
  vi.spyOn(Date, "now").mockImplementation(() => {
    time -= 3_600_000;
    return time;
  });
}

test("stands still where the machine's clock goes back, and follows it otherwise", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1 }), (times) => {
      let at = 0;
      const clock = wallClock(() => times[at++] ?? 0);
      const told = times.map(() => clock());
      expect(told).toEqual(times.map((_, i) => Math.max(...times.slice(0, i + 1))));
    }),
  );
});

test("no run of MLflow ends before it began", async () => {
  setBack();
  const times: number[] = [];
  const fetch = (async (_, init) => {
    const body = JSON.parse(String(init?.body)) as Record<string, unknown>;
    const [metric] = (body["metrics"] ?? [{}]) as { readonly timestamp?: number }[];
    for (const time of [body["start_time"], metric?.timestamp, body["end_time"]])
      if (typeof time === "number") times.push(time);
    return Response.json({ experiment_id: "1", run: { info: { run_id: "r" } } });
  }) as typeof globalThis.fetch;
  const log = await mlflow("http://h", {}, fetch).begin(run);
  await log.log(1, { loss: 1 });
  await log.end("finished");
  expect(times).toHaveLength(3);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test("no event of TensorBoard lies before another", async () => {
  const folder = await mkdtemp(join(tmpdir(), "anchorgrad-clock-"));
  try {
    setBack();
    const log = await tensorBoard(folder).begin(run);
    await log.log(1, { loss: 1 });
    await log.log(2, { loss: 1 });
    await log.end("finished");
    const [file = ""] = await readdir(join(folder, "g/n"));
    const bytes = await readFile(join(folder, "g/n", file));
    const times: number[] = [];
    // A record: its length, 8 bytes, a checksum of 4; then the event, whose time is its field 1, a double.
    for (let at = 0; at < bytes.length; at += Number(bytes.readBigUInt64LE(at)) + 16)
      times.push(bytes.readDoubleLE(at + 13));
    expect(times).toHaveLength(4);
    expect(new Set(times).size).toBe(1);
    expect(times[0]).toBe(Date.UTC(2026, 0, 1, 11) / 1000);
  } finally {
    await rm(folder, { recursive: true });
  }
});
