import { beforeAll, describe, expect, test } from "vitest";
import type { Method } from "../../src/anchored/objectives/methods.ts";
import { smokeRecipe } from "../../src/experiment/recipes/smoke.ts";
import { inspect } from "../../src/lab/program/inspect.ts";
import type { ListedStep, Listing } from "../../src/lab/program/listing.ts";
import { gpuKernel, wasmKernel } from "../../src/lab/program/sources.ts";
import { optional } from "../../src/tensor/definitions.ts";

const withoutKernel: ReadonlySet<string> = new Set(optional);

const inspected = (method: Method): Promise<Listing> =>
  inspect({ recipe: smokeRecipe, method, backend: "wasm", repeats: 2 });

let listing: Listing;
beforeAll(async () => {
  listing = await inspected("anchored");
});

const found = (op: string, path: string): ListedStep[] =>
  listing.steps.filter(
    (step) => step.op === op && step.inputs.some((input) => input.path?.endsWith(path)),
  );

describe("a training step taken apart", () => {
  test("is plain data: a worker can post it", () => {
    expect(structuredClone(listing)).toEqual(listing);
    expect(JSON.parse(JSON.stringify(listing)).steps).toHaveLength(listing.steps.length);
  });

  test("names what it trains", () => {
    expect(listing.parameters).toBeGreaterThan(15_000);
    expect(listing.figures.ops).toBe(listing.steps.length);
    expect(listing.stepTime).toBeGreaterThan(0);
  });

  test("knows what each operation is for", () => {
    const q = found("matmul", "q_proj.weight");
    expect(q.map(({ phase, part }) => [phase, part])).toEqual([
      ["forward", "layer 0, attention"],
      ["backward", "layer 0, attention"],
    ]);
    expect(new Set(found("adamwUpdate", "weight").map(({ phase }) => phase))).toEqual(
      new Set(["optimizer"]),
    );
    const loss = listing.steps.filter(({ op }) => op.startsWith("anchoredKl"));
    expect(loss.map(({ op, phase, part }) => [op, phase, part]).sort()).toEqual([
      ["anchoredKl", "forward", "head and loss"],
      ["anchoredKlGrad", "backward", "head and loss"],
    ]);
    // Gradients of gains and of the embedding, which read no parameter.
    const gains = listing.steps.filter(({ op }) => op === "rmsNormGradGain");
    expect(gains.map(({ part }) => part).sort()).toEqual([
      "head and loss",
      "layer 0, attention",
      "layer 0, feed-forward",
    ]);
    const scattered = listing.steps.filter(({ op }) => op === "scatterAdd");
    expect(new Set(scattered.map(({ part }) => part))).toEqual(new Set(["embedding"]));
  });

  test("goes forward, then backward, then to the optimizer, each on what came before", () => {
    const rank = { forward: 0, backward: 1, optimizer: 2 };
    const maker = new Map(listing.steps.map((step) => [step.output.buffer, step]));
    for (const step of listing.steps)
      for (const { buffer } of step.inputs)
        expect(rank[maker.get(buffer)?.phase ?? "forward"]).toBeLessThanOrEqual(rank[step.phase]);
  });

  test("times every operation that has a kernel", () => {
    for (const { kernels, time = Number.NaN } of listing.steps)
      if (kernels.length === 0) expect(time).toBe(0);
      else expect(time).toBeGreaterThanOrEqual(0);
    expect(listing.steps.reduce((sum, { time = 0 }) => sum + time, 0)).toBeGreaterThan(0);
  });

  test("counts what the engine counts", () => {
    const sum = (of: (step: ListedStep) => number) =>
      listing.steps.reduce((total, step) => total + of(step), 0);
    expect(sum(({ flop }) => flop)).toBe(listing.figures.flop);
    expect(sum(({ bytes }) => bytes)).toBe(listing.figures.bytes);
    expect(sum(({ kernels }) => kernels.length)).toBe(listing.figures.launches);
  });

  test("lets no two living temporaries share memory, unless one lies over the other on purpose", () => {
    const placed = listing.buffers.filter(({ offset }) => offset !== undefined);
    expect(placed.length).toBeGreaterThan(20);
    for (const a of placed) {
      expect((a.offset ?? 0) + a.bytes).toBeLessThanOrEqual(listing.arenaBytes);
      for (const b of placed) {
        if (a === b || a.first >= b.first) continue;
        // A result may take over an input in the step that reads it last.
        const together = a.last > b.first;
        const [x, y] = [a.offset ?? 0, b.offset ?? 0];
        if (together)
          expect(x + a.bytes <= y || y + b.bytes <= x, `${a.name} ${b.name}`).toBe(true);
      }
    }
  });

  test("shows the source of every kernel", () => {
    for (const name of new Set(listing.steps.flatMap(({ kernels }) => kernels))) {
      const kernel = name.split(".")[1] ?? "";
      expect(wasmKernel(name)?.text, name).toContain(`export function ${kernel}(`);
    }
    // GPUs do without what is optional.
    const everywhere = listing.steps.map(({ op }) => op).filter((op) => !withoutKernel.has(op));
    for (const op of new Set(everywhere))
      expect(gpuKernel(op)?.text, op).toContain(`export const ${op}:`);
  });
});

test.each([
  "sft",
  "anchoredWeights",
  "onPolicy",
  "distillation",
  "moving",
  "dft",
  "asft",
  "klRegularized",
  "l2sp",
  "jsd",
  "replay",
] as const)("%s is taken apart, too", async (method) => {
  const { steps } = await inspected(method);
  for (const phase of ["forward", "backward", "optimizer"])
    expect(steps.filter((step) => step.phase === phase).length, phase).toBeGreaterThan(10);
});

test("a step in micro-batches is taken apart by what it does for one of them", async () => {
  const microBatchSize = smokeRecipe.fineTuning.batchSize / 4;
  const { parameters, steps } = await inspect({
    ...{ recipe: smokeRecipe, method: "anchored", backend: "wasm", repeats: 2, microBatchSize },
  });
  expect(parameters).toBe(listing.parameters);
  const inputs = steps.flatMap((step) => step.inputs);
  expect(inputs.find(({ path }) => path === "tokens")?.shape[0]).toBe(microBatchSize);
  const phases = new Set(steps.map(({ phase }) => phase));
  expect(phases).toContain("forward");
  expect(phases).toContain("backward");
});

describe("on GPU.js", () => {
  let gpu: Listing;
  beforeAll(async () => {
    gpu = await inspect({ recipe: smokeRecipe, method: "anchored", backend: "cpu", repeats: 1 });
  });

  test("every operation names the text of its kernels", () => {
    expect(gpu.steps).toHaveLength(gpu.figures.ops);
    for (const { op, kernels, sources } of gpu.steps) {
      expect(kernels.length, op).toBeGreaterThan(0);
      expect(sources.length, op).toBeGreaterThan(0);
      for (const i of sources) expect(gpu.sources[i]?.texts[0]?.text, op).toMatch(/^function\(/);
    }
    expect(gpu.sources.length).toBeLessThan(gpu.figures.launches);
  });

  test("temporaries lie where their lifetimes allow it", () => {
    expect(gpu.placed).toBe(false);
    expect(gpu.arenaBytes).toBeGreaterThan(0);
  });
});
