// How anchorgrad joins the comparison of one training step on all peers: the same small GPT, weights,
// batch and AdamW. `make` runs it in Node (wasm) and in Chromium (options.device: wasm, webgl2, webgpu …).
import {
  adamw,
  applyUpdates,
  createEngine,
  crossEntropy,
  nn,
  ops,
  tensor,
  valueAndGrad,
} from "../../dist/src/index.js";

export const info = { backend: "anchorgrad" };
const OPTIMIZER = { learningRate: 3e-3, b1: 0.9, b2: 0.99, epsilon: 1e-8, weightDecay: 0.01 };

/** Parameters as a tree, cut from the flat weights in the order of the specification. */
export function parametersOf({ layers, d, T, vocab }, weights) {
  let from = 0;
  const next = (...shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    from += size;
    return tensor(weights.slice(from - size, from), shape);
  };
  return {
    tokens: next(vocab, d),
    positions: next(T, d),
    blocks: Array.from({ length: layers }, () => ({
      norm1: next(d),
      qkv: next(d, 3 * d),
      out: next(d, d),
      norm2: next(d),
      up: next(d, 4 * d),
      down: next(4 * d, d),
    })),
    norm: next(d),
    head: next(d, vocab),
  };
}

/** Mean cross-entropy of the GPT on one batch, nats a token. */
export function lossOf({ d, heads, T, batch: B }, x, y) {
  const D = d / heads;
  return ({ tokens, positions, blocks, norm, head }) => {
    const block = (h, p) => {
      const qkv = ops.reshape(ops.matmul(nn.rmsNorm(h, p.norm1), p.qkv), [B, T, 3, heads, D]);
      const split = ops.transpose(qkv, [2, 0, 3, 1, 4]); // [3, B, H, T, D]
      const [q, k, v] = [0, 1, 2].map((i) =>
        ops.reshape(ops.slice(split, [i, 0, 0, 0, 0], [1, B, heads, T, D]), [B, heads, T, D]),
      );
      const mixed = ops.transpose(nn.causalAttention(q, k, v), [0, 2, 1, 3]); // [B, T, H, D]
      const attended = ops.add(h, ops.matmul(ops.reshape(mixed, [B * T, d]), p.out));
      const up = ops.gelu(ops.matmul(nn.rmsNorm(attended, p.norm2), p.up));
      return ops.add(attended, ops.matmul(up, p.down));
    };
    const embedded = ops.add(ops.reshape(ops.gather(tokens, x), [B, T, d]), positions);
    const h = blocks.reduce(block, ops.reshape(embedded, [B * T, d]));
    return crossEntropy(ops.matmul(nn.rmsNorm(h, norm), head), y);
  };
}

export async function make(config, weights, data, options = {}) {
  const backend = options.device ?? "wasm";
  const threads = options.threads ?? Number(globalThis.process?.env.ANCHORGRAD_THREADS ?? 1);
  const engine = await createEngine({ backend, threads });
  info.backend = `${engine.backend}: ${engine.description}`;
  const [x, y] = [data.x, data.y].map((ids) => engine.put(tensor(ids, [ids.length])));
  const optimizer = adamw(OPTIMIZER);
  const loss = lossOf(config, x, y);
  const train = engine.compile(
    function train(params, state) {
      const [value, gradients] = valueAndGrad(loss)(params);
      const [updates, next] = optimizer.update(gradients, state, params);
      return [value, applyUpdates(params, updates), next];
    },
    { donate: [0, 1] },
  );
  const start = parametersOf(config, weights);
  let params = engine.put(start);
  let state = engine.put(optimizer.init(start));
  return {
    async step() {
      let value;
      [value, params, state] = await train(params, state);
      return (await engine.read(value))[0];
    },
    mem: () => engine.memory(),
    stats: () => train.stats(),
  };
}
