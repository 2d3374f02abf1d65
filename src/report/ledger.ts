import type { LossLedger } from "../anchored/certificates/certifier.ts";
import { nats } from "./format.ts";

/** What a ledger's sentence tells of. */
export type LedgerWords = Pick<LossLedger, "path" | "inexactness">;

const signed = (x: number): string => `${x < 0 ? "−" : "+"}${nats(Math.abs(x))}`;

/**
 * Where the log-loss of the answers that were trained on went: what exact steps make of it, and what the
 * inner loops' errors do.
 * @example
 * ledgerSentence({ path: -1.2, inexactness: 0.031 });
 * // "Log-loss of the training answers: −1.169 nats a token, of which exact steps make −1.200 and the inner loops' errors +0.031."
 */
export const ledgerSentence = ({ path, inexactness }: LedgerWords): string =>
  `Log-loss of the training answers: ${signed(path + inexactness)} nats a token, of which exact steps make ${signed(path)} and the inner loops' errors ${signed(inexactness)}.`;
