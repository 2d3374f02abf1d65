import { describe, expect, it } from "vitest";
import { countdown } from "../../../src/tasks/index.ts";
import { oracle, oracleRows } from "../oracle.ts";

const VERDICTS = "countdown-verdicts.jsonl";
const { absent, reason } = oracle(VERDICTS);

describe("countdown against the original program", () => {
  it.skipIf(absent)(`gives every verdict${reason}`, () => {
    const rows = oracleRows<countdown.Attempt & { paperCorrect: boolean }>(VERDICTS);
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.filter((row) => countdown.verify(row) !== row.paperCorrect)).toEqual([]);
  });
});
