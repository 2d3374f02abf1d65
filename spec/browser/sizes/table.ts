import type { Engine } from "../../../src/engines/engine.ts";
import { apply, constant, tensor } from "../../../src/tensor/apply.ts";
import * as ops from "../../../src/tensor/ops.ts";
import type { Tensor, TypedArray } from "../../../src/tensor/tensor.ts";
import { numbers } from "./models.ts";

/** More numbers than floats count, in rows that are no whole groups of four. */
export const TALL = { rows: 37_400, width: 449 };
const TOKENS = 3;

/** An embedding, the head that is tied to it, what is lost and learnt, and a step of AdamW. */
function learnt(table: Tensor, ids: Tensor, labels: Tensor, [rows]: readonly number[]) {
  const hidden = ops.gather(table, ids);
  const logits = ops.matmul(hidden, table, { transposeB: true });
  const weight = tensor(numbers(TOKENS, 1, 8), [TOKENS]);
  const slope = apply("crossEntropyGrad", [weight, logits, labels], {});
  const cotangent = ops.matmul(slope, table);
  const gradient = ops.add(
    ops.matmul(slope, hidden, { transposeA: true }),
    ops.scatterAdd(ids, cotangent, rows as number),
  );
  const step = apply("adamwUpdate", [table, gradient, ops.square(gradient), tensor([0.1, 1, 1])], {
    ...{ epsilon: 1e-3, weightDecay: 0.1 },
  });
  return {
    hidden,
    loss: apply("crossEntropy", [logits, labels], {}),
    probabilities: ops.gather(ops.transpose(ops.softmax(logits)), labels),
    cotangent,
    /** Rows that were touched, and their neighbours. */
    gradient: ops.gather(gradient, ids),
    stepped: ops.gather(ops.add(table, step), ids),
    norm: ops.sum(ops.square(gradient)),
  };
}

/** @returns results by name */
export async function tableResults(
  engine: Engine,
  { rows, width }: { rows: number; width: number },
): Promise<Readonly<Record<string, TypedArray>>> {
  const table = engine.put(constant(numbers(rows * width, 0.05, 4), [rows, width]));
  const ids = constant(Int32Array.of(rows - 1, 3, rows - 2), [TOKENS]);
  const labels = constant(Int32Array.of(rows - 3, rows - 1, 0), [TOKENS]);
  const program = engine.compile((t: Tensor, i: Tensor, l: Tensor) => learnt(t, i, l, [rows]));
  return engine.read(await program(table, ids, labels));
}
