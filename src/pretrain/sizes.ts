import type { TransformerConfig } from "../nn/config.ts";

/** A base's shape, and how it is trained unless something else is asked for. */
export interface Size {
  readonly layers: number;
  readonly width: number;
  readonly hidden: number;
  readonly heads: number;
  /** Rows of a batch. */
  readonly batch: number;
  /** Peak of the learning rate. */
  readonly learningRate: number;
  /** Tokens to train on. */
  readonly tokens: number;
}

/** Tokens of the vocabulary that is trained. */
export const VOCABULARY = 2048;
/** Longest sequence. */
export const CONTEXT = 512;

export type SizeName = "0.9m" | "3m" | "11m" | "30m";

/** By their numbers of parameters, with a vocabulary of 2,048 tokens: .92, 3.05, 11.4 and 29.9 M. */
export const sizes: Readonly<Record<SizeName, Size>> = {
  "0.9m": {
    layers: 4,
    width: 128,
    hidden: 256,
    heads: 4,
    batch: 8,
    learningRate: 3e-3,
    tokens: 20e6,
  },
  "3m": {
    layers: 6,
    width: 192,
    hidden: 512,
    heads: 6,
    batch: 8,
    learningRate: 2e-3,
    tokens: 30e6,
  },
  "11m": {
    layers: 6,
    width: 384,
    hidden: 1024,
    heads: 6,
    batch: 16,
    learningRate: 1.2e-3,
    tokens: 60e6,
  },
  "30m": {
    layers: 8,
    width: 512,
    hidden: 1664,
    heads: 8,
    batch: 32,
    learningRate: 8e-4,
    tokens: 30e6,
  },
};

export const sizeNames: readonly SizeName[] = Object.keys(sizes) as SizeName[];

/** Llama's config of a size; the head is the embedding. */
export const configFor = (
  { layers, width, hidden, heads }: Pick<Size, "layers" | "width" | "hidden" | "heads">,
  vocabSize: number,
  contextLength: number,
): TransformerConfig => ({
  ...{ vocabSize, contextLength, layers, width, hidden, heads, kvHeads: heads },
  ...{ headDim: width / heads, ropeTheta: 10_000, epsilon: 1e-5, tieEmbeddings: true },
});
