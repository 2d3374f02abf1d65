import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { countdown, finalAnswer, ifeval, igsm, medcalc } from "../../src/tasks/index.ts";
import { key } from "../../src/tensor/random.ts";

/** The names by which others call `anchorgrad/tasks`; a changed one breaks their programs. */
describe("anchorgrad/tasks", () => {
  it("is what the package exports", async () => {
    const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
    const { exports } = JSON.parse(text) as { exports: Record<string, unknown> };
    expect(exports["./tasks"]).toEqual({
      types: "./dist/src/tasks/index.d.ts",
      default: "./dist/src/tasks/index.js",
    });
  });

  it("igsm: generate, parse, answer, values, check", () => {
    const generated = igsm.generate(key(5), { op: 3, maxEdge: 12 });
    const { layerNames, items, problemText, solutionText } = generated;
    const problem = igsm.parse({ layerNames, items, problemText });
    expect(igsm.answer(problem)).toBe(generated.answer);
    expect(igsm.values(problem)[problem.question]).toBe(generated.answer);
    for (const mode of ["strict", "tight"] as const) {
      expect(igsm.check(problem, solutionText, { mode })).toEqual({ correct: true, why: "" });
      const { correct, why } = igsm.check(problem, "no", { mode });
      expect(correct).toBe(false);
      expect(why).not.toBe("");
    }
  });

  it("medcalc: calculate, score", () => {
    const pressures = {
      "Systolic Blood Pressure": [120, "mm hg"],
      "Diastolic Blood Pressure": [90, "mm hg"],
    };
    for (const variant of ["published", "medcalc-bench"] as const)
      expect(medcalc.calculate(5, pressures, { variant })).toBeCloseTo(100, 4);
    const row = { calculatorId: 5, groundTruth: "100.0", lower: "95.0", upper: "105.0" };
    expect(medcalc.score({ ...row, text: '{"answer": "99"}' }, "medcalc-bench")).toEqual({
      extracted: "99",
      correct: true,
    });
    const text = '<answer>{"answer": "99 mmHg"}</answer>';
    expect(medcalc.score({ ...row, text }, "paper")).toEqual({ extracted: "99", correct: true });
  });

  it("ifeval: verify, score", () => {
    const asked = { instructionId: "punctuation:no_comma", kwargs: {}, response: "a, b\nc" };
    expect(ifeval.verify(asked, { loose: false })).toBe(false);
    expect(ifeval.verify({ ...asked, prompt: "?" }, { loose: true })).toBe(true);
    const row = { prompt: "?", instruction_id_list: [asked.instructionId], kwargs: [{}] };
    const { strict, loose, prompts } = ifeval.score([{ ...row, response: asked.response }]);
    expect([prompts, strict.prompt, loose.prompt]).toEqual([1, 0, 1]);
  });

  it("countdown: verify; finalAnswer: match", () => {
    expect(countdown.verify({ numbers: [2, 3], target: 6, text: "\\boxed{2*3}" })).toBe(true);
    expect(countdown.verify({ numbers: [2, 3], target: 6, text: "\\boxed{6}" })).toBe(false);
    expect(finalAnswer.match("so it is \\boxed{1,200}.", "#### 1200")).toBe(true);
    expect(finalAnswer.match("none", "1")).toBe(false);
  });
});
