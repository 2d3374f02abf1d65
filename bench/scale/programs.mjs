// What a model of real size is asked to do, as pure functions with the numbers they take.

import { objectiveLoss } from "../../dist/src/anchored/objectives/loss.js";
import { objectives } from "../../dist/src/anchored/objectives/methods.js";
import { throughHead } from "../../dist/src/anchored/targets/onDevice.js";
import { keptAs } from "../../dist/src/finetune/keptAs.js";
import {
  adamw,
  applyUpdates,
  nn,
  ops,
  random,
  tensor,
  valueAndGrad,
} from "../../dist/src/index.js";

const TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
const SETTINGS = { temperature: 1, kdRatio: 1 };
/** Numbers of a part that is filled at a time. */
const PART = 1 << 21;

/** Numbers in [−1.73, 1.73) · scale, by a xorshift, part by part. */
function* numbers(n, scale, seed) {
  let s = (seed * 2654435761) | 1;
  for (let from = 0; from < n; from += PART) {
    const part = new Float32Array(Math.min(PART, n - from));
    for (let i = 0; i < part.length; i++) {
      s ^= s << 13;
      s ^= s >>> 17;
      s ^= s << 5;
      part[i] = (s | 0) * (scale * 8.06e-10);
    }
    yield part;
  }
}

const sizeOf = (shape) => shape.reduce((product, n) => product * n, 1);

/** Random weights on the engine, held as `finetune` would; the host holds one part of them at a time. */
export async function putWeights(engine, { shapes }, dtype = "f32") {
  const params = {};
  for (const [i, [name, shape]] of Object.entries(shapes).entries()) {
    const n = sizeOf(shape);
    const flat = () => [new Float32Array(n).fill(name.endsWith("bias") ? 0 : 1)];
    const parts = () =>
      numbers(n, name.includes("embed") ? 0.02 : 0.6 / Math.sqrt(shape[1]), i + 1);
    const source = { shape, dtype: "float", parts: shape.length === 1 ? flat : parts };
    params[name] = await engine.putParts(keptAs(source, dtype));
  }
  return params;
}

const idsBelow = (vocabulary, shape, seed) =>
  random.integers(random.key(seed), shape, 0, vocabulary);

/**
 * Programs by name. Each has run(): it does the work once more and resolves to what a caller would read of
 * it, a token or a loss; and program, for its plan and its launches.
 */
export async function programsOf(engine, model, params, { prompt, capacity, length }) {
  const { vocabSize, width } = model.config;
  const taken = async (x) => {
    const [value] = await engine.read(x);
    engine.release(x);
    return value;
  };

  const prefill = engine.compile((p, tokens, last) => {
    const { logits, cache } = model.prefill(p, tokens, last, capacity);
    return [ops.argmax(logits), cache];
  });
  const last = tensor(Int32Array.of(prompt - 1), [1]);
  const tokens = idsBelow(vocabSize, [1, prompt], 1);
  const read = () => prefill(params, tokens, last);
  let [, cache] = await read();
  const decode = engine.compile(
    (p, held, inputs) => {
      const { logits, cache: next } = model.decode(p, held, inputs);
      return [ops.argmax(logits), next];
    },
    { donate: [1] },
  );
  const token = tensor(Int32Array.of(7), [1]);
  const inputs = { tokens: token, previous: token, positions: last };

  const adapter = nn.lora({ rank: 16, alpha: 32, targets: TARGETS });
  const tuned = adapter.over(model, params);
  const optimizer = adamw({ learningRate: 1e-4 });
  const host = { shapes: model.shapes, config: model.config };
  const start = adapter.init(random.key(5), { ...model, ...host }, params);
  const [seen, labels] = [2, 3].map((seed) => idsBelow(vocabSize, [1, length], seed));
  const mask = ops.add(tensor(new Float32Array(length), [1, length]), 1);
  const between = tensor(
    Float32Array.from([...numbers(length * width, 1, 9)].flatMap((part) => [...part])),
    [1, length, width],
  );
  /** @param target hidden states of the anchor, which come with the batch */
  function step(objective, target) {
    const own = throughHead(objective, tuned);
    const program = engine.compile(
      (low, state, ids, wanted, anchor) => {
        const loss = (p) =>
          objectiveLoss(
            own,
            { logits: tuned.hidden(p, ids), params: p, labels: wanted, mask, ...anchor },
            SETTINGS,
          );
        const [value, gradients] = valueAndGrad(loss)(low);
        const [updates, next] = optimizer.update(gradients, state, low);
        return [value, applyUpdates(low, updates), next];
      },
      { donate: [0, 1] },
    );
    let [low, state] = engine.put([start, optimizer.init(start)]);
    const batch = engine.put([seen, labels, target ? { target } : {}]);
    return {
      program,
      async run() {
        let loss;
        [loss, low, state] = await program(low, state, ...batch);
        return taken(loss);
      },
      release: () => engine.release([low, state, batch]),
    };
  }
  return {
    prefill: {
      program: prefill,
      async run() {
        const [next, filled] = await read();
        engine.release(filled);
        return taken(next);
      },
      release() {},
    },
    decode: {
      program: decode,
      async run() {
        let next;
        [next, cache] = await decode(params, cache, inputs);
        return taken(next);
      },
      release: () => engine.release(cache),
    },
    LoRA: () => step(objectives.sft),
    anchored: () => step(objectives.anchored, between),
  };
}
