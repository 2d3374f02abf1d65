import { constant, full } from "../../tensor/apply.ts";
import { fold } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import type { TypedArray } from "../../tensor/tensor.ts";
import type { GenerateOptions } from "./options.ts";
import { chooseToken, gumbel, sequenceKeys } from "./sampling.ts";
import type { Seat } from "./seats.ts";
import type { Chooser, Sampling } from "./steps.ts";

/** Chooses the next tokens, on the engine where the rules are simple and else on the host. */
export interface Choosing {
  readonly chooser: Chooser;
  /** What the next new token of each is drawn with. */
  samplingAt(seats: readonly Seat[]): Sampling;
  /**
   * The next new token of one of them.
   * @param seen what the host read of the step
   * @throws RangeError where logits are not finite, naming step and prompt
   */
  token(seen: TypedArray, seats: readonly Seat[], place: number): number;
}

/** Temperatures below this one take the likeliest token: their inverse leaves float32. */
const COLDEST = 2 ** -100;

export function chooserOf(options: GenerateOptions): Choosing {
  const { topK, topP = 1, minP = 0, repetitionPenalty = 1 } = options;
  const given = options.temperature ?? 0;
  const temperature = given < COLDEST ? 0 : given;
  const filters = temperature > 0 && (topK !== undefined || topP < 1 || minP > 0);
  return filters || repetitionPenalty !== 1
    ? hostChooser(options, temperature)
    : engineChooser(options, temperature);
}

function engineChooser(options: GenerateOptions, temperature: number): Choosing {
  const { model } = options;
  const limits = limitsOf(options);
  const noiseAt = noiseOf(options, temperature);
  const inverse = full([], 1 / temperature);
  return {
    chooser: "engine",
    samplingAt: (seats) => {
      const noise = noiseAt(seats);
      return { noise: noise ? [inverse, noise] : [], limits };
    },
    token: (seen, seats, place) => {
      expectFinite(at(seen, seats.length + place), at(seats, place));
      return at(seen, place);
    },
  };

  function limitsOf({ tokenizerSize, allowedTokens }: GenerateOptions): Sampling["limits"] {
    if (tokenizerSize === undefined && !allowedTokens) return [];
    const isAllowed = allowedOf(options);
    const V = model.config.vocabSize;
    // Finite, so that no engine meets ∞ − ∞.
    const limits = Float32Array.from({ length: V }, (_, token) => (isAllowed(token) ? 0 : -1e30));
    return [constant(limits, [V])];
  }
}

function hostChooser(options: GenerateOptions, temperature: number): Choosing {
  const { model } = options;
  const V = model.config.vocabSize;
  const noiseAt = noiseOf(options, temperature);
  const isAllowed = allowedOf(options);
  return {
    chooser: "host",
    samplingAt: () => ({ noise: [], limits: [] }),
    token: (seen, seats, place) => {
      const seat = at(seats, place);
      const logits = seen.subarray(place * V, (place + 1) * V);
      expectFinite(logits.find((logit) => !Number.isFinite(logit)) ?? 0, seat);
      const noise = noiseAt([seat]);
      return chooseToken(logits, {
        ...options,
        ...{ temperature, isAllowed, seen: [...seat.prompt, ...seat.answer] },
        ...(noise && { noise: noise.data }),
      });
    },
  };
}

/** The noise of the next samples, [B, V]; none for the likeliest tokens. */
function noiseOf({ model, prompts, key, keys }: GenerateOptions, temperature: number) {
  const own = keys ?? (key && sequenceKeys(key, prompts));
  if (!own || temperature === 0) return () => undefined;
  return (seats: readonly Seat[]) =>
    gumbel(
      seats.map(({ row, answer }) => fold(at(own, row), answer.length)),
      model.config.vocabSize,
    );
}

function allowedOf({
  model,
  tokenizerSize,
  allowedTokens,
}: GenerateOptions): (id: number) => boolean {
  const count = tokenizerSize ?? model.config.vocabSize;
  const only = allowedTokens && new Set(allowedTokens);
  return (token) => token < count && (only?.has(token) ?? true);
}

function expectFinite(trace: number, { row, answer }: Seat): void {
  if (!Number.isFinite(trace))
    throw new RangeError(
      `generate: expected finite logits, got ${trace} among them at new token ${answer.length} of prompt ${row}`,
    );
}
