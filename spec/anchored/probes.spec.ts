import { afterAll, describe, expect, test } from "vitest";
import { fineTune } from "../../src/anchored/fineTune.ts";
import { createEngine } from "../../src/engines/create.ts";
import type { Engine } from "../../src/engines/engine.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { collect, endOf, numbersOf, tinyAnchored, tinyStudy } from "./tiny.ts";

const engine: Engine = await createEngine({ backend: "wasm", threads: 1 });
afterAll(() => engine.close());

const { params: sft } = await endOf(fineTune(engine, { ...tinyStudy, method: "sft", epochs: 2 }));
const reference = await engine.run(() => sft);
const options = tinyAnchored(reference, { outer: 2, inner: 2, alpha: 0.25 });

describe("fineTune({ probeEvery })", () => {
  test("looks after every so many steps, in order with the steps", async () => {
    const run = await collect(fineTune(engine, { ...options, probeEvery: 4, readEvery: 3 }));
    const order = run.flatMap((m) => (m.kind === "step" || m.kind === "probe" ? [m] : []));
    expect(order.filter(({ kind }) => kind === "probe").map(({ step }) => step)).toEqual([
      4, 8, 12,
    ]);
    order.forEach((m, i) => {
      if (m.kind === "probe") expect(order[i - 1]).toMatchObject({ kind: "step", step: m.step });
    });
    const probes = run.flatMap((m) => (m.kind === "probe" ? [m] : []));
    expect(probes.map(({ outer, alpha, steps }) => [outer, alpha, steps])).toEqual([
      [0, 0.25, 12],
      [1, 0.25, 12],
      [1, 0.25, 12],
    ]);
  });

  test("shows the parameters of that step, and of each outer step's end", async () => {
    const seen: Tensor[] = [];
    const ends: Tensor[] = [];
    let last: Tensor | undefined;
    const name = "lm_head.weight";
    for await (const m of fineTune(engine, { ...options, probeEvery: 1 })) {
      const copy = async () =>
        "params" in m ? (await engine.run(() => m.params))[name] : undefined;
      if (m.kind === "probe") seen.push((await copy()) as Tensor);
      if (m.kind === "outer") ends.push((await copy()) as Tensor);
      if (m.kind === "end") last = (await copy()) as Tensor;
    }
    expect(seen).toHaveLength(12);
    expect(ends.map(({ data }) => data)).toEqual([seen[5]?.data, seen[11]?.data]);
    expect(last?.data).toEqual(seen[11]?.data);
    expect(seen[0]?.data).not.toEqual(seen[1]?.data);
  });

  test("changes no number", async () => {
    const numbers = async (probeEvery: number) =>
      numbersOf(engine, (await endOf(fineTune(engine, { ...options, probeEvery }))).params);
    expect(await numbers(1)).toEqual(await numbers(0));
  });

  test("refuses what is no count of steps", async () => {
    await expect(collect(fineTune(engine, { ...options, probeEvery: 0.5 }))).rejects.toThrow(
      new RangeError("fineTune: expected probeEvery to be an integer ≥ 0, got 0.5"),
    );
  });
});
