import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileDigest } from "../../../src/finetune/files/digest.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "anchorgrad-digest-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a file's digest is of its name and bytes", async () => {
  const path = join(folder, "a.jsonl");
  await writeFile(path, "one");
  const first = await fileDigest(path);
  expect(await fileDigest(path)).toBe(first);
  await writeFile(path, "two");
  expect(await fileDigest(path)).not.toBe(first);
});

test.each([
  ["nothing.jsonl", "a file to read, got no such file"],
  [".", "a file to read, got a folder"],
  ["round", "a file to read, got links that go round"],
  ["nul\0", "a file to read, got a name with a NUL in it"],
  ["x".repeat(300), "a file to read, got a name that is too long"],
  ["zero", "a file that can be read again, got a pipe or device"],
])("what has no digest is refused: %j", async (name, message) => {
  await Promise.all([
    symlink("round", join(folder, "round")).catch(() => {}),
    symlink("/dev/zero", join(folder, "zero")).catch(() => {}),
  ]);
  await expect(fileDigest(join(folder, name))).rejects.toThrow(`expected ${message}`);
});
