import { ADAMW, cutWeights, NORM_EPSILON } from "../spec.mjs";

/**
 * The GPT on TensorFlow.js: variables, variableGrads, its Adam with decoupled decay.
 * @param tuned transposes explicitly: the wasm backend is fast for plain products alone, and every
 *   gradient has two transposed ones
 */
export function makeTfjs(tf, model, weights, batch, { tuned = false } = {}) {
  const { layers, d, heads, T, batch: B, vocab } = model;
  const p = Object.fromEntries(
    cutWeights(model, weights).map(([name, shape, data]) => [
      name,
      tf.variable(tf.tensor(data, shape), true, name),
    ]),
  );
  const ids = tf.tensor1d(batch.x, "int32");
  const oneHot = (x) => tf.tidy(() => tf.oneHot(tf.tensor1d(x, "int32"), vocab).toFloat());
  const [tokens, labels] = [oneHot(batch.x), oneHot(batch.y)];
  const above = Float32Array.from({ length: T * T }, (_, i) =>
    i % T > Math.floor(i / T) ? -1e9 : 0,
  );
  const mask = tf.tensor(above, [1, 1, T, T]);
  // The gradient of tf.gather needs a kernel that the wasm backend lacks.
  const embed = tf.customGrad((table) => ({
    value: tf.gather(table, ids),
    gradFunc: (g) => tf.matMul(tokens, g, true, false),
  }));
  const flip = (x) => tf.transpose(x, [...x.shape.keys()].toSpliced(-2, 2, x.rank - 1, x.rank - 2));
  const plain = tf.customGrad((a, b, save) => {
    save([a, b]);
    const gradFunc = (g, [a, b]) => [tf.matMul(g, flip(b)), tf.matMul(flip(a), g)];
    return { value: tf.matMul(a, b), gradFunc };
  });
  const matmul = tuned
    ? (a, b, transposeB = false) => plain(a, transposeB ? flip(b) : b)
    : (a, b, transposeB = false) => tf.matMul(a, b, false, transposeB);
  const norm = (x, gain) => x.mul(x.square().mean(-1, true).add(NORM_EPSILON).rsqrt()).mul(gain);
  const gelu = (x) =>
    x.mul(0.5).mul(
      x
        .add(x.mul(x).mul(x).mul(0.044715))
        .mul(Math.sqrt(2 / Math.PI))
        .tanh()
        .add(1),
    );

  function block(h, l) {
    const [norm1, qkv, out] = ["ln1", "qkv", "o"].map((name) => p[`l${l}.${name}`]);
    const [norm2, up, down] = ["ln2", "fc", "proj"].map((name) => p[`l${l}.${name}`]);
    const apart = matmul(norm(h, norm1), qkv).reshape([B, T, 3, heads, d / heads]);
    const [q, k, v] = tf
      .split(apart.transpose([2, 0, 3, 1, 4]), 3, 0)
      .map((x) => x.reshape([B, heads, T, d / heads]));
    const scores = matmul(q, k, true).mul(1 / Math.sqrt(d / heads));
    const mixed = matmul(tf.softmax(scores.add(mask)), v).transpose([0, 2, 1, 3]);
    const attended = h.add(matmul(mixed.reshape([B * T, d]), out));
    return attended.add(matmul(gelu(matmul(norm(attended, norm2), up)), down));
  }
  function loss() {
    let h = embed(p.tok)
      .reshape([B, T, d])
      .add(p.pos)
      .reshape([B * T, d]);
    for (let l = 0; l < layers; l++) h = block(h, l);
    const logits = matmul(norm(h, p.lnf), p.head);
    return tf.logSumExp(logits, -1).sub(logits.mul(labels).sum(-1)).mean();
  }

  const adam = tf.train.adam(ADAMW.lr, ADAMW.b1, ADAMW.b2, ADAMW.eps);
  const variables = Object.values(p);
  return async function step() {
    const { value, grads } = tf.variableGrads(loss, variables);
    tf.tidy(() => {
      for (const variable of variables) variable.assign(variable.mul(1 - ADAMW.lr * ADAMW.wd));
    });
    adam.applyGradients(grads);
    tf.dispose(grads);
    const [number] = await value.data();
    value.dispose();
    // The update is done, too, once a weight can be read.
    const last = tf.tidy(() => p.tok.slice([0, 0], [1, 1]));
    await last.data();
    last.dispose();
    return number;
  };
}
