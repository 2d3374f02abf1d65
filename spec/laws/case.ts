import fc from "fast-check";
import type { Attrs, Inputs, PrimitiveName, Tensor } from "../../src/tensor/tensor.ts";
import type { Numbers } from "./numbers.ts";

/** Inputs and attributes that a primitive accepts. */
export interface Case<K extends PrimitiveName = PrimitiveName> {
  readonly inputs: Inputs<K>;
  readonly attrs: Attrs<K>;
}

/** How cases of a primitive are drawn. */
export type Make<K extends PrimitiveName> = (numbers: Numbers) => fc.Arbitrary<Case<K>>;

export const length = ({ longest, shortest = 1 }: Numbers): fc.Arbitrary<number> =>
  fc.integer({ min: shortest, max: longest });
export const attrsOf = <K extends PrimitiveName>(
  inputs: fc.Arbitrary<readonly Tensor[]>,
  attrs: fc.Arbitrary<Attrs<K>>,
): fc.Arbitrary<Case<K>> =>
  fc.tuple(inputs, attrs).map(([i, a]) => ({ inputs: i, attrs: a }) as never);

/** For axes that must not be empty: there is no largest of nothing, and no id of no rows. */
export const notEmpty = (n: Numbers): Numbers => ({ ...n, shortest: 1 });
