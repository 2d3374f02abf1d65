import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { errorText, systemReason } from "../../src/json/reasons.ts";

const folder = mkdtempSync(join(tmpdir(), "anchorgrad-reasons-"));
mkdirSync(join(folder, "full"));
writeFileSync(join(folder, "full", "a"), "");
afterAll(() => rmSync(folder, { recursive: true }));

function caught(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error");
}

test.each<[string, string, (path: string) => unknown]>([
  ["no such file", "none", (path) => readFileSync(path)],
  ["a folder", "full", (path) => readFileSync(path)],
  ["a file where a folder should be", "full/a/b", (path) => readFileSync(path)],
  ["a folder that holds something", "full", (path) => rmdirSync(path)],
  ["one that is there already", "full", (path) => openSync(join(path, "a"), "wx")],
  ["a name that is too long", "x".repeat(300), (path) => readFileSync(path)],
  ["a name with a NUL in it", "a\0b", (path) => readFileSync(path)],
])("the system's %j is said in words", (words, name, act) => {
  const error = caught(() => act(join(folder, name)));
  expect(systemReason(error)).toBe(words);
  expect(errorText(error)).toMatch(/: expected a place to work in, got /);
  expect(errorText(error)).not.toMatch(/E[A-Z]{3,}/);
});

test("other errors keep their own words", () => {
  for (const error of [
    new Error("x"),
    new TypeError("x"),
    Object.assign(new Error("x"), { code: 5 }),
  ]) {
    expect(systemReason(error)).toBeUndefined();
    expect(errorText(error)).toBe("x");
  }
  expect([undefined, null, "ENOENT", { code: "ENOENT" }].map(systemReason)).toEqual(
    Array(4).fill(undefined),
  );
  expect([undefined, null, "x", 3].map(errorText)).toEqual(["undefined", "null", "x", "3"]);
});
