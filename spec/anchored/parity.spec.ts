/** Every objective against its formula written out, and against itself in parts. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Interpolation } from "../../src/anchored/objectives/interpolations.ts";
import { objectiveLoss, objectiveSum } from "../../src/anchored/objectives/loss.ts";
import { type Method, objectives } from "../../src/anchored/objectives/methods.ts";
import { isOfLabels, type ObjectiveSettings } from "../../src/anchored/objectives/objective.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { accumulate } from "../../src/optim/accumulate.ts";
import { mapTensors } from "../../src/optim/optimizer.ts";
import { constant } from "../../src/tensor/apply.ts";
import { valueAndGrad } from "../../src/tensor/grad.ts";
import { add, matmul, mul, reshape, slice } from "../../src/tensor/ops.ts";
import { key, normal, stream } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { factors, formulas, keeps, softmax, type Token } from "./objectives/formulas.ts";

let float64: Engine;
let wasm: Engine;
beforeAll(async () => {
  float64 = await createEngine({ backend: "reference" });
  wasm = await createEngine({ backend: "wasm", threads: 1 });
});
afterAll(async () => {
  await float64.close();
  await wasm.close();
});

const methods = Object.keys(objectives) as Method[];
/** Cases of each method: for its formula, and where the same formula is only added up or rounded otherwise. */
const [FORMULA, ARITHMETIC] = [400, 150];
const unit = fc.double({ min: 0, max: 1, noNaN: true });
const weight = fc.oneof(fc.constantFrom(0, 0.5, 1), unit);

interface Case {
  readonly seed: number;
  readonly V: number;
  readonly T: number;
  /** Largest logit. */
  readonly scale: number;
  readonly settings: ObjectiveSettings;
}

const cases: fc.Arbitrary<Case> = fc.record({
  seed: fc.nat(2 ** 31 - 1),
  V: fc.constantFrom(2, 3, 9),
  T: fc.integer({ min: 1, max: 4 }),
  scale: fc.constantFrom(0.1, 1, 6),
  settings: fc
    .record({
      alpha: weight,
      interpolation: fc.constantFrom<Interpolation>("logit", "probability", { power: 0.5 }),
      temperature: fc.constantFrom(0.5, 1, 2),
      beta: weight,
      direction: fc.constantFrom("forward" as const, "reverse" as const),
      kdRatio: weight,
      temperatureSquared: fc.boolean(),
      power: fc.constantFrom(0, 0.5, 1, 2),
      threshold: weight,
      topK: fc.constantFrom(2, 3, 20),
      clipRatio: fc.constantFrom(0.1, 0.28, 1),
      tau: fc.constantFrom(undefined, 0.5, 2),
    })
    .map(({ tau, ...settings }) => ({ ...settings, ...(tau !== undefined && { tau }) })),
});

/** Two sequences of T tokens, some of which count, and parameters that are the logits themselves. */
function drawn({ seed, V, T, scale }: Case, method: Method) {
  const next = stream(key(seed));
  const logit = () => scale * (2 * next() - 1);
  const vector = () => Array.from({ length: V }, logit);
  const { target: kind, exampleWeights } = objectives[method];
  const isLogProbs = kind.toLowerCase().endsWith("anchor");
  const scales = [0, 1].map(() => (exampleWeights ? next() : 1));
  const tokens = Array.from({ length: 2 * T }, (_, i) => {
    const [target, label] = [vector(), Math.floor(next() * V)];
    const logProbs = softmax(target).map(Math.log);
    return {
      ...{
        z: vector(),
        base: vector(),
        fisher: vector().map(Math.abs),
        label,
        row: Math.floor(i / T),
      },
      target: isOfLabels(kind) ? [logProbs[label] as number] : isLogProbs ? logProbs : target,
      counts: i === 0 || next() < 0.6,
      scale: scales[Math.floor(i / T)] as number,
    };
  });
  const rows = (of: (token: (typeof tokens)[number]) => number[], last: number[]) =>
    constant(Float64Array.from(tokens.flatMap(of)), [2, T, ...last]);
  return {
    tokens,
    z: rows(({ z }) => z, [V]),
    base: rows(({ base }) => base, [V]),
    fisher: rows(({ fisher }) => fisher, [V]),
    target: rows(({ target }) => target, [isOfLabels(kind) ? 1 : V]),
    ...(exampleWeights && { scale: rows(({ scale }) => [scale], []) }),
    labels: constant(Int32Array.from(tokens.map(({ label }) => label)), [2, T]),
    mask: rows(({ counts }) => [counts ? 1 : 0], []),
  };
}

