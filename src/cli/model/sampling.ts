import type { LoadedModel } from "../../finetune/load.ts";
import type { SamplingOptions } from "../../nn/generate/options.ts";
import { flag, type Knob, number, share, texts, type Values, whole } from "../terminal/knobs.ts";
import { UsageError } from "../terminal/usage.ts";

/** How answers are drawn. */
export const samplingKnobs: {
  readonly greedy: Knob<true>;
  readonly stop: Knob<readonly string[]>;
} & Readonly<
  Record<
    | "temperature"
    | "topK"
    | "topP"
    | "minP"
    | "repetitionPenalty"
    | "maxTokens"
    | "seed"
    | "promptLookup",
    Knob<number>
  >
> = {
  greedy: flag("takes the likeliest token"),
  temperature: number("divides the logits; 0 takes the likeliest token", 0),
  topK: whole("among so many likeliest tokens", 1, 2 ** 24),
  topP: share("among the likeliest tokens of so much probability together"),
  minP: share("among tokens at least so many times as likely as the likeliest"),
  repetitionPenalty: number("above 1: against tokens that are there already", 0),
  maxTokens: whole("at most so many tokens of an answer", 1, 2 ** 24),
  stop: texts("<text>", "ends an answer before this text; may be given several times"),
  seed: whole("of the draws (default: 0)", 0, 2 ** 31 - 1),
  promptLookup: whole(
    "guesses up to so many tokens at a time from what stands in prompt and\nanswer; checked at once, so that the same answers come sooner",
    1,
    2 ** 24,
  ),
};

type Given = Values<typeof samplingKnobs>;

/** What is drawn how: `SamplingOptions`, and the temperature always. */
export type Sampling = SamplingOptions & { readonly temperature: number };

/**
 * The sampling that is asked for. What was not said is the checkpoint's, where that is wanted, else
 * nothing is cut off and the likeliest token is taken.
 * @throws UsageError for options that contradict each other
 */
export function samplingOf(
  given: Given,
  defaults: LoadedModel["generation"] | undefined,
): Sampling {
  const { greedy, temperature, topK, topP, minP, repetitionPenalty } = given;
  if (repetitionPenalty === 0)
    throw new UsageError("--repetition-penalty: expected a number > 0, got 0");
  const penalty = repetitionPenalty ?? defaults?.repetitionPenalty;
  const kept = penalty === undefined ? {} : { repetitionPenalty: penalty };
  const asks = [temperature ?? 0, topK, topP, minP].some(
    (value) => value !== undefined && value !== 0,
  );
  if (greedy) {
    if (asks)
      throw new UsageError(
        "--greedy: expected no --temperature, --top-k, --top-p or --min-p beside it, got one",
      );
    return { temperature: 0, ...kept };
  }
  const own = { ...(topK && { topK }), ...(topP !== undefined && { topP }), ...(minP && { minP }) };
  const { topK: k, topP: p, minP: m } = defaults ?? {};
  const theirs = {
    ...(k !== undefined && { topK: k }),
    ...(p !== undefined && { topP: p }),
    ...(m !== undefined && { minP: m }),
  };
  // Rules that say among which tokens to draw ask for draws.
  const usual = defaults && defaults.temperature > 0 ? defaults.temperature : asks ? 1 : 0;
  return { temperature: temperature ?? usual, ...theirs, ...own, ...kept };
}

/** `temperature 0.6, top-k 20` */
export function describeSampling({
  temperature,
  topK,
  topP,
  minP,
  repetitionPenalty,
}: Sampling): string {
  const said = (name: string, value: number | undefined): string[] =>
    value === undefined ? [] : [`${name} ${value}`];
  const draws =
    temperature === 0
      ? ["greedy"]
      : [
          ...said("temperature", temperature),
          ...said("top-k", topK),
          ...said("top-p", topP),
          ...said("min-p", minP),
        ];
  return [...draws, ...said("repetition penalty", repetitionPenalty)].join(", ");
}
