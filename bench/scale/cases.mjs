// What is timed of a model of real size: programs with random weights, each as what to run, what it
// donates, its arguments, and how a result leads to the next.
import * as ag from "../../dist/src/index.js";
import { round } from "../../dist/src/tensor/storage/types.js";
import { models } from "./models.mjs";

/**
 * A model by its name.
 * @param layers fewer, or more, than it has
 * @param options further ones of `transformer`
 */
export function modelOf(name, { layers, ...options } = {}) {
  const json = models[name];
  if (!json) throw new RangeError(`expected one of ${Object.keys(models).join(", ")}, got ${name}`);
  const config = ag.configOf(layers ? { ...json, num_hidden_layers: layers } : json, "config.json");
  return ag.transformer({ ...config, ...options });
}

/** Numbers in [−√3, √3) · scale. */
function fill(count, scale, seed) {
  const numbers = new Float32Array(count);
  let state = (seed * 2654435761) | 1;
  for (let i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    numbers[i] = state * (scale * 8.06e-10);
  }
  return numbers;
}

/**
 * Random weights, put somewhere one tensor at a time.
 * @param dtype how matrices are kept
 */
export function weightsOf({ shapes }, dtype, put) {
  const entries = Object.entries(shapes).map(([name, shape], i) => {
    const count = shape.reduce((a, b) => a * b, 1);
    if (shape.length === 1) {
      const is = name.endsWith("bias") ? 0 : 1;
      return [name, put(ag.tensor(new Float32Array(count).fill(is), shape))];
    }
    const numbers = fill(count, name.includes("embed") ? 0.02 : 0.6 / Math.sqrt(shape[1]), i + 1);
    const options = { copy: false };
    const host =
      dtype === "float"
        ? ag.tensor(numbers, shape, options)
        : ag.stored(dtype, round(dtype, numbers), shape, options);
    return [name, put(host)];
  });
  return Object.fromEntries(entries);
}

const wide = (params) =>
  Object.fromEntries(Object.entries(params).map(([name, x]) => [name, ag.ops.cast(x, "float")]));

/** @returns cases by name, each a function of the weights and of how tensors are put where they are used */
export function casesOf(model, B, T) {
  const { vocabSize, layers, kvHeads, headDim } = model.config;
  const ids = (x) => ag.tensor(new Int32Array(B).fill(x), [B]);
  const tokensOf = (seed) =>
    ag.tensor(
      Int32Array.from({ length: B * T }, (_, i) => (i * 7919 + seed * 104729) % vocabSize),
      [B, T],
    );
  return {
    prefill: (params) => ({
      run(p, tokens, last) {
        const { logits, cache } = model.prefill(wide(p), tokens, last, T);
        return [ag.ops.argmax(logits), cache];
      },
      donate: [],
      args: [params, tokensOf(1), ids(T - 1)],
      next(result, args, _, engine) {
        engine.release(result);
        return args;
      },
    }),
    /** A token for each sequence, whose cache is half full. */
    decode: (params, put) => {
      const shape = [B, kvHeads, T, headDim];
      const zeros = () => put(ag.full(shape, 0));
      return {
        run(cache, p, inputs) {
          const { logits, cache: next } = model.decode(wide(p), cache, inputs);
          return { tokens: ag.ops.argmax(logits), cache: next };
        },
        donate: [0],
        args: [
          Array.from({ length: layers }, () => ({ keys: zeros(), values: zeros() })),
          params,
          { tokens: ids(5), previous: ids(4), positions: ids(T >> 1) },
        ],
        next({ tokens, cache }, [, p, inputs], i, engine) {
          engine.release(tokens);
          return [cache, p, { ...inputs, positions: ids((T >> 1) + 1 + i) }];
        },
      };
    },
    /** Cross-entropy at all positions, AdamW on all weights. */
    step: (params, put) => trained(model, params, put, [tokensOf(1), tokensOf(2)]),
    /** The same on adapters of rank 16 at all linear layers, over weights that stay as they are. */
    lora: (params, put) => {
      const adapter = ag.lora({ rank: 16 });
      const start = put(adapter.init(ag.random.key(1), model, params));
      return trained(adapter.over(model, params), start, put, [tokensOf(1), tokensOf(2)]);
    },
  };
}

function trained(model, params, put, [tokens, labels]) {
  const optimizer = ag.adamw({ learningRate: 1e-5 });
  return {
    run(p, state, batch) {
      const loss = (q) => ag.crossEntropy(model.apply(q, batch.tokens), batch.labels);
      const [value, grads] = ag.valueAndGrad(loss)(p);
      const [updates, next] = optimizer.update(grads, state, p);
      return [value, ag.applyUpdates(p, updates), next];
    },
    donate: [0, 1],
    args: [params, put(optimizer.init(params)), { tokens, labels }],
    async next([value, p, state], [, , batch], _, engine) {
      await engine.read(value);
      return [p, state, batch];
    },
  };
}
