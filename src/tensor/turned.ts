import { arrayLike, PART, type Parts, type TensorParts } from "./parts.ts";
import { at } from "./shapes.ts";
import type { TypedArray } from "./tensor.ts";

/**
 * A matrix with rows and columns exchanged, made by bands of its columns: each reads the matrix again,
 * so that no more than a band is held. Matrices of up to 4 million numbers are one band.
 * @param columns only these, which become rows; the last excluded
 * @param band numbers of a band
 */
export function turned(
  { shape, dtype, parts }: TensorParts,
  columns: readonly [from: number, to: number] = [0, at(shape, 1)],
  band: number = PART,
): TensorParts {
  const [height, width] = [at(shape, 0), at(shape, 1)];
  const [first, end] = columns;
  const perBand = Math.max(1, Math.floor(band / Math.max(1, height)));
  return {
    shape: [end - first, height],
    dtype,
    async *parts() {
      for (let from = first; from < end; from += perBand)
        yield* bandOf(parts(), { height, width, from, to: Math.min(end, from + perBand) });
    },
  };
}

interface Band {
  readonly height: number;
  readonly width: number;
  readonly from: number;
  readonly to: number;
}

/** Some columns as rows; nothing of a matrix without numbers. */
async function* bandOf(
  parts: Parts,
  { height, width, from, to }: Band,
): AsyncGenerator<TypedArray> {
  let band: TypedArray | undefined;
  let start = 0;
  for await (const part of parts) {
    band ??= arrayLike(part, height * (to - from), "transpose");
    const last = start + part.length;
    for (let row = Math.floor(start / width); row * width < last; row++) {
      const [left, right] = [row * width + from, row * width + to];
      for (let i = Math.max(left, start); i < Math.min(right, last); i++)
        band[(i - left) * height + row] = part[i - start] as number;
    }
    start = last;
  }
  if (band) yield band;
}
