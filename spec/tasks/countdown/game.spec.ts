import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluatePython } from "../../../src/tasks/countdown/python.ts";
import { countdown } from "../../../src/tasks/index.ts";
import { DataError } from "../../../src/tensor/errors.ts";
import { key, stream } from "../../../src/tensor/random.ts";

const { evaluate, format, generate, miniCountdown, parse, solve, verify } = countdown;

describe("verify({ numbers, target, text })", () => {
  const judge = (text: string, options?: countdown.VerifyOptions): boolean =>
    verify({ numbers: [3, 5, 2], target: 13, text }, options);

  it.each<readonly [text: string, correct: boolean]>([
    ["\\boxed{3+5*2}", true],
    ["\\boxed{ 2 \\times 5 + 3 }", true],
    ["So\n$\\boxed{(5*2)+3}$.", true],
    ["boxed{5*2+3}", true],
    ["3+5*2", false],
    ["\\boxed{3+5*2", false],
    ["\\boxed{3+5*2} = {13}", false],
    ["\\boxed{1} \\boxed{3+5*2}", false],
    ["\\boxed{(3+5)*2}", false],
    ["\\boxed{13}", false],
    ["\\boxed{3+5+5}", false],
    ["\\boxed{3+5*2+0}", false],
    ["\\boxed{3+5*2+9-9}", false],
    ["\\boxed{3+5*2*1}", false],
    ["\\boxed{3+5*2=13}", false],
    ["\\boxed{3+5×2}", false],
    ["\\boxed{3+(5*2}", false],
    ["\\boxed{}", false],
  ])("%j is %s", (text, correct) => {
    expect(judge(text)).toBe(correct);
    expect(judge(text, { rule: "exact" })).toBe(correct);
  });

  it("rounds as the paper does unless it is asked to be exact", () => {
    const attempt = { numbers: [1, 49, 49], target: 1, text: "\\boxed{(1/49)*49}" };
    expect(verify(attempt)).toBe(false);
    expect(verify(attempt, { rule: "exact" })).toBe(true);
    expect(verify({ ...attempt, text: "<answer>(1/49)*49</answer>" }, { rule: "tinyzero" })).toBe(
      true,
    );
  });

  it("takes for TinyZero what is within a hundred-thousandth, and nothing farther", () => {
    const judged = (target: number): boolean =>
      verify({ numbers: [1, 3], target, text: "<answer>1/3</answer>" }, { rule: "tinyzero" });
    expect([0.33333, 0.333342].map(judged)).toEqual([true, true]);
    expect([0.3333, 0.33335, 0, 1].map(judged)).toEqual([false, false, false, false]);
  });

  it("refuses a rule that it does not know", () => {
    expect(() => judge("", { rule: "lenient" as countdown.Rule })).toThrow(RangeError);
  });

  it("reads the last answer for TinyZero", () => {
    const text = "<answer>3+5</answer> or <answer> 3+5*2 </answer>";
    expect(judge(text, { rule: "tinyzero" })).toBe(true);
    expect(judge("<answer>3+5*2", { rule: "tinyzero" })).toBe(false);
    expect(judge(text)).toBe(false);
  });

  it("takes Python's other operations only if asked", () => {
    const attempt = { numbers: [2, 3], target: 8, text: "\\boxed{2**3}" };
    expect(verify(attempt)).toBe(false);
    expect(verify(attempt, { compat: true })).toBe(true);
  });

  it("gives a verdict for any text", () => {
    const unit = fc.constantFrom(
      ...[
        "boxed{",
        "}",
        "(",
        ")",
        "+",
        "-",
        "*",
        "/",
        "1",
        "2",
        ".",
        " ",
        "\n",
        "<answer>",
        "</answer>",
        "é",
      ],
    );
    const options = fc.record({
      rule: fc.constantFrom<countdown.Rule>("paper", "exact", "tinyzero", "tolerant"),
      compat: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.string({ unit }), options, (text, option) => {
        const frozen = Object.freeze({ numbers: Object.freeze([1, 2]), target: 3, text });
        expect(typeof verify(frozen, option)).toBe("boolean");
      }),
      { numRuns: 3000 },
    );
    for (const piece of ["boxed{", "(", "1+", "-", "}", "0", "**", "1/"]) {
      const text = `boxed{${piece.repeat(10_000)}}`;
      expect(judge(text, { compat: true })).toBe(false);
    }
  });
});

