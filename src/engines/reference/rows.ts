import type { Attrs, PrimitiveName, Shape, TypedArray } from "../../tensor/tensor.ts";

/** An input of a reference computation. */
export interface Operand {
  readonly data: TypedArray;
  readonly shape: Shape;
}

/** Fills `out`, whose shape is `shape`, from the inputs. */
export type Compute<K extends PrimitiveName> = (
  out: TypedArray,
  inputs: readonly Operand[],
  attrs: Attrs<K>,
  shape: Shape,
) => void;

export const at = (data: TypedArray, i: number): number => data[i] as number;

export const lengthOfLast = (shape: Shape): number => shape.at(-1) ?? 1;

/** out[i] = f(inputs' i-th elements…), of at most three inputs. */
export const elementwise =
  (f: (a: number, b: number, c: number) => number): Compute<PrimitiveName> =>
  (out, inputs) => {
    const [a = out, b = a, c = a] = inputs.map(({ data }) => data);
    for (let i = 0; i < out.length; i++) out[i] = f(at(a, i), at(b, i), at(c, i));
  };
