import type { Tensor } from "../../tensor/tensor.ts";
import type { Example } from "../../train/batches.ts";
import { batchTarget, type ResponseRows } from "./responseRows.ts";

/** What batches are compared with. */
export interface Targets {
  /**
   * @param indices examples of the batch, in order
   * @param T positions of its rows
   * @returns [B, T, V], or [B, T, C] where hidden states stand for it; zeros or anything where no
   *   target is predicted
   */
  of(indices: readonly number[], T: number): Promise<Tensor>;
}

/** Rows that lie on the host, at the targets of `data`. */
export const hostTargets = (rows: ResponseRows, data: readonly Example[]): Targets => ({
  of: async (indices, T) => batchTarget(rows, data, indices, T),
});
