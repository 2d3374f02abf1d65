import { describe, expect, test } from "vitest";
import {
  adamw,
  anchored,
  chain,
  clipByGlobalNorm,
  createEngine,
  crossEntropy,
  full,
  ids,
  interpolate,
  nn,
  random,
  rowsOf,
  schedules,
  tensor,
  transformer,
} from "../src/index.ts";

/** What a program in JavaScript may pass. */
// biome-ignore lint/suspicious/noExplicitAny: types would refuse what is to be refused here
type Anything = any;

const bad = (value: unknown): Anything => value;
const key = random.key(1);
const small = { vocabSize: 8, contextLength: 8, layers: 1, heads: 1, width: 4 };
const model = (more: object) => () => transformer({ ...small, ...more });
const row = tensor([[1, 2]]);
const ones = tensor([1, 1]);
const weighted = (weight: number) => () =>
  crossEntropy(row, ids([1]), { weights: tensor([weight]) });
const example = { prompt: [1, 2], response: [3] };
const collated = (options: object) => () => anchored.collate([example], options);

const refused: Readonly<Record<string, readonly [() => unknown, RegExp]>> = {
  "full of a text": [() => full([1], bad("3")), /full: expected a number, got "3"/],
  "a shape that is a text": [() => tensor(new Float32Array(2), bad("2")), /a list of lengths/],
  "lengths beyond what is exact": [() => full([2 ** 53], 1), /whole numbers from 0 on/],
  "permutation of −1": [() => random.permutation(key, -1), /expected an integer n ≥ 0, got -1/],
  "permutation of 1.5": [() => random.permutation(key, 1.5), /expected an integer n ≥ 0, got 1.5/],
  "an empty range of uniform": [() => random.uniform(key, [1], { min: 1, max: 0 }), /min ≤ max/],
  "std NaN": [() => random.normal(key, [1], { std: Number.NaN }), /std ≥ 0, got 0 and NaN/],
  "an infinite decay": [
    () => adamw({ learningRate: 1, weightDecay: Infinity }),
    /weightDecay ≥ 0, got Infinity/,
  ],
  "decays that are no function": [
    () => adamw({ learningRate: 1, decays: bad(true) }),
    /decays to be a function, got true/,
  ],
  "an infinite learning rate": [() => schedules.constant(Infinity), /learningRate ≥ 0/],
  "settings that overflow float32": [
    () => adamw({ learningRate: 1e39 }),
    /learningRate ≥ 0, got 1e\+39, which is Infinity in float32/,
  ],
  "settings that vanish in float32": [
    () => adamw({ learningRate: 1, epsilon: 1e-50 }),
    /epsilon > 0, got 1e-50, which is 0 in float32/,
  ],
  "a decay that is 1 in float32": [
    () => adamw({ learningRate: 1, b2: 1 - 1e-9 }),
    /0 ≤ b2 < 1, got 0\.999999999, which is 1 in float32/,
  ],
  "a weight decay beyond float32": [
    () => adamw({ learningRate: 1, weightDecay: 1e39 }),
    /weightDecay ≥ 0, got 1e\+39, which is Infinity/,
  ],
  "a norm below float32": [() => clipByGlobalNorm(1e-50), /max > 0, got 1e-50, which is 0/],
  "an epsilon below float32": [
    () => nn.rmsNorm(row, ones, 1e-50),
    /epsilon ≥ 0, got 1e-50, which is 0 in float32/,
  ],
  "a temperature whose inverse overflows": [
    () => anchored.frozenAnchorLoss({ logits: row, anchorLogProbs: row, temperature: 1e-40 }),
    /positive temperature, got 1e-40, by which to divide is to multiply by 1.*, which is Infinity/,
  ],
  "a norm that is a text": [() => clipByGlobalNorm(bad("1")), /expected max > 0, got 1/],
  "a link that is no optimizer": [() => chain(bad(3)), /expected optimizers, got 3 as argument 0/],
  "batches of NaN examples": [
    () => anchored.shuffledBatches(key, Number.NaN, 2),
    /whole number of examples, got NaN/,
  ],
  "length NaN": [collated({ length: Number.NaN }), /length to be a whole number, got NaN/],
  "padding −1": [collated({ padding: -1 }), /a token id as padding, got -1/],
  "padding 2⁴⁰": [collated({ padding: 2 ** 40 }), /a token id as padding, got 1099511627776/],
  "the id 2³¹": [
    () => anchored.collate([{ prompt: [1], response: [2 ** 31] }]),
    /expected ids in .*, got 2147483648 in example 0/,
  ],
  "a path of no name": [() => interpolate(bad("nosuch"), 0.5), /or \{ power \}, got nosuch/],
  "a weight above 1": [() => anchored.effectiveWeight(2, 3), /0 ≤ alpha ≤ 1, got 2/],
  "−1 steps": [() => anchored.effectiveWeight(0.5, -1), /steps ≥ 0, got -1/],
  "a token's weight NaN": [weighted(Number.NaN), /finite weights ≥ 0, got NaN/],
  "a token's weight below 0": [weighted(-1), /finite weights ≥ 0, got -1/],
  "weights that count nothing": [weighted(0), /at least one token to count, got none/],
  "epsilon −1 of layerNorm": [
    () => nn.layerNorm(row, ones, ones, -1),
    /layerNorm: expected epsilon ≥ 0, got -1/,
  ],
  "epsilon NaN of rmsNorm": [() => nn.rmsNorm(row, ones, Number.NaN), /epsilon ≥ 0, got NaN/],
  "theta 0": [() => nn.ropeTables(4, 4, 0), /finite theta > 0, got 0/],
  "10⁹ layers": [model({ layers: 1e9 }), /at most 10000 layers, got 1000000000/],
  "10¹⁷ parameters": [
    model({ width: 1e7, heads: 100, hidden: 1e7, layers: 100 }),
    /at most 8796093022208 parameters, got 7\.00e\+16/,
  ],
  "2⁴⁰ tokens": [model({ vocabSize: 2 ** 40 }), /vocabSize of ids of 32 bits, got 1099511627776/],
  "another activation": [model({ activation: "relu" }), /activation: .*silu, gelu, got relu/],
  "another norm": [model({ norm: "batch" }), /norm: expected one of rms.*, got batch/],
  "another place of norms": [model({ normPlacement: "x" }), /normPlacement: .*, got x/],
  "another storage": [model({ storage: "x" }), /storage: .*, got x/],
  "a flag that is a text": [model({ tieEmbeddings: "no" }), /tieEmbeddings to be true or false/],
  "softcap 0": [model({ logitSoftcap: 0 }), /logitSoftcap to be null or finite and > 0, got 0/],
  "an attention scale NaN": [model({ attentionScale: Number.NaN }), /finite attentionScale/],
  "an infinite theta": [model({ ropeTheta: Infinity }), /ropeTheta > 0, got Infinity/],
  "rows of a number": [() => rowsOf(bad(3)), /expected a path, or \{ name, content \}, got 3/],
  "rows of no shape": [
    () => rowsOf({ name: "a.jsonl", content: '{"text": "a"}' }, { shape: bad("x") }),
    /shape: expected one of .*, got x/,
  ],
};

describe("what cannot be is refused where it is said", () => {
  test.each(Object.entries(refused))("%s", (_, [call, message]) => {
    expect(call).toThrow(message);
  });

  test("functions and places of a program", async () => {
    await using engine = await createEngine({ backend: "reference" });
    expect(() => engine.compile(bad(3))).toThrow("compile: expected a function, got 3");
    expect(() => engine.compile(() => row, { donate: [-1] })).toThrow(
      "compile: expected places of arguments to donate, got -1",
    );
  });

  test("after no step nothing of the reference is there, whatever its weight", () => {
    expect(anchored.effectiveWeight(1, 0)).toBe(0);
    expect(anchored.effectiveWeight(1, 3)).toBe(1);
  });
});
