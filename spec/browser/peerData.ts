/** Configuration S of the comparison with the peers. */
export const config = { layers: 2, d: 64, heads: 4, T: 64, batch: 16, vocab: 64 } as const;

/** The losses of PyTorch 1.13 on a CPU from these weights and this batch, one a step. */
export const pytorchLosses: readonly number[] = [
  4.17434, 3.91952, 3.76664, 3.6412, 3.53064, 3.41106, 3.29713, 3.18885, 3.07984, 2.97185, 2.86584,
  2.76099, 2.65729, 2.55381, 2.45199, 2.35267, 2.26498, 2.17347, 2.07397, 1.99029, 1.90343,
];

/** The generator that every peer draws its weights and its batch from. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** All parameters, in the order that `parametersOf` cuts them from. */
export function weights(): Float32Array {
  const { layers, d, T, vocab } = config;
  const draw = mulberry32(1234);
  const normal = (count: number, std: number): number[] =>
    Array.from(
      { length: count },
      () => std * Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw()),
    );
  const ones = (count: number): number[] => Array<number>(count).fill(1);
  const residual = 0.02 / Math.sqrt(2 * layers);
  const embeddings = [normal(vocab * d, 0.02), normal(T * d, 0.02)];
  const blocks = Array.from({ length: layers }, () => [
    ...[ones(d), normal(d * 3 * d, 0.02), normal(d * d, residual)],
    ...[ones(d), normal(d * 4 * d, 0.02), normal(4 * d * d, residual)],
  ]);
  return Float32Array.from(
    [...embeddings, ...blocks.flat(), ones(d), normal(d * vocab, 0.02)].flat(),
  );
}

/** Sequences that walk by a step of their own, one token in ten at random. */
export function batch(): { readonly x: Int32Array; readonly y: Int32Array } {
  const { T, batch: B, vocab } = config;
  const draw = mulberry32(99);
  const below = (n: number): number => Math.floor(draw() * n);
  const x = new Int32Array(B * T);
  const y = new Int32Array(B * T);
  for (let b = 0; b < B; b++) {
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
