import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeOutput } from "../../src/finetune/outputFolder.ts";
import { DataError } from "../../src/tensor/errors.ts";

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "anchorgrad-output-"));
});
afterAll(() => rm(place, { recursive: true }));

test("of two that write one folder the second is refused, and the first's stays", async () => {
  const out = join(place, "out");
  const writing = writeOutput(out, { kind: "model", last: "config.json" }, {}, async (folder) => {
    await writeFile(join(folder, "config.json"), "second");
    await mkdir(out);
    await writeFile(join(out, "config.json"), "first");
  });
  await expect(writing).rejects.toThrow(
    new DataError(
      `${out}: expected a folder that nobody else writes, got one that was written meanwhile`,
    ),
  );
  expect(await readFile(join(out, "config.json"), "utf8")).toBe("first");
  expect(await readdir(place)).toEqual(["out"]);
});
