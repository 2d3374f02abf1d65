/** What `anchorgrad vectors` writes, read back as another program would. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Method, objectives } from "../../../src/anchored/objectives/methods.ts";
import { defaults as usual } from "../../../src/anchored/options.ts";
import { defaults } from "../../../src/anchored/vectors/cases.ts";
import { evaluateVector } from "../../../src/anchored/vectors/evaluate.ts";
import { type LossVectors, lossVectors } from "../../../src/anchored/vectors/vectors.ts";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import { anchorOf, formulas, softmax } from "../objectives/formulas.ts";

let reference: Engine;
let wasm: Engine;
let file: LossVectors;
let text: string;
beforeAll(async () => {
  reference = await createEngine({ backend: "reference" });
  wasm = await createEngine({ backend: "wasm", threads: 1 });
  text = JSON.stringify(await lossVectors());
  file = JSON.parse(text) as LossVectors;
});
afterAll(async () => {
  await reference.close();
  await wasm.close();
});

const numbersIn = (x: unknown): number[] =>
  typeof x === "number" ? [x] : Array.isArray(x) ? x.flatMap(numbersIn) : [];

test("holds every method, with its formula and finite numbers", () => {
  expect(file.schema).toBe("anchorgrad/loss-vectors/1");
  expect([...new Set(file.vectors.map(({ method }) => method))]).toEqual(Object.keys(objectives));
  for (const { method, formula, source, loss, gradient, settings } of file.vectors) {
    expect(formula.length, method).toBeGreaterThan(5);
    expect(source ?? "https://arxiv.org/abs/1").toMatch(/^https:\/\/arxiv\.org\/abs\/\d/);
    expect([loss, ...numbersIn(gradient)].every(Number.isFinite), method).toBe(true);
    const { needs, knows } = objectives[method];
    for (const name of Object.keys(settings)) {
      const heeded: readonly string[] = [...needs, ...knows];
      expect(heeded, `${method}.${name}`).toContain(name);
    }
  }
});

test("says what fineTune does where a case says nothing", () => {
  expect(usual).toMatchObject(defaults);
});

test("is the same text again", async () => {
  expect(JSON.stringify(await lossVectors())).toBe(text);
});

describe("what is read back is reproduced", () => {
  test("to the bit by the reference engine", async () => {
    for (const vector of file.vectors) {
      const { loss, gradient, paramsGradient } = await evaluateVector(reference, vector);
      expect(loss, vector.method).toBe(vector.loss);
      expect(gradient, vector.method).toEqual(vector.gradient);
      expect(paramsGradient, vector.method).toEqual(vector.paramsGradient);
    }
  });

  test("to float32's digits by wasm", async () => {
    for (const vector of file.vectors) {
      const { loss, gradient, paramsGradient } = await evaluateVector(wasm, vector);
      const [ours, theirs] = [
        [loss, ...numbersIn(gradient), ...numbersIn(paramsGradient)],
        [vector.loss, ...numbersIn(vector.gradient), ...numbersIn(vector.paramsGradient)],
      ];
      ours.forEach((x, i) => {
        const wanted = theirs[i] ?? NaN;
        const most = 2e-5 * (1 + Math.abs(wanted));
        expect(Math.abs(x - wanted), `${vector.method} ${i}`).toBeLessThan(most);
      });
    }
  });
});

/** Methods of one token at a time, whose formula this repository has written out a second time. */
const alone: readonly Method[] = [
  ...(["sft", "dft", "power", "threshold", "eaft", "iwSftTokens", "psft"] as const),
  ...(["klRegularized", "asft", "jsd", "distillation", "anchored", "moving"] as const),
];

test.each(alone)("%s is its formula, written out in plain numbers", (method) => {
  const own = file.vectors.filter((vector) => vector.method === method);
  expect(own.length).toBeGreaterThan(0);
  for (const { settings: said, inputs, loss, gradient } of own) {
    const settings = {
      ...({ alpha: 0.5, interpolation: "logit", temperature: 1, beta: 0.1 } as const),
      ...({ direction: "forward", kdRatio: 1 } as const),
      ...said,
    };
    const { logits, labels, mask, baseLogits, referenceLogits, snapshotLogits } = inputs;
    const { target: kind } = objectives[method];
    const over = (z: readonly number[]) => softmax(z.map((x) => x / settings.temperature));
    const counted = numbersIn(mask).filter((x) => x === 1).length;
    let total = 0;
    logits.forEach((row, b) => {
      row.forEach((z, t) => {
        const label = labels[b]?.[t] ?? NaN;
        const at = (cube: typeof logits | undefined) => cube?.[b]?.[t] ?? [];
        const logAt = (cube: typeof logits | undefined) => [
          Math.log(softmax(at(cube))[label] ?? NaN),
        ];
        const [p, s] = [over(at(snapshotLogits)), over(at(referenceLogits))];
        const anchored = snapshotLogits ? anchorOf(p, s, settings) : s;
        const target =
          kind === "baseLabels"
            ? logAt(baseLogits)
            : kind === "snapshot"
              ? logAt(snapshotLogits)
              : kind === "anchor"
                ? anchored.map(Math.log)
                : kind === "reference"
                  ? at(referenceLogits)
                  : at(baseLogits);
        const term = formulas[method]({ z, label, target }, settings);
        const share = (mask[b]?.[t] ?? 0) / counted;
        total += share * term.value;
        term.gradient.forEach((x, v) => {
          const theirs = gradient[b]?.[t]?.[v] ?? NaN;
          expect(Math.abs(theirs - share * x), `${method} ${b} ${t} ${v}`).toBeLessThan(1e-12);
        });
      });
    });
    expect(Math.abs(loss - total), method).toBeLessThan(1e-12);
  }
});

test("docs/vectors.md shows numbers that are in the file", async () => {
  const page = await readFile(new URL("../../../docs/vectors.md", import.meta.url), "utf8");
  const shown = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? "{}") as {
    readonly method?: Method;
    readonly loss?: number;
    readonly settings?: object;
    readonly formula?: string;
  };
  const found = file.vectors.find(
    ({ method, loss }) => method === shown.method && loss === shown.loss,
  );
  expect(found).toMatchObject({ formula: shown.formula, settings: shown.settings });
});
