import { type Speaker, seenTokens } from "../../anchored/targets/seenTokens.ts";
import type { Engine } from "../../engines/engine.ts";
import { at } from "../../tensor/shapes.ts";
import { type Example, targetsOf } from "../../train/examples.ts";
import { GRID, SHADOW, type TokenKind, tokenKinds, tokenReader } from "./token.ts";

/** What base and p_sft say at the answers of some data. Weights are p_sft's in the anchor. */
export interface TokenSet {
  readonly examples: number;
  readonly tokens: number;
  /** How many tokens are of each kind. */
  readonly kinds: Readonly<Record<TokenKind, number>>;
  /** Of the answers, nats a token. */
  readonly baseLoss: number;
  readonly sftLoss: number;
  /** Where the label is latent or rare and p_sft's likeliest token: the weights from which on the
   * anchor prefers it, ascending. */
  readonly adopted: { readonly latent: readonly number[]; readonly rare: readonly number[] };
  /** Where the two prefer different tokens and p_sft's is not the label, or alien: the weights above
   * which the anchor leaves the base's, ascending. On data habits that come along, such as letters at
   * random. */
  readonly strayed: readonly number[];
  /** The same at all tokens where the two differ, and the least of each example. */
  readonly flipped: readonly number[];
  readonly firstFlipped: readonly number[];
  /** Mean KL(p_base ‖ q_a) at the weights 0, 1/40, …, 1, nats a token. */
  readonly divergence: readonly number[];
}

/** The first examples whose targets are no more than so many; at least one. */
export function firstWithin(data: readonly Example[], most: number): readonly Example[] {
  let tokens = 0;
  const end = data.findIndex((example) => {
    tokens += targetsOf(example);
    return tokens > most;
  });
  return end < 0 ? data : data.slice(0, Math.max(1, end));
}

/** Looks at every target of some data. */
export async function lookAt(
  engine: Engine,
  speakers: readonly [base: Speaker, sft: Speaker],
  data: readonly Example[],
  { batchSize, rareBelow }: { readonly batchSize: number; readonly rareBelow: number },
): Promise<TokenSet> {
  const read = tokenReader(speakers[0].model.config.vocabSize, rareBelow);
  const kinds = { known: 0, latent: 0, rare: 0, alien: 0 };
  const adopted = { latent: [] as number[], rare: [] as number[] };
  const [strayed, flipped]: [number[], number[]] = [[], []];
  const first = new Map<number, number>();
  const sums = new Float64Array(GRID + 1);
  let [tokens, baseLoss, sftLoss] = [0, 0, 0];
  /** Tokens of the example since the last alien one. */
  let [example, since] = [-1, 0];
  for await (const seen of seenTokens(engine, speakers, data, { batchSize })) {
    const look = read(seen);
    const { from, to, leaves, arrives } = look;
    since = seen.example === example ? since + 1 : Infinity;
    example = seen.example;
    if (look.kind === "alien") since = 0;
    const kind = look.kind === "rare" && since <= SHADOW ? "alien" : look.kind;
    tokens++;
    kinds[kind]++;
    baseLoss += look.baseLoss;
    sftLoss += look.sftLoss;
    for (let k = 0; k <= GRID; k++) sums[k] = at(sums, k) + at(look.divergence, k);
    if (from === to) continue;
    flipped.push(leaves);
    first.set(seen.example, Math.min(leaves, first.get(seen.example) ?? Infinity));
    if (to !== seen.label || kind === "alien") strayed.push(leaves);
    else if (kind !== "known") adopted[kind].push(arrives);
  }
  const ascending = (xs: readonly number[]): readonly number[] => xs.toSorted((a, b) => a - b);
  return {
    ...{ examples: data.length, tokens, kinds },
    ...{ baseLoss: baseLoss / tokens, sftLoss: sftLoss / tokens },
    adopted: { latent: ascending(adopted.latent), rare: ascending(adopted.rare) },
    ...{ strayed: ascending(strayed), flipped: ascending(flipped) },
    firstFlipped: ascending([...first.values()]),
    divergence: [...sums].map((sum) => sum / tokens),
  };
}

/** How many of ascending thresholds a weight is above. */
export const below = (thresholds: readonly number[], weight: number): number =>
  thresholds.filter((threshold) => threshold < weight).length;

/**
 * Mean KL(p_base ‖ q_a) of a weight, nats a token: between two weights of the grid on the chord,
 * which lies above what is convex.
 */
export function divergenceAt({ divergence }: Pick<TokenSet, "divergence">, weight: number): number {
  const place = weight * GRID;
  const k = Math.min(GRID - 1, Math.floor(place));
  return at(divergence, k) + (place - k) * (at(divergence, k + 1) - at(divergence, k));
}

/** The largest weight whose chord stays within a budget of nats a token; never too large. */
export function weightWithin(set: Pick<TokenSet, "divergence">, budget: number): number {
  const { divergence } = set;
  const k = divergence.findIndex((x) => x > budget);
  if (k < 0) return 1;
  if (k === 0) return 0;
  const [low, high] = [at(divergence, k - 1), at(divergence, k)];
  return (k - 1 + (budget - low) / (high - low)) / GRID;
}

/** Share of the tokens of each kind. */
export const kindShares = ({ kinds, tokens }: TokenSet): Readonly<Record<TokenKind, number>> =>
  Object.fromEntries(tokenKinds.map((kind) => [kind, kinds[kind] / tokens])) as Record<
    TokenKind,
    number
  >;
