import { type Codes, isStorageType, round, widen } from "../../tensor/storage/types.ts";
import type { Attrs, Inputs, PrimitiveName, Shape, TypedArray } from "../../tensor/tensor.ts";

/** An input of a reference computation. */
export interface Operand {
  readonly data: TypedArray;
  readonly shape: Shape;
}

/** The inputs of a primitive, which are counted. */
export type Operands<T extends readonly unknown[]> = { readonly [I in keyof T]: Operand };

/** Fills `out`, whose shape is `shape`, from the inputs. */
export type Compute<K extends PrimitiveName> = (
  out: TypedArray,
  inputs: Operands<Inputs<K>>,
  attrs: Attrs<K>,
  shape: Shape,
) => void;

/** A number in a hot loop, whose bounds are those of the data: unchecked. */
export const read = (data: TypedArray, i: number): number => data[i] as number;

export const lengthOfLast = (shape: Shape): number => shape.at(-1) ?? 1;

/** Codes to numbers, or numbers to codes. */
export const cast: Compute<"cast"> = (out, [{ data }], { from, to }) => {
  if (isStorageType(from)) out.set(widen(from, data as Codes));
  else if (isStorageType(to)) out.set(round(to, data));
};

/** out[i] = f(inputs' i-th elements…), of at most three inputs. */
export const elementwise =
  (f: (a: number, b: number, c: number) => number): Compute<PrimitiveName> =>
  (out, inputs: readonly Operand[]) => {
    const [a = out, b = a, c = a] = inputs.map(({ data }) => data);
    for (let i = 0; i < out.length; i++) out[i] = f(read(a, i), read(b, i), read(c, i));
  };
