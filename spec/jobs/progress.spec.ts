import { describe, expect, it } from "vitest";
import { isProgress as isOfRow } from "../../src/experiment/queue/scheduler.ts";
import { isProgress as isOfFinetune } from "../../src/finetune/queue/remoteRuns.ts";

const numbers = { step: 1, steps: 20, loss: 0.5 };
const ofRow = { ...numbers, kind: "progress", seed: 0, tokens: 9, stage: { kind: "row", id: "a" } };
const ofFinetune = { ...numbers, kind: "finetune", stage: "sft" };

describe.each([
  ["of a row", isOfRow, ofRow],
  ["of a fine-tune", isOfFinetune, ofFinetune],
] as const)("what a queue tells %s", (_, isProgress, told) => {
  it("is progress where each field is what a display reads", () => {
    expect(isProgress(told)).toBe(true);
    for (const name of Object.keys(told))
      for (const odd of [undefined, null, true, name === "stage" ? 1 : "\u001b[2J1"])
        expect(isProgress({ ...told, [name]: odd }), `${name}: ${odd}`).toBe(false);
    for (const odd of [undefined, null, "progress", 1, []]) expect(isProgress(odd)).toBe(false);
  });
});
