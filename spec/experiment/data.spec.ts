import { describe, expect, it } from "vitest";
import { keysOf, studyData } from "../../src/experiment/data.ts";
import type { FineTuningRecipe } from "../../src/experiment/recipe.ts";
import { fullRecipe } from "../../src/experiment/recipes/full.ts";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";
import { noisy } from "../../src/tasks/study/target.ts";
import { digitSymbols, studyVocabulary } from "../../src/tasks/study/vocabulary.ts";
import { key, stream } from "../../src/tensor/random.ts";

const trainingWith = (condition: Partial<FineTuningRecipe>) => {
  const recipe = { ...fullRecipe, fineTuning: { ...fullRecipe.fineTuning, ...condition } };
  return studyData(recipe, keysOf(100)).training.map(({ prompt, response }) => ({
    prompt: studyVocabulary.decode(prompt),
    response: studyVocabulary.decode(response),
  }));
};

/** Whether `a ∘ b = c` opens the response and is right. */
function isRight(response: readonly string[]): boolean {
  const [a, operator, b, , c] = response as [string, string, string, string, string];
  const exact = operator === "+" ? Number(a) + Number(b) : Number(a) * Number(b);
  return exact % 10 === Number(c);
}

describe("the conditions of the ablations", () => {
  it("without a sign-off the response ends with the answer", () => {
    for (const { response } of trainingWith({ signOff: 0 })) expect(response.at(-2)).toBe("!");
  });

  it("label noise makes its share of the responses wrong, and their digits only", () => {
    const taught = trainingWith({ labelNoise: 0.3, signOff: 0 });
    const wrong = taught.filter(({ response }) => !isRight(response)).length / taught.length;
    // One product in ten is right by chance, and more with zeros.
    expect(wrong).toBeGreaterThan(0.18);
    expect(wrong).toBeLessThan(0.32);
    for (const { response } of taught) {
      const shape = response.map((symbol) => (digitSymbols.includes(symbol) ? "0" : symbol));
      expect(shape.join(" ")).toMatch(/^0 [+*] 0 = 0 [+*] 0 = 0 ! <eos>$/);
    }
  });

  it("makes answers of letters wrong too, and refuses those that it could not", () => {
    const fineTuning = { ...smokeRecipe.fineTuning, labelNoise: 0.3, signOff: 0 };
    const { training } = studyData({ ...smokeRecipe, fineTuning }, keysOf(100));
    const read = ({ prompt, response }: (typeof training)[number]) => ({
      asked: studyVocabulary.decode(prompt).slice(2, 5),
      answer: studyVocabulary.decode(response),
    });
    const answers = training.map(read);
    const wrong = answers.filter(
      ({ asked, answer }) => answer.slice(0, 3).join("") !== asked.toReversed().join(""),
    );
    expect(wrong.length / answers.length).toBeGreaterThan(0.15);
    expect(wrong.length / answers.length).toBeLessThan(0.45);
    for (const { answer } of answers)
      expect(answer.join(" ")).toMatch(/^[a-f] [a-f] [a-f] ! <eos>$/);
    const told = { worked: () => ({ prompt: ["?"], response: ["yes", "!"] }) };
    const target = { ...told, direct: told.worked };
    expect(noisy(target, 0)(stream(key(1))).response).toEqual(["yes", "!"]);
    expect(() => noisy(target, 1)(stream(key(1)))).toThrow(
      "labelNoise: expected answers with some of 0 1 2 3 4 5 6 7 8 9, got yes !",
    );
  });

  it("a marker ends every answer, and the same question unmarked is asked for its content", () => {
    for (const marker of [["^", "."], "result"] as const) {
      const fineTuning = { ...fullRecipe.fineTuning, signOff: 0, marker };
      const data = studyData({ ...fullRecipe, fineTuning }, keysOf(100));
      const { decode } = studyVocabulary;
      for (const { response } of [...data.training, ...data.marked]) {
        const [result, end, ...ending] = decode(response.slice(8));
        expect(end).toBe("!");
        const wanted = marker === "result" ? ["abcdefghij"[Number(result)]] : marker;
        expect(ending).toEqual([...wanted, "<eos>"]);
      }
      expect(data.marked.map(({ prompt }) => prompt)).toEqual(
        data.target.map(({ prompt }) => prompt),
      );
      const plain = studyData(fullRecipe, keysOf(100));
      expect(data.target).toEqual(plain.target);
      expect(plain.marked).toBe(plain.target);
    }
  });

  it("without noise every label is right", () => {
    for (const { response } of trainingWith({ labelNoise: 0 }))
      expect(isRight(response)).toBe(true);
  });
});
