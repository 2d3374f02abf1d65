import { type Flip, flipOf } from "../../anchored/targets/flips.ts";
import { logSoftmaxRow } from "../../anchored/targets/hostRows.ts";
import type { SeenToken } from "../../anchored/targets/seenTokens.ts";
import { exp, log } from "../../tensor/portable.ts";
import { at } from "../../tensor/shapes.ts";

/**
 * What a token of the data is to the base:
 * - known: its likeliest token;
 * - latent: not the likeliest, but likely enough for a small weight of p_sft to bring it up;
 * - rare: less likely, and p_sft says it more likely than not: learnt, and adopted by large weights
 *   alone;
 * - alien: less likely, and p_sft is not sure of it either: what cannot be foreseen, or was not
 *   learnt; and what would be rare, but follows that closely.
 *
 * The base alone cannot tell rare from alien: to it both are unlikely. What tells them apart is
 * whether they are systematic, so that who has seen other examples of the data foresees them: p_sft
 * has, which is why the tokens should be ones that it was not trained on. A letter drawn at random is
 * p_sft's likeliest once in ten, and never half of what it expects. Whether the systematic is wanted
 * too no number says.
 */
export type TokenKind = "known" | "latent" | "rare" | "alien";

/** The kinds from the least surprising to the most. */
export const tokenKinds: readonly TokenKind[] = ["known", "latent", "rare", "alien"];

/**
 * A token that would be rare is alien within so many tokens after an alien one: who has just read what
 * it did not expect finds much unlikely that it would say after its own words, such as the end of a
 * sign-off; and a student that refuses the alien token never comes there.
 */
export const SHADOW = 4;

/** p_sft has learnt a token that it says more likely than not. */
const LEARNT = Math.log(0.5);

/** Weights of the grid on which divergences are known: 0, 1/40, …, 1. */
export const GRID = 40;

/** What two models say at a token, and what anchors between them would. */
export interface TokenLook extends Flip {
  readonly kind: TokenKind;
  /** −log p of the label, nats. */
  readonly baseLoss: number;
  readonly sftLoss: number;
  /** KL(p_base ‖ q_a) of the logit anchor at the weights of the grid, nats: [GRID + 1]. */
  readonly divergence: Float64Array;
}

/**
 * Reads the tokens of base and p_sft.
 * @param rareBelow the base's probability below which a token is no longer latent
 */
export function tokenReader(vocabSize: number, rareBelow: number): (seen: SeenToken) => TokenLook {
  const [p, s] = [new Float64Array(vocabSize), new Float64Array(vocabSize)];
  return ({ label, logits }) => {
    logSoftmaxRow({ data: at(logits, 0), temperature: 1 }, 0, p);
    logSoftmaxRow({ data: at(logits, 1), temperature: 1 }, 0, s);
    const flip = flipOf(p, s);
    const [mine, theirs] = [at(p, label), at(s, label)];
    const isLatent = mine >= Math.log(rareBelow);
    const kind =
      flip.from === label ? "known" : isLatent ? "latent" : theirs >= LEARNT ? "rare" : "alien";
    return { ...flip, kind, baseLoss: -mine, sftLoss: -theirs, divergence: divergences(p, s) };
  };
}

/**
 * KL(p ‖ q_a) = a·KL(p ‖ s) + log Σ p^(1−a)·s^a at every weight of the grid; two exponentials a
 * token of the vocabulary, whose powers (s/p)^(1/40) make the rest.
 */
function divergences(p: Float64Array, s: Float64Array): Float64Array {
  const sums = new Float64Array(GRID + 1);
  let whole = 0;
  for (let v = 0; v < p.length; v++) {
    const [logP, logS] = [p[v] as number, s[v] as number];
    let term = exp(logP);
    if (term === 0) continue;
    whole += term * (logP - logS);
    const ratio = exp((logS - logP) / GRID);
    for (let k = 0; k <= GRID; k++) {
      sums[k] = (sums[k] as number) + term;
      term *= ratio;
    }
  }
  // At weight 1 the partition function is 1 whatever has underflowed on the way.
  return sums.map((sum, k) =>
    k === 0 ? 0 : Math.max(0, k === GRID ? whole : (k / GRID) * whole + log(sum)),
  );
}
