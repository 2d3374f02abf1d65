import type { Example } from "../../src/anchored/batches.ts";
import { type Transformer, transformer } from "../../src/nn/transformer.ts";
import { type Key, stream } from "../../src/tensor/random.ts";

/** A model small enough for the float64 engine. */
export const tinyModel: Transformer = transformer({
  vocabSize: 8,
  contextLength: 12,
  layers: 1,
  heads: 2,
  width: 8,
  hidden: 12,
});

/** Prompts `0 a b 1` with the response `b a 2`, of two lengths. */
export function reversals(count: number, key: Key): Example[] {
  const next = stream(key);
  const letter = (): number => 3 + Math.floor(next() * 5);
  return Array.from({ length: count }, (_, i) => {
    const letters = i % 3 === 0 ? [letter()] : [letter(), letter()];
    return { prompt: [0, ...letters, 1], response: [...letters.toReversed(), 2] };
  });
}
