import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { countdown } from "../../../src/tasks/index.ts";

const folder =
  process.env["ANCHORGRAD_ORACLE"] ??
  fileURLToPath(new URL("../../../../shared/oracle", import.meta.url));
const file = `${folder}/countdown-verdicts.jsonl`;
const isAbsent = !existsSync(file);
const reason = isAbsent ? " (skipped: the original's verdicts are not here)" : "";

describe("countdown against the original program", () => {
  it.skipIf(isAbsent)(`gives every verdict${reason}`, () => {
    const rows = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as countdown.Attempt & { paperCorrect: boolean });
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.filter((row) => countdown.verify(row) !== row.paperCorrect)).toEqual([]);
  });
});
