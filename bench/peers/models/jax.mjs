import { ADAMW, cutWeights, NORM_EPSILON } from "../spec.mjs";

/** The GPT on jax-js: one jit over valueAndGrad and AdamW. */
export function makeJax({ numpy: np, nn, jit, valueAndGrad, tree }, model, weights, batch) {
  const { layers, d, heads, T, batch: B, vocab } = model;
  const start = cutWeights(model, weights);
  const names = start.map(([name]) => name);
  const filled = (make) => Object.fromEntries(start.map((row) => [row[0], make(row)]));
  let params = filled(([, shape, data]) => np.array(data).reshape(shape));
  let first = filled(([, shape]) => np.zeros(shape));
  let second = filled(([, shape]) => np.zeros(shape));
  const ids = np.array(batch.x, { dtype: np.int32 });
  const labels = np.array(batch.y, { dtype: np.int32 });
  const gelu = (x) => nn.gelu(x, { approximate: true });
  const norm = (x, gain) => {
    const root = np.sqrt(np.mean(np.square(x.ref), -1, { keepdims: true }).add(NORM_EPSILON));
    return x.div(root).mul(gain);
  };

  function block(h, p, l) {
    const qkv = np
      .matmul(norm(h.ref, p[`l${l}.ln1`]), p[`l${l}.qkv`])
      .reshape([B, T, 3, heads, d / heads]);
    const [q, k] = [0, 1].map((i) => qkv.ref.slice([], [], i)); // [B, T, H, D]
    const v = qkv.slice([], [], 2);
    const mixed = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([B * T, d]);
    const attended = h.add(np.matmul(mixed, p[`l${l}.o`]));
    const up = gelu(np.matmul(norm(attended.ref, p[`l${l}.ln2`]), p[`l${l}.fc`]));
    return attended.add(np.matmul(up, p[`l${l}.proj`]));
  }
  function loss(p, ids, labels) {
    const embedded = np.matmul(nn.oneHot(ids, vocab), p.tok).reshape([B, T, d]).add(p.pos);
    let h = embedded.reshape([B * T, d]);
    for (let l = 0; l < layers; l++) h = block(h, p, l);
    const logits = np.matmul(norm(h, p.lnf), p.head);
    const chosen = np.sum(logits.ref.mul(nn.oneHot(labels, vocab)), -1);
    return np.mean(nn.logsumexp(logits, -1).sub(chosen));
  }

  const differentiate = valueAndGrad(loss);
  const { lr, b1, b2, eps, wd } = ADAMW;
  const train = jit((p, m, v, correct1, correct2, ids, labels) => {
    const [value, gradients] = differentiate(tree.ref(p), ids, labels);
    const next = { value, params: {}, first: {}, second: {} };
    for (const name of names) {
      next.first[name] = m[name].mul(b1).add(gradients[name].ref.mul(1 - b1));
      next.second[name] = v[name].mul(b2).add(np.square(gradients[name]).mul(1 - b2));
      const size = np.sqrt(next.second[name].ref.div(correct2.ref)).add(eps);
      const update = next.first[name].ref.div(correct1.ref).div(size);
      next.params[name] = p[name].mul(1 - lr * wd).sub(update.mul(lr));
    }
    correct1.dispose();
    correct2.dispose();
    return next;
  });
  let t = 0;
  return async function step() {
    t++;
    const corrections = [b1, b2].map((decay) => np.array(1 - decay ** t));
    const next = train(params, first, second, ...corrections, ids.ref, labels.ref);
    ({ params, first, second } = next);
    const [number] = await next.value.data();
    // The update is done, too, once a weight can be read.
    await params.tok.ref.slice([0, 1], [0, 1]).data();
    return number;
  };
}
