import { at, sizeOf } from "../../../src/tensor/shapes.ts";
import type { PrimitiveName } from "../../../src/tensor/tensor.ts";
import { type Call, type Cell, eachLane, type Kernel, type Lanes, literal } from "../kernel.ts";

/**
 * A kernel whose numbers depend on nothing but the numbers at their place.
 * @param rule expression of one number from the names of its operands
 */
export function elementwise(
  { shape, wide }: Pick<Call<PrimitiveName>, "shape" | "wide">,
  operands: number,
  rule: (cell: Cell, ...x: string[]) => string,
): Kernel[] {
  // The lanes past the end of the last texel are computed and never read.
  const lanes: Lanes = wide ? 4 : 1;
  return [
    {
      reads: Array.from({ length: operands }, (_, i) => i),
      extent: [Math.ceil(sizeOf(shape) / lanes)],
      lanes,
      body(cell) {
        const loaded = Array.from({ length: operands }, (_, i) => cell.load(i, cell.index, lanes));
        return eachLane(lanes, (lane) => rule(cell, ...loaded.map((x) => at(x, lane))));
      },
    },
  ];
}

/** A setting times a number; compilers take 0 times anything for 0, which of NaN it is not. */
export const scaled = (cell: Cell, factor: number, x: string): string =>
  factor === 0 ? cell.call("nothing", x) : `${literal(factor)} * ${x}`;

type Pointwise<K extends PrimitiveName> = (call: Call<K>) => Kernel[];

/** An elementwise operation without attributes. */
export const pointwise =
  <K extends PrimitiveName>(
    operands: number,
    rule: (cell: Cell, ...x: string[]) => string,
  ): Pointwise<K> =>
  (call) =>
    elementwise(call, operands, rule);
