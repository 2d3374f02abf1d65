import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEngine } from "../../../src/engines/create.ts";
import type { Engine } from "../../../src/engines/engine.ts";
import {
  configOf,
  crossEntropy,
  generate,
  type LoadedParams,
  paramsFrom,
  tensorsFor,
  transformer,
} from "../../../src/nn/index.ts";
import { ids, tensor } from "../../../src/tensor/apply.ts";
import { valueAndGrad } from "../../../src/tensor/grad.ts";
import { wholeOf } from "../../../src/tensor/parts.ts";
import { at } from "../../../src/tensor/shapes.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { absent, apart, type Checkpoint, checkpoint, checkpoints, reason } from "./checkpoints.ts";

let reference: Engine;
let wasm: Engine;
beforeAll(async () => {
  reference = await createEngine({ backend: "reference" });
  wasm = await createEngine({ backend: "wasm", threads: 1 });
});
afterAll(async () => {
  await reference.close();
  await wasm.close();
});

/** transformers makes dynamic theta in float32. */
const boundOf = (name: string) => (name === "llama-rope-dynamic" ? 1e-6 : 1e-9);

async function loaded(it: Checkpoint) {
  const config = configOf(it.json("config.json"), `${it.path}/config.json`);
  return paramsFrom(config, await it.weights(), it.path);
}

/** The original's loss: position t predicts labels[t + 1], and −100 is no target. */
function lossOf({ config }: LoadedParams, inputs: number[][], labels: number[][]) {
  const model = transformer(config);
  const shifted = labels.map((row) => [...row.slice(1), -100]);
  const mask = tensor(shifted.map((row) => row.map((label) => (label < 0 ? 0 : 1))));
  const targets = ids(shifted.map((row) => row.map((label) => Math.max(label, 0))));
  return (params: LoadedParams["params"]) =>
    crossEntropy(model.apply(params, ids(inputs)), targets, mask);
}

/**
 * 3.7e-6 at most, because matrix products add in float32: rounding all results of `reference` to
 * float32 costs 1.1e-6 of a gradient's norm, and adding its products up in float32 3.8e-6, checkpoint
 * by checkpoint as much as on WebAssembly. PyTorch in float32 is off by up to 3.5e-6 of the largest
 * number of a gradient (6.2e-6 here).
 */
const GRADIENTS32 = 5e-6;

const norm = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((sum, v) => sum + v * v, 0));

/**
 * Logits, loss and gradients, all in one run, against the original's: the largest difference of the first,
 * the largest relative ones of the others.
 */
async function allApart(engine: Engine, it: Checkpoint, from: LoadedParams) {
  const { input_ids, labels, loss64, grads64 } = it.reference;
  const loss = lossOf(from, input_ids, labels);
  const model = transformer(from.config);
  const [logits, [value, grads]] = await engine.run(
    () => [model.apply(from.params, ids(input_ids)), valueAndGrad(loss)(from.params)] as const,
  );
  const stored = tensorsFor(from.config, grads, Object.keys(grads64));
  expect(stored.map(({ name }) => name).sort()).toEqual(Object.keys(grads64).sort());
  const made = new Map<string, Tensor>();
  for (const { name, stream } of stored) made.set(name, await wholeOf(stream(), name));
  const off = [...made].map(([name, { data }]) => {
    const wanted = at([grads64[name]], 0);
    if (!wanted) throw new Error(name);
    return Math.max(
      Math.abs(norm(data) - wanted.norm) / wanted.norm,
      apart(data.slice(0, wanted.first16.length), wanted.first16) / wanted.norm,
    );
  });
  const numbers = await it.numbers();
  for (const name of numbers.names.filter((each) => each.startsWith("grad."))) {
    const wanted = await numbers.read(name);
    const got = made.get(name.replace("grad.", ""));
    // Kept in float32.
    expect(apart(got?.data ?? [], wanted.data) / norm(wanted.data), name).toBeLessThan(2e-6);
  }
  return {
    logits: apart(logits.data, (await numbers.read("logits64")).data),
    loss: Math.abs(at(value.data, 0) - loss64) / loss64,
    gradients: Math.max(...off),
  };
}

describe.each(checkpoints)("%s", (name) => {
  const it = checkpoint(name);

  // A model follows from its config: of one spelling its logits are those of the other.
  test("both spellings are the same model", () => {
    const [hub, v5] = (["config.json", "config.v5.json"] as const).map((file) =>
      configOf(it.json(file), file),
    );
    expect(v5).toEqual(hub);
    expect(JSON.parse(JSON.stringify(hub))).toEqual(hub);
  });

  test("float64 logits, loss and every gradient are the original's", async () => {
    const from = await loaded(it);
    expect(from.warnings).toEqual([]);
    const off = await allApart(reference, it, from);
    expect(off.logits).toBeLessThanOrEqual(boundOf(name));
    expect(off.loss).toBeLessThanOrEqual(boundOf(name));
    expect(off.gradients).toBeLessThanOrEqual(boundOf(name));
  });

  test("on WebAssembly logits, loss and gradients are close to them", async () => {
    const off = await allApart(wasm, it, await loaded(it));
    expect(off.logits).toBeLessThanOrEqual(5e-5);
    expect(off.loss).toBeLessThanOrEqual(1e-6);
    expect(off.gradients).toBeLessThanOrEqual(GRADIENTS32);
  });

  const { short, leftpad, greedy } = it.reference;

  test.runIf(short)("a short batch has the original's logits and loss", async () => {
    if (!short) return;
    const from = await loaded(it);
    const model = transformer(from.config);
    const loss = lossOf(from, short.input_ids, short.labels);
    const [logits, value] = await reference.run(
      () => [model.apply(from.params, ids(short.input_ids)), loss(from.params)] as const,
    );
    const wanted = await (await it.numbers()).read("short.logits64");
    expect(apart(logits.data, wanted.data)).toBeLessThanOrEqual(boundOf(name));
    expect(Math.abs(at(value.data, 0) - short.loss)).toBeLessThanOrEqual(boundOf(name));
  });

  test.runIf(leftpad)("rows padded on the left have the original's logits", async () => {
    if (!leftpad) return;
    const { config, params } = await loaded(it);
    const model = transformer(config);
    const layout = { segments: ids(leftpad.attention_mask), positions: ids(leftpad.position_ids) };
    const { data, shape } = await reference.run(() =>
      model.apply(params, ids(leftpad.input_ids), layout),
    );
    const wanted = await (await it.numbers()).read("leftpad.logits64");
    const [V, T] = [at(shape, 2), at(wanted.shape, 1)];
    const pads = at(shape, 1) - T;
    const rows = [...leftpad.input_ids.keys()].flatMap((b) => [
      ...data.slice((b * at(shape, 1) + pads) * V, (b + 1) * at(shape, 1) * V),
    ]);
    expect(apart(rows, wanted.data)).toBeLessThanOrEqual(1e-9);
  });

  test.runIf(greedy)("greedy continuations are the original's, with the cache", async () => {
    if (!greedy) return;
    const { config, params } = await loaded(it);
    const options = {
      model: transformer(config),
      params,
      prompts: [greedy.prompt, greedy.prompt.slice(0, 3)],
      maxNewTokens: greedy.tokens.length,
    };
    for (const engine of [reference, wasm])
      expect((await generate(engine, options))[0]).toEqual(greedy.tokens);
  });
});

if (absent) test.skip(`reference checkpoints${reason}`);
