import type { Engine } from "../../src/engines/engine.ts";
import { type PretrainEvent, type PretrainOptions, runPretrain } from "../../src/pretrain/run.ts";
import type { Corpus } from "../../src/pretrain/texts/corpus.ts";
import { integer, pick } from "../../src/tasks/draw.ts";
import { key, stream } from "../../src/tensor/random.ts";

const words = "the river was slow and a boat went by under old trees where nobody spoke".split(" ");

/** Sentences of few words. */
export function corpus(pieces = 12): Corpus {
  const next = stream(key(5));
  const sentence = () =>
    `${Array.from({ length: integer(next, 4, 9) }, () => pick(next, words)).join(" ")}.`;
  const all = Array.from({ length: pieces }, () => Array.from({ length: 8 }, sentence).join(" "));
  const characters = all.reduce((sum, { length }) => sum + length, 0);
  return { pieces: all, sources: [{ name: "river", licence: "MIT", sha256: "00", characters }] };
}

export const settings: PretrainOptions["settings"] = {
  ...{ name: "tiny", layers: 1, width: 16, hidden: 24, heads: 2, learningRate: 1e-2 },
  ...{ steps: 12, batchSize: 2, length: 192, vocabulary: 300, latent: 0.5, seed: 1, questions: 1 },
};

type Events = readonly PretrainEvent[];

/** A whole run's events. */
export async function pretrained(
  engine: Engine,
  out: string,
  more: Partial<PretrainOptions> = {},
): Promise<Events> {
  const events: PretrainEvent[] = [];
  const options = { settings, corpus: async () => corpus(), out, engine, ...more };
  for await (const event of runPretrain(options)) events.push(event);
  return events;
}
