import type { Tensor } from "../../tensor/tensor.ts";
import type { Batch } from "../../train/batches.ts";
import type { Example } from "../../train/examples.ts";
import { batchTarget, type ResponseRows } from "./responseRows.ts";

/** What batches are compared with. */
export interface Targets {
  /**
   * @param rows examples of the batch, in order: those that share each of its rows; none in a row
   *   that is not compared
   * @param T positions of the rows
   * @returns [B, T, V], or [B, T, C] where hidden states stand for it; zeros or anything where no
   *   target is predicted
   */
  of(rows: readonly (readonly number[])[], T: number): Promise<Tensor>;
  /** The same of a batch that is none of the data's, where frozen models run beside the student. */
  ofBatch?(batch: Batch): Promise<Tensor>;
}

/** Rows that lie on the host, at the targets of `data`. */
export const hostTargets = (rows: ResponseRows, data: readonly Example[]): Targets => ({
  of: async (batch, T) => batchTarget(rows, data, batch, T),
});
