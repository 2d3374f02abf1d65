import { describe, expect, test } from "vitest";
import { countdown, ifeval, igsm, medcalc, OptionsError } from "../../src/tasks/index.ts";
import { key } from "../../src/tensor/random.ts";

describe("options that no row meets", () => {
  test.each<readonly [string, () => unknown]>([
    ["igsm.generate", () => igsm.generate(key(0), { op: 0 })],
    ["igsm.miniIgsm", () => igsm.miniIgsm({ modulus: 99 })],
    ["countdown.generate", () => countdown.generate(key(0), { count: [3, 1] })],
    ["countdown.miniCountdown", () => countdown.miniCountdown({ count: [9, 9] })],
    ["ifeval.miniIfeval", () => ifeval.miniIfeval({ constraints: [3, 1] })],
    ["medcalc.miniMedcalc", () => medcalc.miniMedcalc({ distractors: [99, 99] })],
  ])("are told apart from mistakes by their class: %s", (_, refused) => {
    expect(refused).toThrow(OptionsError);
    expect(refused).toThrow(/: expected /);
    expect(refused).toThrow(RangeError);
  });
});
