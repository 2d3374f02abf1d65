import { certifiedWeight, promptsNeeded, type Risk } from "../anchored/certificates/retention.ts";
import type { Speaker } from "../anchored/targets/seenTokens.ts";
import type { Engine } from "../engines/engine.ts";
import { DataError } from "../tensor/errors.ts";
import { expectKnown } from "../tensor/options.ts";
import { checkExamples, type Example } from "../train/examples.ts";
import { below, divergenceAt, firstWithin, lookAt, type TokenSet } from "./diagnosis/tokenSet.ts";

export type { Speaker } from "../anchored/targets/seenTokens.ts";
export { type TokenKind, tokenKinds } from "./diagnosis/token.ts";
export { divergenceAt, kindShares, type TokenSet, weightWithin } from "./diagnosis/tokenSet.ts";

/** The base, the same after ordinary fine-tuning, and prompts of what is learnt and what is kept. */
export interface DiagnoseOptions {
  /** The checkpoint as it is. */
  readonly base: Speaker;
  /** The same after ordinary fine-tuning on the data. */
  readonly sft: Speaker;
  /** What is to be learnt. */
  readonly data: readonly Example[];
  /** What is to be kept; only looked at. */
  readonly retain: readonly Example[];
  /** Examples in a forward pass; 4 by default. */
  readonly batchSize?: number;
  /** The base's probability below which a token is rare: 0.01 by default, where a sure p_sft
   * (0.99) needs half of the anchor's weight. */
  readonly rareBelow?: number;
  /** Targets that are looked at, of the first examples of each set; 4000 by default. */
  readonly mostTokens?: number;
}

/** What may be said about weights of p_sft before any anchored training. */
export interface CheckpointDiagnosis {
  readonly data: TokenSet;
  readonly retain: TokenSet;
}

/**
 * Compares a checkpoint with its fine-tuned self, token by token, and finds from which weight on an
 * anchor between the two takes over what is wanted, and what it does to what is to be kept. Nothing
 * is trained; the two are compared on the logit path.
 * @throws DataError for data that the models cannot read, RangeError for options out of range
 * @example
 * const { data, retain } = await diagnose(engine, { base, sft, data: mine, retain: prior });
 * const weight = weightThatAdopts(data, 0.95);
 */
export async function diagnose(
  engine: Engine,
  { base, sft, data, retain, ...options }: DiagnoseOptions,
): Promise<CheckpointDiagnosis> {
  expectKnown("diagnose", options, ["batchSize", "rareBelow", "mostTokens"]);
  const { batchSize = 4, rareBelow = 0.01, mostTokens = 4000 } = options;
  const whole = { batchSize, mostTokens };
  for (const [name, value] of Object.entries(whole))
    if (!(Number.isInteger(value) && value > 0))
      throw new RangeError(`diagnose: expected a positive integer ${name}, got ${value}`);
  if (!(rareBelow > 0 && rareBelow < 1))
    throw new RangeError(`diagnose: expected a rareBelow in (0, 1), got ${rareBelow}`);
  const [own, other] = [base.model.config.vocabSize, sft.model.config.vocabSize];
  if (own !== other)
    throw new DataError(`diagnose: expected two models of one vocabulary, got ${own} and ${other}`);
  const look = (examples: readonly Example[]): Promise<TokenSet> => {
    checkExamples("diagnose", examples, base.model.config);
    const first = firstWithin(examples, mostTokens);
    return lookAt(engine, [base, sft], first, { batchSize, rareBelow });
  };
  return { data: await look(data), retain: await look(retain) };
}

/**
 * The least weight whose anchor takes over a share of the tokens that p_sft has learnt.
 * @param unwanted share of the rare ones that do not count; 0 by default
 * @returns just above the threshold, so that it is passed; undefined where nothing was learnt
 * @throws RangeError unless 0 < share ≤ 1 and 0 ≤ unwanted ≤ 1
 */
export function weightThatAdopts(
  { adopted }: Pick<TokenSet, "adopted">,
  share: number,
  unwanted = 0,
): number | undefined {
  if (!(share > 0 && share <= 1))
    throw new RangeError(`weightThatAdopts: expected a share in (0, 1], got ${share}`);
  if (!(unwanted >= 0 && unwanted <= 1))
    throw new RangeError(`weightThatAdopts: expected unwanted in [0, 1], got ${unwanted}`);
  const counted = [
    ...adopted.latent.map((threshold) => ({ threshold, counts: 1 })),
    ...adopted.rare.map((threshold) => ({ threshold, counts: 1 - unwanted })),
  ].toSorted((a, b) => a.threshold - b.threshold);
  const needed = share * counted.reduce((sum, { counts }) => sum + counts, 0);
  if (needed === 0) return undefined;
  let sum = 0;
  const last = counted.find(({ counts }) => {
    sum += counts;
    return sum >= needed * (1 - ROUNDING);
  });
  return Math.min(1, (last?.threshold ?? 1) + JUST);
}

/** Of sums of shares. */
const ROUNDING = 1e-12;

/** What counts as above a threshold. */
const JUST = 1e-6;

/** What an anchor of some weight does. Shares are undefined where there is nothing to share. */
export interface WeightEffect {
  readonly weight: number;
  /** Of the tokens of the data that p_sft has learnt, and of the latent and the rare among them. */
  readonly adopted: number | undefined;
  readonly latent: number | undefined;
  readonly rare: number | undefined;
  /** Of the tokens of the data at which p_sft strays from the base without being right. */
  readonly strayed: number | undefined;
  /** Of all retained tokens, those at which another token becomes the likeliest, and of all retained
   * answers those with such a token. */
  readonly flipped: number;
  readonly answersFlipped: number;
  /** Mean KL(p_base ‖ q_a), nats a token. */
  readonly retainKl: number;
  readonly dataKl: number;
}

/** The weights from which on the anchor prefers what p_sft has learnt, latent or rare; ascending. */
export const learntIn = ({ adopted }: Pick<TokenSet, "adopted">): readonly number[] =>
  [...adopted.latent, ...adopted.rare].toSorted((a, b) => a - b);

/**
 * What an anchor of a weight would adopt of the data and move of what is retained, as shares of
 * their tokens.
 */
export function effectOf({ data, retain }: CheckpointDiagnosis, weight: number): WeightEffect {
  const share = (thresholds: readonly number[]): number | undefined =>
    thresholds.length === 0 ? undefined : below(thresholds, weight) / thresholds.length;
  return {
    weight,
    adopted: share(learntIn(data)),
    latent: share(data.adopted.latent),
    rare: share(data.adopted.rare),
    strayed: share(data.strayed),
    flipped: below(retain.flipped, weight) / retain.tokens,
    answersFlipped: below(retain.firstFlipped, weight) / retain.examples,
    retainKl: divergenceAt(retain, weight),
    dataKl: divergenceAt(data, weight),
  };
}

/**
 * The largest weight that the retained answers certify: with the confidence, of answers drawn like these no
 * more than a share `risk` has a token at which the anchor prefers another than the base does.
 * @returns undefined for too few retained answers
 * @see certifiedWeight
 */
export function weightCertified({ retain }: CheckpointDiagnosis, risk: Risk): number | undefined {
  if (retain.examples < promptsNeeded(risk)) return undefined;
  const kept = retain.examples - retain.firstFlipped.length;
  return certifiedWeight([...retain.firstFlipped, ...Array<number>(kept).fill(Infinity)], risk);
}
