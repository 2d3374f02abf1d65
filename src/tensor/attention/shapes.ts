import { expectShapes } from "../errors.ts";
import { at, sameShape } from "../shapes.ts";
import type { Inputs, RangeAttributes, Shape, Tensor } from "../tensor.ts";

/** [B, H, T, D] and twice [B, G, T, D]. */
export function heads(op: string, q: Tensor, k: Tensor, v: Tensor): Shape {
  const [, H = 0, T = 0] = q.shape;
  const G = at(k.shape, 1);
  const ok =
    q.shape.length === 4 &&
    sameShape(k.shape, v.shape) &&
    sameShape(k.shape, q.shape.with(1, G)) &&
    H % G === 0 &&
    T > 0;
  expectShapes(ok, op, "[B, H, T, D] and twice [B, G, T, D], G a divisor of H", [q, k, v]);
  return q.shape;
}

/** [B, H, T, D], twice [B, G, S, D] and int [B, T] twice. */
export function ranges(
  op: string,
  [q, k, v, slots, positions]: Inputs<"rangeAttention">,
  { window }: RangeAttributes,
): Shape {
  const [B = 0, H = 0, T = 0, D = 0] = q.shape;
  const [, G = 0, S = 0] = k.shape;
  const ok =
    q.shape.length === 4 &&
    sameShape(k.shape, v.shape) &&
    sameShape(k.shape, [B, G, S, D]) &&
    sameShape(slots.shape, [B, T]) &&
    sameShape(positions.shape, [B, T]) &&
    H % G === 0 &&
    S > 0;
  const names = "[B, H, T, D], twice [B, G, S, D] and twice [B, T], G a divisor of H";
  expectShapes(ok, op, names, [q, k, v, slots, positions]);
  if (window !== null && !(Number.isInteger(window) && window > 0))
    throw new RangeError(`${op}: expected a window of at least one slot, got ${window}`);
  return q.shape;
}
