import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openJournal } from "../../../src/cli/generate/journal.ts";
import { UsageError } from "../../../src/cli/terminal/usage.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-"));
});
afterEach(() => rm(folder, { recursive: true }));

const open = (settings: object = { seed: 0 }) =>
  openJournal(join(folder, "r.jsonl"), settings, { overwrite: false });

test("a journal is one command's: another is refused, and goes on when the first has ended", async () => {
  const first = await open();
  await first.write([{ id: 0 }]);
  await expect(open()).rejects.toThrow(UsageError);
  await expect(open()).rejects.toThrow(`got that of process ${process.pid}`);
  await first.write([{ id: 1 }]);
  await first.close();
  const second = await open();
  expect(second.done).toBe(2);
  await second.write([{ id: 2 }]);
  await second.finish();
  expect(await readFile(join(folder, "r.jsonl"), "utf8")).toBe('{"id":0}\n{"id":1}\n{"id":2}\n');
  expect((await readdir(folder)).sort()).toEqual(["r.jsonl", "r.settings.json"]);
});

test("one that is refused for its settings keeps nobody out", async () => {
  await (await open()).close();
  await expect(open({ seed: 1 })).rejects.toThrow("expected responses of the same settings");
  await (await open()).close();
});
