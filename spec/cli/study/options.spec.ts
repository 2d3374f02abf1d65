import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseOptions, usage } from "../../../src/cli/study/options.ts";
import { UsageError } from "../../../src/cli/terminal/usage.ts";

const names = ["smoke", "target", "priors", "seeds", "name", "resume", "backend", "threads"];

describe("parseOptions", () => {
  it("asks for the full study without options", () => {
    expect(parseOptions([])).toEqual({});
  });

  it("reads every option", () => {
    const args = [
      "--smoke",
      "--seeds",
      "7,8,9",
      "--name",
      "a-1",
      "--backend",
      "wasm",
      "--threads",
      "2",
    ];
    expect(parseOptions(args)).toEqual({
      ...{ smoke: true, seeds: [7, 8, 9], name: "a-1", backend: "wasm", threads: 2 },
    });
    expect(parseOptions(["--target", "mini-igsm", "--priors", "rev,mini-countdown"])).toEqual({
      ...{ target: "mini-igsm", priors: ["rev", "mini-countdown"] },
    });
    expect(parseOptions(["--resume", "--name=a"])).toEqual({ resume: true, name: "a" });
  });

  it("--seeds n means the first n, --seeds a,b,… means those", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (n) => {
        expect(parseOptions(["--seeds", `${n}`]).seeds).toEqual([...Array(n).keys()]);
      }),
    );
    const lists = fc.uniqueArray(fc.integer({ min: 0, max: 999_999_999 }), { minLength: 1 });
    fc.assert(
      fc.property(lists, (seeds) => {
        expect(parseOptions(["--seeds", `${seeds.join(",")},`]).seeds).toEqual(seeds);
        if (seeds.length > 1)
          expect(parseOptions(["--seeds", seeds.join(",")]).seeds).toEqual(seeds);
      }),
    );
  });

  it.each([
    [["--seed", "3"], "Unknown option '--seed', did you mean --seeds; see --help"],
    [
      ["--data", "mine.jsonl"],
      "--data: expected none, as the study draws its own; anchorgrad finetune --data",
    ],
    [["--data=mine.jsonl", "--smoke"], "anchorgrad finetune --data learns yours"],
    [["smoke"], "Unexpected argument 'smoke'"],
    [["--seeds"], "--seeds"],
    [["--seeds", "0"], "--seeds: expected between 1 and 1000 seeds, got 0"],
    [["--seeds", "1,,2"], "--seeds: expected a count (3) or a list (7,8,9 or 7,), got 1,,2"],
    [["--seeds", "1,1"], "--seeds: expected different seeds, got 1,1"],
    [["--seeds", "-1"], "--seeds"],
    [["--seeds", "2.5"], "--seeds: expected a count (3) or a list (7,8,9 or 7,), got 2.5"],
    [["--backend", "cuda"], "--backend: expected one of auto, reference, wasm"],
    [["--threads", "0"], "--threads: expected a whole number from 1 to "],
    [["--threads", "3000"], "--threads: expected a whole number from 1 to "],
    [["--name", "../up"], "--name: expected letters, digits, dots, - and _, got ../up"],
    [["--target", "igsm"], "--target: expected one of mini-igsm, mini-medcalc, mini-ifeval"],
    [["--target", "mini-igsm", "--smoke"], "--target: expected no --smoke beside it, got both"],
    [["--priors", "rev"], "--priors: expected --target beside it, got none"],
    [["--target", "mini-igsm", "--priors", "rev,chess"], "beside the target, got chess"],
    [["--target", "mini-igsm", "--priors", "rev,mini-igsm"], "beside the target, got mini-igsm"],
    [["--target", "mini-igsm", "--priors", ""], "beside the target, got nothing"],
    [["--target", "mini-igsm", "--priors", "rev,rev"], "expected different skills, got rev,rev"],
    [["--resume", "--target", "mini-igsm"], "--resume: expected no --smoke, --target"],
    [
      ["--resume", "--smoke"],
      "--resume: expected no --smoke, --target, --priors or --seeds beside it",
    ],
  ])("%j is refused", (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });
});

describe("usage", () => {
  it("names every option", () => {
    for (const option of names) expect(usage).toContain(`--${option}`);
  });
});
