import { constant, full } from "../../tensor/apply.ts";
import { fold } from "../../tensor/random.ts";
import { at } from "../../tensor/shapes.ts";
import type { TypedArray } from "../../tensor/tensor.ts";
import type { GenerateOptions } from "./options.ts";
import { chooseToken, gumbel, sequenceKeys } from "./sampling.ts";
import type { Chooser, Sampling } from "./steps.ts";

/** Chooses the next tokens, on the engine where the rules are simple and else on the host. */
export interface Choosing {
  readonly chooser: Chooser;
  /** What the t-th new tokens are drawn with. */
  samplingAt(t: number): Sampling;
  /**
   * The t-th new tokens, [B].
   * @param seen what the host read of the step
   * @param answers the new tokens so far
   * @param isOpen the rows that go on; of others nothing is expected
   * @throws RangeError where logits are not finite, naming step and prompt
   */
  tokens(
    seen: TypedArray,
    t: number,
    answers: readonly (readonly number[])[],
    isOpen: readonly boolean[],
  ): ArrayLike<number>;
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
  const { model, prompts } = options;
  const B = prompts.length;
  const limits = limitsOf(options);
  const noiseAt = noiseOf(options, temperature);
  const inverse = full([], 1 / temperature);
  return {
    chooser: "engine",
    samplingAt: (t) => {
      const noise = noiseAt(t);
      return { noise: noise ? [inverse, noise] : [], limits };
    },
    tokens: (seen, t, _, isOpen) => {
      isOpen.forEach((open, b) => {
        if (open) expectFinite(at(seen, B + b), t, b);
      });
      return seen.subarray(0, B);
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
  const { model, prompts } = options;
  const V = model.config.vocabSize;
  const noiseAt = noiseOf(options, temperature);
  const isAllowed = allowedOf(options);
  return {
    chooser: "host",
    samplingAt: () => ({ noise: [], limits: [] }),
    tokens: (seen, t, answers, isOpen) => {
      const noise = noiseAt(t);
      return prompts.map((prompt, b) => {
        if (!isOpen[b]) return 0;
        const logits = seen.subarray(b * V, (b + 1) * V);
        expectFinite(logits.find((logit) => !Number.isFinite(logit)) ?? 0, t, b);
        return chooseToken(logits, {
          ...options,
          ...{ temperature, isAllowed, seen: [...prompt, ...at(answers, b)] },
          ...(noise && { noise: noise.data.subarray(b * V, (b + 1) * V) }),
        });
      });
    },
  };
}

/** The noise of the t-th samples, [B, V]; none for the likeliest tokens. */
function noiseOf({ model, prompts, key }: GenerateOptions, temperature: number) {
  if (!key || temperature === 0) return () => undefined;
  const keys = sequenceKeys(key, prompts);
  return (t: number) =>
    gumbel(
      keys.map((each) => fold(each, t)),
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

function expectFinite(trace: number, t: number, b: number): void {
  if (!Number.isFinite(trace))
    throw new RangeError(
      `generate: expected finite logits, got ${trace} among them at new token ${t} of prompt ${b}`,
    );
}
