// What is compared: one small GPT in three sizes, trained by AdamW on one batch. Every peer loads the
// same Float32 weights, so that the loss curves can be compared number for number.

/** 1,024 tokens a step in each. */
export const MODELS = {
  S: { layers: 2, d: 64, heads: 4, T: 64, batch: 16, vocab: 64 },
  M: { layers: 4, d: 128, heads: 4, T: 128, batch: 8, vocab: 256 },
  L: { layers: 6, d: 384, heads: 6, T: 256, batch: 4, vocab: 512 },
};
export const ADAMW = { lr: 3e-3, b1: 0.9, b2: 0.99, eps: 1e-8, wd: 0.01 };
export const NORM_EPSILON = 1e-5;

/** Names and shapes of the parameters, in the order of the flat weights; matrices are [in, out]. */
export function parameterShapes({ layers, d, T, vocab }) {
  const blocks = Array.from({ length: layers }, (_, l) => [
    [`l${l}.ln1`, [d]],
    [`l${l}.qkv`, [d, 3 * d]],
    [`l${l}.o`, [d, d]],
    [`l${l}.ln2`, [d]],
    [`l${l}.fc`, [d, 4 * d]],
    [`l${l}.proj`, [4 * d, d]],
  ]);
  const embeddings = [
    ["tok", [vocab, d]],
    ["pos", [T, d]],
  ];
  return [...embeddings, ...blocks.flat(), ["lnf", [d]], ["head", [d, vocab]]];
}

export const sizeOf = (shape) => shape.reduce((product, n) => product * n, 1);

/** The flat weights cut into arrays: [name, shape, numbers][]. */
export function cutWeights(model, weights) {
  let from = 0;
  return parameterShapes(model).map(([name, shape]) => {
    from += sizeOf(shape);
    return [name, shape, weights.slice(from - sizeOf(shape), from)];
  });
}

function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Gains 1, matrices normal with standard deviation 0.02, less where they write into the residual. */
export function initialWeights(model, seed = 1234) {
  const draw = mulberry32(seed);
  const shapes = parameterShapes(model);
  const weights = new Float32Array(shapes.reduce((sum, [, shape]) => sum + sizeOf(shape), 0));
  let at = 0;
  for (const [name, shape] of shapes) {
    const residual = /\.(o|proj)$/.test(name);
    const std = residual ? 0.02 / Math.sqrt(2 * model.layers) : 0.02;
    for (const end = at + sizeOf(shape); at < end; at++)
      weights[at] =
        shape.length === 1
          ? 1
          : std * Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  }
  return weights;
}

/** Sequences that walk by a step of their own, one token in ten at random: ids and their successors. */
export function trainingBatch({ T, batch, vocab }, seed = 99) {
  const draw = mulberry32(seed);
  const below = (n) => Math.floor(draw() * n);
  const x = new Int32Array(batch * T);
  const y = new Int32Array(batch * T);
  for (let b = 0; b < batch; b++) {
    let token = below(vocab);
    const step = 1 + below(7);
    for (let t = 0; t < T; t++) {
      x[b * T + t] = token;
      token = draw() < 0.1 ? below(vocab) : (token + step) % vocab;
      y[b * T + t] = token;
    }
  }
  return { x, y };
}

export const tokensOf = ({ T, batch }) => T * batch;

/** FLOP of a training step: 6 for each weight in a matmul and token, and attention's whole square. */
export function flopOf(model) {
  const { layers, d, T, vocab } = model;
  const inMatmuls = layers * 12 * d * d + d * vocab;
  return (6 * inMatmuls + 12 * layers * d * T) * tokensOf(model);
}
