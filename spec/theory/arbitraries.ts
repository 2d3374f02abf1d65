/**
 * Distributions to try the theory on. fast-check chooses a vocabulary, a seed and weights, which it
 * can shrink and print; the logits follow from the seed. Every case holds one pair of
 * distributions of each family, as the rows of two tensors.
 */
import fc from "fast-check";
import { constant } from "../../src/tensor/apply.ts";
import { key, stream } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/** A number in [0, 1), another at each call. */
type Draw = () => number;
type Logits = number[];

const normal = (draw: Draw): number =>
  Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
const uniform = (draw: Draw, min: number, max: number): number => min + (max - min) * draw();
const below = (draw: Draw, n: number): number => Math.floor(draw() * n);
const fill = (V: number, f: (token: number) => number): Logits =>
  Array.from({ length: V }, (_, i) => f(i));

const gaussian = (draw: Draw, V: number, std: number): Logits => fill(V, () => std * normal(draw));

/** Everything `height` nats below one token. */
function peak(draw: Draw, V: number, height: number, at: number): Logits {
  return fill(V, (i) => (i === at ? height : 0.1 * normal(draw)));
}

/** Snapshot p and reference s, as logits over V tokens. */
type Family = (draw: Draw, V: number) => readonly [p: Logits, s: Logits];

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

export const vocabularies: fc.Arbitrary<number> = fc.constantFrom(2, 3, 16, 64);

/** The reference's weight, ends included. */
export const weights: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1),
  fc.double({ min: 0, max: 1, noNaN: true }),
);

/** What fast-check chooses; everything else follows. */
export interface Choice {
  readonly vocabulary: number;
  readonly seed: number;
  readonly alpha: number;
  readonly beta: number;
  /** Number of outer steps. */
  readonly steps: number;
}

export const choices: fc.Arbitrary<Choice> = fc.record({
  vocabulary: vocabularies,
  seed: fc.nat(2 ** 31 - 1),
  alpha: weights,
  beta: weights,
  steps: fc.integer({ min: 1, max: 5 }),
});

/** Logits of one pair of each family, [families, V] each. */
export function pairs({ vocabulary, seed }: Choice): { snapshot: Tensor; reference: Tensor } {
  const draw = stream(key(seed));
  const rows = Object.values(families).map((family) => family(draw, vocabulary));
  const column = (side: 0 | 1): Tensor =>
    constant(Float64Array.from(rows.flatMap((pair) => pair[side])), [rows.length, vocabulary]);
  return { snapshot: column(0), reference: column(1) };
}

/**
 * How far optimisers miss an anchor, as additions to its logits: not at all, a little, much, and
 * one token that they all but lose. [families, V], another for each `step`.
 */
export function errors({ vocabulary, seed }: Choice, step: number): Tensor {
  const draw = stream(key(seed + (step + 1) * 2 ** 32));
  const rows = Object.keys(families).map(() => {
    const kind = below(draw, 5);
    if (kind === 4) {
      const lost = below(draw, vocabulary);
      return fill(vocabulary, (i) => (i === lost ? -uniform(draw, 20, 200) : 0));
    }
    return gaussian(draw, vocabulary, [0, 1e-3, 0.3, 5][kind] as number);
  });
  return constant(Float64Array.from(rows.flat()), [rows.length, vocabulary]);
}
