import fc from "fast-check";
import { constant, stored } from "../../src/tensor/apply.ts";
import { sizeOf } from "../../src/tensor/shapes.ts";
import { round, storageTypes } from "../../src/tensor/storage/types.ts";
import type { Shape, StorageType } from "../../src/tensor/tensor.ts";
import { length, type Make } from "./case.ts";
import type { Numbers } from "./numbers.ts";

/** Shapes whose last axis is whole blocks of q8_0, where they have to be. */
const shapes = (n: Numbers, dtype: StorageType): fc.Arbitrary<Shape> =>
  dtype === "q8_0"
    ? fc.tuple(length({ ...n, longest: 3 }), fc.constantFrom(32, 64, 96))
    : fc.array(length({ ...n, longest: 5 }), { maxLength: 3 });

/** From each storage type to float, and back. */
export const castCases: Make<"cast"> = (n) =>
  fc.tuple(fc.constantFrom(...storageTypes), fc.boolean()).chain(([dtype, widens]) =>
    shapes(n, dtype).chain((shape) =>
      fc.array(n.any, { minLength: sizeOf(shape), maxLength: sizeOf(shape) }).map((values) => {
        const numbers = Float64Array.from(values);
        return widens
          ? {
              inputs: [stored(dtype, round(dtype, numbers), shape)],
              attrs: { from: dtype, to: "float" },
            }
          : { inputs: [constant(numbers, shape)], attrs: { from: "float", to: dtype } };
      }),
    ),
  );
