/** A number in [0, 1), another at each call. */
export type Draw = () => number;
export type Logits = number[];

const normal = (draw: Draw): number =>
  Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
export const uniform = (draw: Draw, min: number, max: number): number => min + (max - min) * draw();
export const below = (draw: Draw, n: number): number => Math.floor(draw() * n);
export const fill = (V: number, f: (token: number) => number): Logits =>
  Array.from({ length: V }, (_, i) => f(i));

export const gaussian = (draw: Draw, V: number, std: number): Logits =>
  fill(V, () => std * normal(draw));

/** Everything `height` nats below one token. */
function peak(draw: Draw, V: number, height: number, at: number): Logits {
  return fill(V, (i) => (i === at ? height : 0.1 * normal(draw)));
}

/** Draws a snapshot p and a reference s, as logits over V tokens. */
export type Family = (draw: Draw, V: number) => readonly [p: Logits, s: Logits];

/**
 * Pairs of distributions on which statements about divergences break if they can: smooth ones, very
 * sure ones, ones that all but exclude each other, and ones that are nearly the same.
 */
export const families: { readonly [name: string]: Family } = {
  "N(0, 1)": (draw, V) => [gaussian(draw, V, 1), gaussian(draw, V, 1)],
  "N(0, 25)": (draw, V) => [gaussian(draw, V, 5), gaussian(draw, V, 5)],
  "U(−50, 50)": (draw, V) => [
    fill(V, () => uniform(draw, -50, 50)),
    fill(V, () => uniform(draw, -50, 50)),
  ],

  "peaked by 1–40 nats": (draw, V) => [
    peak(draw, V, uniform(draw, 1, 40), below(draw, V)),
    peak(draw, V, uniform(draw, 1, 40), below(draw, V)),
  ],

  /** Each puts almost nothing where the other puts almost everything. */
  "nearly disjoint": (draw, V) => {
    const gap = uniform(draw, 5, 40);
    const mine = fill(V, (i) => (i % 2 === 0 ? 0 : -gap));
    return [mine.map((z) => z + normal(draw)), mine.map((z) => -gap - z + normal(draw))];
  },

  /** p is sure of token 0, s of token 1; each leaves the other's as little as 10⁻¹². */
  "binary with a rare token": (draw, V) => {
    const two = (z: number): Logits => fill(V, (i) => (i === 0 ? z : i === 1 ? 0 : -60));
    return [two(uniform(draw, 2, 28)), two(-uniform(draw, 2, 28))];
  },

  /** Both leave a little to a third token, on which the geometric mean puts everything. */
  "bridge token": (draw, V) => {
    const [own, bridge] = [uniform(draw, 10, 45), uniform(draw, 1, 9)];
    const tokens = (mine: number, theirs: number): Logits =>
      fill(V, (i) => (i === mine ? 0 : i === theirs ? -own : i === 2 ? -bridge : -own - 5));
    return [tokens(0, 1), tokens(1, 0)];
  },

  /** s is p, with logits shifted by a constant. */
  identical: (draw, V) => {
    const p = gaussian(draw, V, 3);
    const shift = uniform(draw, -20, 20);
    return [p, p.map((z) => z + shift)];
  },

  "almost identical": (draw, V) => {
    const p = gaussian(draw, V, 3);
    return [p, p.map((z) => z + 1e-4 * normal(draw))];
  },
};