describe("generate(key, options)", () => {
  const options = fc.record({
    count: fc.constantFrom<[number, number]>([1, 1], [2, 2], [3, 4], [2, 5]),
    number: fc.constantFrom<[number, number]>([1, 9], [0, 30], [1, 99]),
    target: fc.constantFrom<[number, number]>([1, 20], [1, 99], [-50, 50]),
    whole: fc.boolean(),
  });

  it("draws games within the ranges that can be won", () => {
    fc.assert(
      fc.property(fc.integer(), options, (seed, option) => {
        const { numbers, target, solution } = generate(key(seed), option);
        const [min, max] = option.number;
        expect(numbers.length).toBeGreaterThanOrEqual(option.count[0]);
        expect(numbers.length).toBeLessThanOrEqual(option.count[1]);
        expect(numbers.every((value) => value >= min && value <= max)).toBe(true);
        expect(target).toBeGreaterThanOrEqual(option.target[0]);
        expect(target).toBeLessThanOrEqual(option.target[1]);
        const text = `\\boxed{${format(solution)}}`;
        expect(verify({ numbers, target, text }, { rule: "exact" })).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("draws the same from the same key, and refuses what nothing reaches", () => {
    expect(generate(key(1))).toEqual(generate(key(1)));
    expect(generate(key(1))).not.toEqual(generate(key(2)));
    expect(() => generate(key(1), { count: [0, 2] })).toThrow(RangeError);
    expect(() => generate(key(1), { number: [5, 4] })).toThrow(RangeError);
    expect(() => generate(key(1), { count: [2, 2], number: [1, 1], target: [7, 9] })).toThrow(
      "within reach",
    );
  });

  it("asks for the numbers and the target", () => {
    expect(countdown.question({ numbers: [3, 5, 2], target: 13 })).toContain(
      "Using the numbers 3, 5, 2, write an expression that equals 13.",
    );
  });
});

describe("solve(numbers, target)", () => {
  it("finds a solution wherever there is one", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { numbers, target } = generate(key(seed), { count: [2, 4], number: [1, 20] });
        const text = `\\boxed{${format(solve(numbers, target) ?? parse("0"))}}`;
        expect(verify({ numbers, target, text }, { rule: "exact" })).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("finds none where there is none, and fractions only if they are allowed", () => {
    expect(solve([1, 1], 7)).toBeUndefined();
    expect(solve([], 0)).toBeUndefined();
    expect(format(solve([8, 3, 8, 3], 24) ?? parse("0"))).toBe("8 / (3 - 8 / 3)");
    expect(solve([8, 3, 8, 3], 24, { whole: true })).toBeUndefined();
  });
});

describe("miniCountdown(options)", () => {
  const mini = miniCountdown();
  const split = (text: string): string[] => text.split(" ");

  it("answers with what the verifier accepts, in its own symbols, within its positions", () => {
    const known = new Set(mini.symbols);
    fc.assert(
      fc.property(
        fc.integer(),
        fc.constantFrom<[number, number]>([2, 2], [2, 3], [4, 4]),
        fc.constantFrom<[number, number]>([1, 20], [0, 120]),
        fc.constantFrom("worked" as const, "direct" as const),
        (seed, count, range, style) => {
          const { target, score, positions } = miniCountdown({ count, target: range });
          const { prompt, response } = target[style](stream(key(seed)));
          expect(score(prompt, response)).toEqual({ correct: true, why: "" });
          expect([...prompt, ...response].every((symbol) => known.has(symbol))).toBe(true);
          expect(prompt.length + response.length).toBeLessThanOrEqual(positions);
        },
      ),
      { numRuns: 300 },
    );
    expect(known.size).toBe(mini.symbols.length);
  });

  it("draws two or three digits and a target from 1 to 20, unless told otherwise", () => {
    const [counts, digits] = [new Set<number>(), new Set<number>()];
    for (let seed = 0; seed < 300; seed++) {
      const { prompt } = mini.target.direct(stream(key(seed)));
      const end = prompt.indexOf(">");
      const target = Number(prompt.slice(end + 1, -1).join(""));
      expect(target >= 1 && target <= 20).toBe(true);
      counts.add(end - 1);
      for (const digit of prompt.slice(1, end)) digits.add(Number(digit));
    }
    expect([...counts].sort()).toEqual([2, 3]);
    expect([...digits].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("works every step out", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { response } = mini.target.worked(stream(key(seed)));
        const steps = response.join("").split(";").slice(0, -1);
        expect(steps.length).toBeGreaterThan(0);
        for (const step of steps) {
          const [left, right] = step.split("=") as [string, string];
          expect(evaluate(parse(left))).toEqual(evaluate(parse(right)));
        }
      }),
    );
  });

  it("asks in the same way in both styles", () => {
    const [worked, direct] = [mini.target.worked, mini.target.direct].map((draw) =>
      draw(stream(key(4))),
    );
    expect(direct?.prompt).toEqual(worked?.prompt);
    expect(worked?.response.slice(worked.response.indexOf("ans"))).toEqual(direct?.response);
  });

  it("judges any response, and refuses prompts that are not its own", () => {
    const prompt = split("REACH 3 5 2 > 1 3 =");
    expect(mini.score(prompt, split("ans 3 + 5 * 2")).correct).toBe(true);
    expect(mini.score(prompt, split("5 * 2 = 9 ; ans 2 * 5 + 3")).correct).toBe(true);
    expect(mini.score(prompt, split("3 + 5 * 2")).correct).toBe(false);
    expect(mini.score(prompt, split("ans 3 + 5"))).toEqual({
      correct: false,
      why: "expected 3 5 2 > 1 3 =, got 3+5",
    });
    const symbol = fc.oneof(fc.constantFrom(...mini.symbols), fc.string());
    fc.assert(
      fc.property(fc.array(symbol), (response) => {
        expect(typeof mini.score(prompt, response).correct).toBe("boolean");
      }),
    );
    for (const wrong of ["", "REACH > 3 =", "3 5 > 8 =", "REACH 3 5 8"])
      expect(() => mini.score(split(wrong), [])).toThrow(DataError);
  });

  it("refuses what does not fit its symbols", () => {
    expect(() => miniCountdown({ number: [1, 10] })).toThrow(RangeError);
    expect(() => miniCountdown({ count: [2, 5] })).toThrow(RangeError);
    expect(() => miniCountdown({ target: [-1, 5] })).toThrow(RangeError);
  });
});

describe("what is not said", () => {
  it("is as in the paper: three or four numbers and a target from 1 to 99", () => {
    for (let seed = 0; seed < 200; seed++) {
      const { numbers, target } = generate(key(seed));
      expect([3, 4]).toContain(numbers.length);
      for (const x of [...numbers, target]) {
        expect(x).toBeGreaterThanOrEqual(1);
        expect(x).toBeLessThanOrEqual(99);
      }
    }
  });

  it("makes a mini whose positions are a number, as much as its options ask for", () => {
    const { positions } = miniCountdown();
    expect(Number.isInteger(positions)).toBe(true);
    expect(miniCountdown({ target: [1, 9] }).positions).toBeLessThanOrEqual(positions);
  });

  it("has a position for each digit of the largest target", () => {
    const positions = [9, 10, 99, 100].map(
      (most) => miniCountdown({ target: [1, most] }).positions,
    );
    const [least = Number.NaN] = positions;
    expect(positions).toEqual([least, least + 1, least + 1, least + 2]);
  });
});

describe("a power of 0", () => {
  it.each<readonly [text: string, value: number | undefined]>([
    ["0.0**0.5", 0],
    ["0.0**0", 1],
    ["0.0**2", 0],
    ["0.0**-0.5", undefined],
    ["0.0**-1", undefined],
  ])("%s is as in Python", (text, value) => {
    expect(evaluatePython(parse(text))).toBe(value);
  });
});
