import { apply } from "../../src/tensor/apply.ts";
import type { PrimitiveName, Tensor } from "../../src/tensor/tensor.ts";
import type { Case } from "./case.ts";

/** Whether an input can vary: ids and the condition of a select cannot. */
const varies = (op: PrimitiveName, x: Tensor, position: number): boolean =>
  x.dtype === "float" && !(op === "select" && position === 0);

/** The operation as a function of the inputs that vary, and those inputs. */
export function asFunction(
  op: PrimitiveName,
  { inputs, attrs }: Case,
): { readonly f: (...ys: Tensor[]) => Tensor; readonly xs: readonly Tensor[] } {
  const xs = inputs.filter((x, i) => varies(op, x, i));
  const f = (...ys: Tensor[]): Tensor => {
    let next = 0;
    const all = inputs.map((x, i) => (varies(op, x, i) ? (ys[next++] as Tensor) : x));
    return apply(op, all as never, attrs);
  };
  return { f, xs };
}
