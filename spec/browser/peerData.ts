import type { PeerConfig } from "../../bench/peers/own.mjs";
import { initialWeights, MODELS, trainingBatch } from "../../bench/peers/spec.mjs";

/** Configuration S of the comparison with the peers. */
export const config: PeerConfig = MODELS.S;
export const weights = (): Float32Array => initialWeights(config);
export const batch = (): { readonly x: Int32Array; readonly y: Int32Array } =>
  trainingBatch(config);

/** The losses of PyTorch 1.13 on a CPU from these weights and this batch, one a step. */
export const pytorchLosses: readonly number[] = [
  4.17434, 3.91952, 3.76664, 3.6412, 3.53064, 3.41106, 3.29713, 3.18885, 3.07984, 2.97185, 2.86584,
  2.76099, 2.65729, 2.55381, 2.45199, 2.35267, 2.26498, 2.17347, 2.07397, 1.99029, 1.90343,
];