/** The loss and its gradient in the logits, as the formulas have them. */
function expected({ settings }: Case, method: Method, { tokens }: ReturnType<typeof drawn>) {
  const isKept = (token: (typeof tokens)[number]): boolean =>
    token.counts && (keeps[method]?.(token, settings) ?? true);
  const counted = Math.max(1, tokens.filter(isKept).length);
  let value = 0;
  const gradient = tokens.flatMap((token) => {
    const { base, fisher, row, scale } = token;
    const gaps = token.z.map((x, v) => x - (base[v] as number));
    const how = method === "ewc" ? fisher : gaps.map(() => (method === "l2sp" ? 1 : 0));
    const pull = gaps.map((x, v) => settings.beta * (how[v] as number) * x);
    value += gaps.reduce((sum, x, v) => sum + ((pull[v] as number) * x) / 2, 0);
    if (!isKept(token)) return pull;
    const term = formulas[method](token satisfies Token, settings);
    const sequence = tokens.filter((other) => other.row === row && other.counts);
    const own = factors[method]?.(sequence, settings)[sequence.indexOf(token)] ?? 1;
    const share = (own * scale) / counted;
    value += share * term.value;
    return term.gradient.map((x, v) => share * x + (pull[v] as number));
  });
  return { value, gradient };
}

async function measured(
  engine: Engine,
  { settings }: Case,
  method: Method,
  batch: ReturnType<typeof drawn>,
) {
  const { labels, mask, target, base, fisher, scale } = batch;
  const loss = (z: Tensor): Tensor =>
    objectiveLoss(
      objectives[method],
      {
        logits: z,
        labels,
        mask,
        target,
        scale,
        params: { z },
        base: { z: base },
        fisher: { z: fisher },
      },
      settings,
    );
  const [value, gradient] = await engine.run(() => valueAndGrad(loss)(batch.z));
  return { value: value.data[0] as number, gradient: gradient.data };
}

function close(a: number, b: number, tolerance: number): void {
  if (!(Math.abs(a - b) <= tolerance * (1 + Math.abs(b)))) expect.fail(`${a} and ${b}`);
}

async function agrees(
  engine: Engine,
  method: Method,
  tolerance: number,
  numRuns: number,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(cases, async (choice) => {
      const batch = drawn(choice, method);
      const [ours, theirs] = [
        await measured(engine, choice, method, batch),
        expected(choice, method, batch),
      ];
      close(ours.value, theirs.value, tolerance);
      ours.gradient.forEach((x, i) => {
        close(x, theirs.gradient[i] as number, tolerance);
      });
    }),
    { numRuns },
  );
}

/** A model of one matrix: logits are features times w. */
const FEATURES = 3;

/** The gradient in w of one batch, and of its two sequences as micro-batches of their own. */
function bothWays(choice: Case, method: Method): Promise<readonly [Tensor, Tensor]> {
  const { seed, V, T, settings } = choice;
  const batch = drawn(choice, method);
  const w = normal(key(seed + 1), [FEATURES, V]);
  const features = normal(key(seed + 2), [2, T, FEATURES]);
  const row = (x: Tensor, i: number): Tensor =>
    slice(x, [i, ...x.shape.slice(1).map(() => 0)], [1, ...x.shape.slice(1)]);
  const { labels, mask, target, scale } = batch;
  const whole = { features, labels, mask, target, ...(scale && { scale }) };
  const parts = [0, 1].map((i) => mapTensors((x) => row(x, i), whole));
  const inputs = ({ features: x, ...rest }: typeof whole, p: Tensor) => {
    const [B, length] = x.shape as [number, number];
    const flat = matmul(reshape(x, [B * length, FEATURES]), p);
    return { ...rest, logits: reshape(flat, [B, length, V]) };
  };
  const params = { w };
  const base = { w: mul(w, 0.5) };
  const fisher = { w: mul(w, w) };
  const { penalty } = objectives[method];
  const pairOf = () => {
    const [, grads] = valueAndGrad((p: typeof params) =>
      objectiveLoss(
        objectives[method],
        { ...inputs(whole, p.w), params: p, base, fisher },
        settings,
      ),
    )(params);
    const [, sums] = accumulate(
      (p: typeof params, part: typeof whole) =>
        objectiveSum(objectives[method], inputs(part, p.w), settings),
      params,
      parts,
    );
    if (!penalty) return [grads.w, sums.w] as const;
    const [, pull] = valueAndGrad((p: typeof params) => penalty(p, base, settings, { fisher }))(
      params,
    );
    return [grads.w, add(sums.w, pull.w)] as const;
  };
  return float64.run(pairOf);
}

describe.each(methods)("%s", (method) => {
  test("has one gradient, whole or in micro-batches of different lengths", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (choice) => {
        const [whole, parts] = await bothWays(choice, method);
        whole.data.forEach((x, i) => {
          close(parts.data[i] as number, x, 1e-10);
        });
      }),
      { numRuns: ARITHMETIC },
    );
  });

  test("is its paper's formula and gradient, in float64", () =>
    agrees(float64, method, 1e-10, FORMULA));
  test("is so in float32", () => agrees(wasm, method, 2e-5, ARITHMETIC));
});
