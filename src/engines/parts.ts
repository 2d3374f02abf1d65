import { inUnits, miscounted, type Parts, type TensorParts } from "../tensor/parts.ts";
import { arrayName, arrayOf, checkBlocks, holds, lengthOf } from "../tensor/storage/types.ts";
import type { DType, TypedArray } from "../tensor/tensor.ts";
import type { Device } from "./device.ts";
import { type IdRange, NO_IDS, rangeOf, union } from "./idFlow.ts";

/** Devices are written to from multiples of so many numbers on: a texel, a word of narrow ones. */
const UNIT = 64;

/** What a device holds when all parts are there. */
export interface Filled<Buffer> {
  readonly buffer: Buffer;
  /** Of ids. */
  readonly range: IdRange | undefined;
}

/**
 * Allocates a tensor on a device and fills it, part by part. After an error nothing is left of it.
 * @param closed the error to end with where the engine was closed meanwhile
 * @throws ShapeError for more or fewer numbers than announced, TypeError for other kinds of arrays
 */
export async function fill<Buffer>(
  device: Device<Buffer>,
  { shape, dtype, parts }: TensorParts,
  closed: () => Error | undefined,
): Promise<Filled<Buffer>> {
  const count = lengthOf(dtype, checkBlocks("putParts", dtype, shape));
  const buffer = device.allocate(shape, dtype);
  let filled = 0;
  let range = dtype === "int" ? NO_IDS : undefined;
  const check = (): void => {
    const error = closed();
    if (error) throw error;
  };
  try {
    for await (const part of inUnits(expectKind(parts(), dtype), UNIT, count)) {
      check();
      if (filled + part.length > count)
        throw miscounted("putParts", shape, dtype, filled + part.length);
      device.write(buffer, filled, part, dtype);
      if (range) range = union(range, rangeOf(part));
      filled += part.length;
      await device.written();
    }
    check();
    if (filled < count) throw miscounted("putParts", shape, dtype, filled);
    return { buffer, range };
  } catch (error) {
    // What a closed device held is gone with it.
    if (!closed()) device.free(buffer);
    throw error;
  }
}

/** The parts, as long as they are of the dtype's kind. @throws TypeError for the first that is not */
async function* expectKind(parts: Parts, dtype: DType): AsyncGenerator<TypedArray> {
  for await (const part of parts) {
    if (!holds(dtype, part))
      throw new TypeError(
        `putParts: expected each part to be ${arrayOf(dtype)}, got ${arrayName(part)}`,
      );
    yield part;
  }
}
