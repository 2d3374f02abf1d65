import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect, test, vi } from "vitest";
import { certificate } from "../../src/anchored/certificates/certificate.ts";
import { checkCertificate } from "../../src/anchored/certificates/verdict.ts";
import {
  distributions,
  familyNames,
  logits,
  pairs,
  tinyModels,
  triples,
} from "../../src/arbitraries/index.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { exp, sum } from "../../src/tensor/ops.ts";

const engine: Engine = await createEngine({ backend: "reference" });
afterAll(() => engine.close());

const source = (name: string): URL => new URL(`../../src/${name}`, import.meta.url);

describe("anchorgrad/arbitraries", () => {
  test("is what the package exports, beside fast-check", async () => {
    const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
    const { exports, peerDependencies } = JSON.parse(text) as Record<string, object>;
    expect(exports).toMatchObject({
      "./arbitraries": {
        types: "./dist/src/arbitraries/index.d.ts",
        default: "./dist/src/arbitraries/index.js",
      },
    });
    expect(peerDependencies).toHaveProperty("fast-check");
  });

  test("has an example that prints what it says", async () => {
    const text = await readFile(source("arbitraries/index.ts"), "utf8");
    const example = /```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
    const printed = /prints `([^`]*)`/.exec(text)?.[1];
    const code = example
      .replaceAll(/^ \* ?/gm, "")
      .replace('"anchorgrad"', JSON.stringify(fileURLToPath(source("index.ts"))))
      .replace(
        '"anchorgrad/arbitraries"',
        JSON.stringify(fileURLToPath(source("arbitraries/index.ts"))),
      );
    const folder = new URL("../../node_modules/.cache/arbitraries/", import.meta.url);
    const file = fileURLToPath(new URL("example.ts", folder));
    await mkdir(folder, { recursive: true });
    await writeFile(file, code);
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    try {
      await import(/* @vite-ignore */ file);
      expect(log.mock.calls).toEqual([[printed]]);
    } finally {
      log.mockRestore();
      await rm(folder, { recursive: true });
    }
  });
});

test("pairs, logits and distributions are finite rows, one for each family", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 9 }).chain((vocabSize) =>
        fc.record({
          vocabSize: fc.constant(vocabSize),
          pair: pairs({ vocabSize }),
          z: logits({ vocabSize }),
          p: distributions({ vocabSize }),
        }),
      ),
      async ({ vocabSize, pair, z, p }) => {
        for (const x of [pair.snapshotLogits, pair.referenceLogits, z, p]) {
          expect(x.shape).toEqual([familyNames.length, vocabSize]);
          expect(x.data.every(Number.isFinite)).toBe(true);
        }
        const totals = await engine.run(() => sum(exp(p), { axis: -1 }));
        for (const total of totals.data) expect(Math.abs(total - 1)).toBeLessThan(1e-12);
      },
    ),
    { numRuns: 1000 },
  );
});

test("triples are outer steps whose certificate holds", async () => {
  await fc.assert(
    fc.asyncProperty(triples(), async (triple) => {
      const values = await engine.run(() => certificate(triple));
      expect(checkCertificate(values)).toMatchObject({
        tokens: familyNames.length,
        held: familyNames.length,
      });
    }),
    { numRuns: 1000 },
  );
});

test("among the triples are exact steps, steps that miss, and ones that break the bound without delta", () => {
  const all = fc.sample(triples({ vocabSize: 16 }), { numRuns: 50, seed: 1 });
  const gaps = all.flatMap(({ snapshotLogits: p, referenceLogits: s, nextLogits: n, alpha }) =>
    familyNames.map((_, row) => {
      const at = row * 16;
      const to = (i: number) => (1 - alpha) * (p.data[i] as number) + alpha * (s.data[i] as number);
      return Math.max(...[0, 1, 2].map((i) => Math.abs((n.data[at + i] as number) - to(at + i))));
    }),
  );
  expect(gaps.some((gap) => gap === 0)).toBe(true);
  expect(gaps.some((gap) => gap > 0 && gap < 1e-2)).toBe(true);
  expect(gaps.some((gap) => gap > 10)).toBe(true);
});

test("tiny models run", async () => {
  await fc.assert(
    fc.asyncProperty(tinyModels(), async ({ model, params, tokens }) => {
      const { data, shape } = await engine.run(() => model.apply(params, tokens));
      expect(shape).toEqual([...tokens.shape, model.config.vocabSize]);
      expect(data.every(Number.isFinite)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test("a property that fails says from which case", () => {
  const { counterexample, error } = fc.check(
    fc.property(triples({ vocabSize: 3 }), ({ alpha }) => alpha < 0),
    { seed: 1 },
  ) as { counterexample: readonly object[] | null; error?: string };
  expect(error).toBeUndefined();
  expect(fc.stringify(counterexample)).toMatch(
    /^\[triples\(\{ vocabSize: 3 \}\) of seed \d+ with alpha [\d.e-]+\]$/,
  );
});

test("vocabularies that are none are refused", () => {
  expect(() => pairs({ vocabSize: 1 })).toThrow(
    new RangeError("arbitraries: expected an integer vocabSize ≥ 2, got 1"),
  );
});
