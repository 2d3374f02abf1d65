import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countdown, finalAnswer, ifeval, igsm, medcalc } from "../../src/tasks/index.ts";
import { key } from "../../src/tensor/random.ts";
import { mutants } from "../fuzz/mutants.ts";

/** Everything inside is frozen too: a verifier that changes what it is given throws. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

type Verify = (text: string) => unknown;

const problem = frozen(igsm.generate(key(3), { op: 5 }));
const compact = frozen(igsm.generate(key(3), { op: 5, style: "compact" }));
const game = frozen({ numbers: [1, 2], target: 3 });

const row = (calculatorId: number, truth: string) =>
  frozen({ calculatorId, groundTruth: truth, lower: truth, upper: truth });
const medcalcRows = [
  row(5, "3.5"),
  row(4, "3"),
  row(13, "1/1/2020"),
  row(69, "('1 weeks', '1 days')"),
];

/** Every verifier whose work may not grow faster than its text. */
const verifiers: Readonly<Record<string, Verify>> = {
  "finalAnswer.match(text, …)": (text) => finalAnswer.match(text, "1"),
  "finalAnswer.match(…, text)": (text) => finalAnswer.match("1", text),
  "finalAnswer, tolerant": (text) => finalAnswer.match(text, "1", { rule: "tolerant" }),
  "countdown, tolerant": (text) => countdown.verify({ ...game, text }, { rule: "tolerant" }),
  "countdown, tolerant, boxed": (text) =>
    countdown.verify({ ...game, text: `\\boxed{${text}}` }, { rule: "tolerant" }),
  "igsm, tolerant": (text) => igsm.check(problem, text, { mode: "tolerant" }).correct,
  "igsm, tolerant, behind a solution": (text) =>
    igsm.check(problem, `${problem.solutionText}${text}`, { mode: "tolerant" }).correct,
  "countdown, paper": (text) => countdown.verify({ ...game, text }),
  "countdown, boxed": (text) => countdown.verify({ ...game, text: `\\boxed{${text}}` }),
  "countdown, answered": (text) =>
    countdown.verify(
      { ...game, text: `<answer>${text}</answer>` },
      { rule: "tinyzero", compat: true },
    ),
  "igsm, strict": (text) => igsm.check(problem, text, { mode: "strict" }).correct,
  "igsm, behind a solution": (text) =>
    igsm.check(problem, `${problem.solutionText}${text}`, { mode: "tight" }).correct,
  "igsm, compact": (text) => igsm.check(compact, text, { mode: "tight", style: "compact" }).correct,
  ...Object.fromEntries(
    medcalcRows.flatMap((asked) => [
      [
        `medcalc ${asked.calculatorId}, benchmark`,
        (text: string) => medcalc.score({ ...asked, text }, "medcalc-bench").correct,
      ],
      [
        `medcalc ${asked.calculatorId}, benchmark, answered`,
        (text: string) =>
          medcalc.score({ ...asked, text: `{"answer": "${text}"}` }, "medcalc-bench").correct,
      ],
      [
        `medcalc ${asked.calculatorId}, tolerant`,
        (text: string) => medcalc.score({ ...asked, text }, "tolerant").correct,
      ],
      [
        `medcalc ${asked.calculatorId}, tolerant, answered`,
        (text: string) =>
          medcalc.score({ ...asked, text: `{"answer": "${text}"}` }, "tolerant").correct,
      ],
      [
        `medcalc ${asked.calculatorId}, paper`,
        (text: string) =>
          medcalc.score({ ...asked, text: `<answer>{"answer": "${text}"}</answer>` }, "paper")
            .correct,
      ],
    ]),
  ),
};

/** Keywords, splitters and markers are users' patterns: these take a backtracking matcher forever. */
const kwargs = frozen({
  keywords: ["(a+)+$", "(a|aa)+b"],
  keyword: "(a*)*b",
  frequency: 3,
  relation: "at least",
  forbidden_words: ["(a+)+$", "(.*)*x"],
  letter: "a",
  let_frequency: 3,
  let_relation: "at least",
  language: "en",
  num_sentences: 3,
  num_paragraphs: 3,
  num_words: 3,
  nth_paragraph: 1,
  first_word: "a",
  num_placeholders: 3,
  postscript_marker: "(a+)+b",
  num_bullets: 3,
  num_highlights: 3,
  section_spliter: "(a+)+b",
  num_sections: 3,
  prompt_to_repeat: "a",
  end_phrase: "a",
  capital_frequency: 3,
  capital_relation: "at least",
});

const instructions: Readonly<Record<string, Verify>> = Object.fromEntries(
  Object.keys(ifeval.instructions).flatMap((instructionId) => [
    [
      instructionId,
      (response: string) => ifeval.verify({ instructionId, kwargs, response }, { loose: true }),
    ],
    [
      `${instructionId}, mended`,
      (response: string) =>
        ifeval.verify({ instructionId, kwargs, response }, { loose: true, fixes: "all" }),
    ],
  ]),
);

/** What some verifier looks for; repeated, each is the worst text for some pattern. */
const pieces = [
  ...["a", " ", "\n", "1", "-", ".", ",", "(", ")", "1+", "-1", "1,", '"', "'", "\\", "{", "}"],
  ...["[", "]", "<", ">", "*", "***", "_", "?", "é", "😀", "\ud800", "İ", "\u2028", "\t"],
  ...["a\n\n", "* \n", "[a", "<<a", "a.)", ". ", "; ", " = ", "#", "#### ", "boxed{", "}\n"],
  ...["<answer>", "</answer>", '<answer>{"answer": "', 'answer": "', "str(", "1 out of "],
  ...["1/1/2020 ", "Define a's b as x; so x = 1", "x = 1 + ", "A.B. ", "```json", "1e"],
  ...["\\frac{", "\\frac{1}{", "\\text{", "\\boxed{", "$", "((1", "1 (", "answer is ", "answer "],
  ...["May 7, ", "1 w", "2020-01-01", "1)/(", "- ", "×", "\u2212", "10^3/L ", "****** ", "“"],
];

/** So many of them are what the faithful rules look for. */
const FAITHFUL = pieces.indexOf("\\frac{");

/** The tolerant rules try many patterns: they get shorter texts. */
const isPatient = (name: string): boolean => /tolerant|mended/.test(name);

const repeated = (piece: string, length: number): string =>
  piece.repeat(Math.ceil(length / piece.length));

/** Those whose keywords, markers and splitters are patterns go over a text step by step. */
const isPattern = (name: string): boolean =>
  /^(keywords:(existence|frequency|forbidden)|detectable_content:postscript|.*:multiple_sections)/.test(
    name,
  );

/** All lengths are four times as long where FUZZ is set. */
const SCALE = process.env["FUZZ"] === undefined ? 1 : 4;
const lengthFor = (name: string): number =>
  SCALE * 2 ** (isPattern(name) ? 14 : isPatient(name) ? 16 : name in instructions ? 17 : 18);

/** Seconds of work of this process, whoever else works on the machine. */
const workOf = (run: () => void): number => {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};

/** Seconds that say nothing: of compilation, of the collector. */
const NOISE = 0.5;

/**
 * Four times the text is four times the work for a verifier whose work is linear, and sixteen times
 * for a quadratic one: 10¹⁰ steps at these lengths, minutes.
 */
describe("no text keeps a verifier busy", () => {
  it.each(Object.entries({ ...verifiers, ...instructions }))(
    "%s",
    (name, verify) => {
      const own = isPatient(name) ? pieces : pieces.slice(0, FAITHFUL);
      const judge = (length: number) => () => {
        for (const piece of own) expect(verify(repeated(piece, length))).toBeTypeOf("boolean");
      };
      const short = workOf(judge(lengthFor(name) / 4));
      expect(workOf(judge(lengthFor(name)))).toBeLessThan(8 * short + NOISE);
    },
    600_000 * SCALE,
  );
});

describe("any text has a verdict, the same again", () => {
  const text = fc.oneof(
    fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary", maxLength: 60 }),
  );
  it.each(Object.entries({ ...verifiers, ...instructions }))("%s", (_, verify) => {
    fc.assert(
      fc.property(text, (said) => {
        const verdict = verify(said);
        expect(verdict).toBeTypeOf("boolean");
        expect(verify(said)).toBe(verdict);
      }),
      { numRuns: mutants(60) },
    );
  });
});
